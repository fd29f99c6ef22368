"""The inspection finds problems that appear at one width in one theme only."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.journeys import measured
from tests.journeys.inspection import inspect
from tests.journeys.sights import Memory

PAGE = """<!doctype html><html lang="en"><title>A page</title><style>{style}</style>
<main><h1>A page</h1><p>Words to read</p>{more}</main></html>"""
UNREADABLE = "p { color: #777; background: #888; }"
GRAY = "p { color: #595959; }"


@pytest.mark.parametrize("width", ["max-width: 800px", "min-width: 801px"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_inspection_finds_colors_that_cannot_be_read(browser: Browser, width: str, theme: str) -> None:
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
def test_the_inspection_finds_a_button_without_a_name(browser: Browser, width: str) -> None:
    page = browser.new_page()
    style = f"button {{ display: none; }} @media ({width}) {{ button {{ display: block; }} }}"
    page.set_content(PAGE.format(style=style, more='<button type="button"></button>'))
    with pytest.raises(AssertionError, match="button-name"):
        inspect(page, "bad")
    page.close()


def test_the_inspection_finds_a_link_that_leads_nowhere(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content(PAGE.format(style="", more='<p id="there"><a href="#there">There</a></p>'))
    inspect(page, "good")
    page.set_content(PAGE.format(style="", more='<p><a href="#elsewhere">Elsewhere</a></p>'))
    with pytest.raises(AssertionError, match="elsewhere"):
        inspect(page, "bad")
    page.close()


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("", "main { background: #777; }"),  # below an element that paints nothing itself
        ("", "p { background: #777; }"),
        ("", "main { opacity: 0.4; }"),
        ("p { font-size: 30px; color: #888; }", "p { color: #888; }"),
    ],
)
def test_the_inspection_measures_a_known_color_on_another_ground(browser: Browser, good: str, bad: str) -> None:
    page = browser.new_page()
    for style in ("", good):
        page.set_content(PAGE.format(style=GRAY + style, more=""))
        inspect(page, "good")
    page.set_content(PAGE.format(style=GRAY + bad, more=""))
    with pytest.raises(AssertionError, match="color-contrast"):
        inspect(page, "bad")
    page.close()


def test_the_inspection_measures_a_button_that_was_disabled_before(browser: Browser) -> None:
    page = browser.new_page()
    button = '<button type="button" style="color: #aaa; background: #fff"{}>Send</button>'
    page.set_content(PAGE.format(style="", more=button.format(" disabled")))
    inspect(page, "good")
    page.set_content(PAGE.format(style="", more=button.format("")))
    with pytest.raises(AssertionError, match="color-contrast"):
        inspect(page, "bad")
    page.close()


def test_what_earlier_runs_measured_is_known_until_style_sheets_or_rules_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, none = tmp_path / "measured.txt", tmp_path / "none.txt"
    monkeypatch.setattr(measured, "SEEN", tmp_path / "looks")
    measured.keep(Memory(seen={"a", "b"}), "one")
    measured.keep(Memory(seen={"b", "c"}), "two")
    assert measured.remembered(none).known == {"a", "b", "c"}  # by this machine
    measured.write(file)
    monkeypatch.setattr(measured, "SEEN", tmp_path / "nowhere")
    assert measured.remembered(file).known == {"a", "b", "c"}  # by any
    assert measured.remembered(none).known == set()

    monkeypatch.setattr(measured, "SEEN", tmp_path / "looks")
    monkeypatch.setattr(measured, "grounds", lambda: "0" * 64)
    assert measured.remembered(file).known == set()


def test_the_inspection_finds_what_only_the_order_of_known_elements_makes_wrong(browser: Browser) -> None:
    page = browser.new_page()
    html = '<!doctype html><html lang="en"><title>{}</title><main><h1>A page</h1></main>{}</html>'
    footer = "<footer>Words</footer>"
    page.set_content(html.format("A page", footer))
    inspect(page, "good")
    page.set_content(html.format("A page", footer * 2))
    with pytest.raises(AssertionError, match="landmark-no-duplicate-contentinfo"):
        inspect(page, "bad")
    page.set_content(html.format("", footer))
    with pytest.raises(AssertionError, match="document-title"):
        inspect(page, "bad")
    page.close()
