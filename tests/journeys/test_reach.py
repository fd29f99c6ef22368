"""The walk over small screens finds controls that cannot be reached, and no others."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.journeys.reach import SCREENS, State, walk

PAGE = """<!doctype html><html lang="en"><title>A page</title><style>
  body { margin: 0; min-height: 4000px; } button { width: 60px; height: 60px; }
  .bar { position: fixed; inset: auto 0 0; height: 120px; background: silver; }
</style><main>%s</main></html>"""
GO = "<button>Go</button>"
BAR = '<div class="bar"></div>'
STILL = '<div style="height: 100px; overflow: hidden"><div style="height: 2000px"></div>%s</div>'
IN_REACH = {
    "in view": GO,
    "further down": f'<div style="height: 3000px"></div>{GO}',
    "under a bar until the page is scrolled": f'<div style="height: 780px"></div>{GO}{BAR}',
    "in a box that scrolls": STILL.replace("hidden", "auto") % GO,
    "the label of a small box": '<label style="font-size: 30px"><input type="checkbox"> I agree</label>',
}
OUT_OF_REACH = {
    "under a curtain": (f'{GO}<div style="position: fixed; inset: 0; background: silver"></div>', "Go lies under"),
    "at the foot of a page under a bar": (f'<div style="height: 3970px"></div>{GO}{BAR}', "Go lies under"),
    "in a box that only a script scrolls": (STILL % GO, "Go "),
    "beside the screen": ('<button style="position: fixed; left: -100px">Go</button>', "Go is out of reach"),
    "too small": ('<button style="width: 60px; height: 10px">Go</button>', "Go is only 60 x 10"),
    "not there": ("<p>Nothing to press</p>", "button is not there"),
    "wider than the page": ('<div style="width: 900px">A long line</div>' + GO, "the page is 900 px wide"),
}


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


def found(page: Page, body: str) -> list[str]:
    page.set_content(PAGE % body)
    wanted = () if "checkbox" in body else ("button",)
    return walk(page, "page", (State("plain", wanted=wanted, screens=SCREENS[:1]),))


@pytest.mark.parametrize("name", IN_REACH)
def test_what_a_person_can_bring_into_view_is_in_reach(page: Page, name: str) -> None:
    assert found(page, IN_REACH[name]) == []


@pytest.mark.parametrize("name", OUT_OF_REACH)
def test_what_cannot_be_reached_is_named_with_its_screen(page: Page, name: str) -> None:
    body, why = OUT_OF_REACH[name]
    [problem] = found(page, body)
    assert problem.startswith(f"page plain, 390 x 844: {why}")


def test_a_box_that_a_script_has_scrolled_is_put_back_first(page: Page) -> None:
    state = State("scrolled", "document.querySelector('main div').scrollTop = 2000;", screens=SCREENS[:1])
    page.set_content(PAGE % (STILL % GO))
    assert len(walk(page, "page", (state,))) == 1


def test_each_state_is_arranged_and_undone_on_each_of_its_screens(page: Page) -> None:
    page.set_content(PAGE % GO)
    page.evaluate("window.told = []")
    states = [
        State(name, f"told.push(`{name} ${{innerWidth}}`);", f"told.push('no {name}');", screens=SCREENS[first:3])
        for first, name in ((0, "here"), (2, "there"))
    ]
    assert walk(page, "page", states) == []
    assert page.evaluate("told") == [
        *("here 390", "no here", "here 390", "no here", "here 375", "no here", "there 375", "no there")
    ]
