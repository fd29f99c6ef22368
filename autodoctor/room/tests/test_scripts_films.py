"""Films that this browser cannot show, on a page with the light box, in a real browser."""

from pathlib import Path

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import Page, expect

from autodoctor.room.tests.exchange import Exchange
from autodoctor.room.tests.test_scripts_files import LOOK, STYLE


@pytest.mark.parametrize("film", ["hevc-silent.mp4", "hevc-sound.mp4"])
@pytest.mark.parametrize("when", ["before the script", "after it"])
def test_film_in_hevc_on_the_page_is_a_download(page: Page, exchange: Exchange, film: str, when: str) -> None:
    """As a phone records it: this browser reads the sound, or nothing. The page may fail before its script runs."""
    content = (Path(__file__).parent / "films" / film).read_bytes()
    page.route("**/films/**", lambda route: route.fulfill(content_type="video/mp4", body=content))
    shown = "<video src=/films/1/ preload=metadata></video>"
    exchange.body = f"{STYLE}<main>{shown}</main>{render_to_string('room/parts/light_box.html')}"
    page.goto(f"http://localhost:{exchange.port}/page")
    if when == "before the script":
        page.wait_for_function("film => film.error || film.readyState", arg=page.locator("main video").element_handle())
        page.evaluate(LOOK)
    else:
        page.evaluate(LOOK)
        page.evaluate("shown => { document.querySelector('main').innerHTML = shown; }", shown)
    expect(page.get_by_role("main")).to_contain_text("This browser cannot show this video.")
    link = page.get_by_role("link", name="Download it")
    expect(link).to_have_attribute("href", f"http://localhost:{exchange.port}/films/1/?download=1")
    expect(page.locator("main video")).to_have_count(0)
