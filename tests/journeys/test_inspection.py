"""The inspection finds problems that appear at one width in one theme only."""

import pytest
from playwright.sync_api import Browser

from tests.journeys.inspection import inspect

PAGE = """<!doctype html><html lang="en"><title>A page</title><style>{style}</style>
<main><h1>A page</h1><p>Words to read</p>{more}</main></html>"""
UNREADABLE = "p { color: #777; background: #888; }"


@pytest.mark.parametrize("width", ["max-width: 800px", "min-width: 801px"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colors_that_cannot_be_read(browser: Browser, width: str, theme: str) -> None:
    page = browser.new_page()
    page.set_content(PAGE.format(style="", more=""))
    inspect(page, "good")
    page.set_content(
        PAGE.format(style=f"@media ({width}) and (prefers-color-scheme: {theme}) {{{UNREADABLE}}}", more="")
    )
    with pytest.raises(AssertionError, match="color-contrast"):
        inspect(page, "bad")
    page.close()


@pytest.mark.parametrize("width", ["max-width: 800px", "min-width: 801px"])
def test_a_button_without_a_name(browser: Browser, width: str) -> None:
    page = browser.new_page()
    style = f"button {{ display: none; }} @media ({width}) {{ button {{ display: block; }} }}"
    page.set_content(PAGE.format(style=style, more='<button type="button"></button>'))
    with pytest.raises(AssertionError, match="button-name"):
        inspect(page, "bad")
    page.close()
