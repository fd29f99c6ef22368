"""Refreshed regions keep what a person is doing in them."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from autodoctor.room.tests.exchange import Exchange

Show = Callable[..., Page]
WORDS = """<template data-dialog="outdated">Not possible any more.</template>
<template data-dialog="changed">It changed.</template>"""
START = """async () => {
  const { LiveRegions } = await import("lib/live-regions");
  window.regions = new LiveRegions(document.body, { address: () => "" });
}"""


def region(name: str, content: str) -> str:
    return f'<div id="{name}" data-region>{content}</div>'


def dialog(words: str, button: str = "Stop") -> str:
    return region(
        "dialogs",
        f"""<button command="show-modal" commandfor="ask">Ask</button>
        <dialog id="ask"><h2>{words}</h2><label>Why? <select><option>Late</option><option>Rude</option></select></label>
        <div class="dialog__actions"><button command="close" commandfor="ask">Keep waiting</button>
        <button formaction="/stop">{button}</button></div></dialog>""",
    )


def panel(title: str, content: str = "") -> str:
    return region("panel", f'<h2 id="panel-title" tabindex="-1">{title}</h2>{content}')


def renew(page: Page, markup: str) -> None:
    page.evaluate("markup => regions.swap(markup)", markup)


@pytest.fixture
def show(page: Page, exchange: Exchange) -> Show:
    """A page of these regions; `before` is done to it before its scripts have loaded."""

    def open_page(*regions: str, before: Callable[[Page], None] | None = None) -> Page:
        exchange.body = "".join(regions) + WORDS
        page.goto(f"http://localhost:{exchange.port}/page")
        if before:
            before(page)
        page.evaluate(START)
        return page

    return open_page


def ask(page: Page) -> None:
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def test_a_dialog_that_was_opened_before_the_scripts_came_stays(show: Show) -> None:
    page = show(dialog("Sure?"), panel("Accepted"), before=ask)
    renew(page, dialog("Sure?") + panel("Waiting"))
    expect(page.get_by_role("dialog").get_by_role("button", name="Stop")).to_be_visible()
    expect(page.get_by_text("It changed.")).to_have_count(0)
    expect(page.locator("#panel")).to_have_text("Waiting")


def test_an_open_dialog_says_that_its_words_are_others_now(show: Show) -> None:
    page = show(dialog("It costs nothing"))
    ask(page)
    page.get_by_label("Why?").select_option("Rude")
    renew(page, dialog("It costs $5", "Stop and pay $5"))
    open_dialog = page.get_by_role("dialog")
    expect(open_dialog.get_by_role("heading")).to_have_text("It costs $5")
    expect(open_dialog.get_by_role("status")).to_have_text("It changed.")
    expect(open_dialog.get_by_role("button", name="Stop and pay $5")).to_be_visible()
    expect(page.get_by_label("Why?")).to_have_value("Rude")
    assert page.evaluate("document.activeElement.localName") == "select"


def test_an_open_dialog_about_what_is_not_possible_any_more_says_so(show: Show) -> None:
    page = show(dialog("Sure?"))
    ask(page)
    page.get_by_role("button", name="Stop").focus()
    renew(page, region("dialogs", ""))
    open_dialog = page.get_by_role("dialog")
    expect(open_dialog.get_by_role("status")).to_have_text("Not possible any more.")
    expect(open_dialog.get_by_role("button", name="Stop")).to_be_disabled()
    assert page.evaluate("document.activeElement.closest('dialog').id") == "ask"
    open_dialog.get_by_role("button", name="Keep waiting").click()
    expect(page.locator("dialog")).to_have_count(0)


def test_a_dialog_whose_act_is_possible_again_can_be_used(show: Show) -> None:
    page = show(dialog("Sure?"))
    ask(page)
    renew(page, region("dialogs", ""))
    renew(page, dialog("Sure?"))
    expect(page.get_by_role("dialog").get_by_role("button", name="Stop")).to_be_enabled()
    expect(page.get_by_text("Not possible any more.")).to_have_count(0)
    page.keyboard.press("Escape")
    ask(page)


def test_a_question_just_answered_is_not_called_impossible(show: Show) -> None:
    page = show(dialog("Sure?"))
    ask(page)
    page.evaluate("document.querySelector('[formaction]').ariaBusy = 'true'")  # as if its answer were pending
    renew(page, region("dialogs", ""))
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.get_by_text("Not possible any more.")).to_have_count(0)
    page.evaluate("document.querySelector('dialog').close()")
    expect(page.locator("dialog")).to_have_count(0)


def test_typed_chosen_and_opened_parts_stay(show: Show) -> None:
    rating = """<label><input type="radio" name="stars" value="{0}"> Fair</label>
        <label>A line <input name="line"></label>
        <details><summary>More</summary>Words</details>"""
    page = show(panel("Over", "<p>We are notifying your bank.</p>" + rating.format(3)))
    page.get_by_label("Fair").check()
    page.get_by_label("A line").fill("Half a sent")
    page.get_by_text("More").click()
    page.get_by_label("A line").focus()
    renew(page, panel("Over", rating.format(3)))
    expect(page.get_by_text("We are notifying your bank.")).to_have_count(0)
    expect(page.get_by_label("Fair")).to_be_checked()
    expect(page.get_by_text("Words")).to_be_visible()
    page.keyboard.type("ence")
    expect(page.get_by_label("A line")).to_have_value("Half a sentence")


def test_the_focus_stays_or_goes_to_what_is_new(show: Show) -> None:
    page = show(panel("Live", '<button id="go">Go</button>'))
    page.get_by_role("button", name="Go").focus()
    renew(page, panel("Still live", '<p>News</p><button id="go">Go</button>'))
    expect(page.get_by_role("button", name="Go")).to_be_focused()
    renew(page, panel("Nearly over"))
    expect(page.get_by_role("heading", name="Nearly over")).to_be_focused()


def test_in_a_list_each_keeps_what_is_its_own(show: Show) -> None:
    row = '<li><a href="/{0}">{0}</a><button formaction="/accept/{0}">Accept {0}</button></li>'
    page = show(region("list", f"<ul>{row.format('one')}{row.format('two')}</ul>"))
    page.get_by_role("link", name="two").focus()
    page.evaluate("document.querySelector('[formaction$=one]').ariaBusy = 'true'")
    renew(page, region("list", f"<ul>{row.format('new')}{row.format('two')}</ul>"))
    expect(page.get_by_role("link", name="two")).to_be_focused()
    expect(page.locator("li a")).to_have_text(["new", "two"])
    expect(page.locator("[aria-busy]")).to_have_count(0)


def test_playing_media_in_a_list_continue(show: Show) -> None:
    sound = '<li data-keep="a"><audio controls></audio>{}</li>'
    page = show(region("list", f"<ul>{sound.format('<button>Remove</button>')}</ul>"))
    page.evaluate("window.sound = document.querySelector('audio')")
    renew(page, region("list", f'<ul><li data-keep="b">New</li>{sound.format("")}</ul>'))
    expect(page.locator("li")).to_have_text(["New", ""])
    assert page.evaluate("sound === document.querySelector('audio')")
    renew(page, region("list", '<ul><li data-keep="a">Changed</li></ul>'))
    expect(page.locator("li")).to_have_text(["Changed"])
    expect(page.locator("audio")).to_have_count(0)


def test_content_filled_by_a_script_stays(show: Show) -> None:
    page = show(region("list", '<p>One</p><ul data-uploads=""></ul><x-clock data-at="1">1:00</x-clock>'))
    page.evaluate(
        "document.querySelector('ul').append('a.png'); document.querySelector('x-clock').textContent = '0:59'"
    )
    renew(page, region("list", '<p>Two</p><ul data-uploads=""></ul><x-clock data-at="1">1:00</x-clock>'))
    expect(page.locator("#list")).to_have_text("Twoa.png0:59")
    renew(page, region("list", '<p>Two</p><ul data-uploads=""></ul><x-clock data-at="2">2:00</x-clock>'))
    expect(page.locator("#list")).to_have_text("Twoa.png2:00")


LISTEN = """async () => {
  const { LiveRegions } = await import("lib/live-regions");
  window.told = [];
  window.regions = new LiveRegions(document.body, {
    address: () => "/panel-now", shown: (hasChanged) => told.push(hasChanged), gone: () => told.push("gone"),
  });
}"""


def test_what_the_server_renders_now_is_shown_and_told(show: Show) -> None:
    page = show(panel("Waiting"))
    page.evaluate(LISTEN)
    page.route("**/panel-now", lambda route: route.fulfill(content_type="text/html", body=panel("Live")))
    page.evaluate("async () => { await regions.refresh(); await regions.refresh(); }")
    assert page.evaluate("told") == [True, False]
    expect(page.get_by_role("heading", name="Live")).to_be_visible()


def test_a_page_that_leads_nowhere_any_more_is_told(show: Show) -> None:
    page = show(panel("Waiting"))
    page.evaluate(LISTEN)
    page.route("**/panel-now", lambda route: route.fulfill(status=404))
    page.evaluate("regions.refresh()")
    assert page.evaluate("told") == ["gone"]
    expect(page.get_by_role("heading", name="Waiting")).to_be_visible()


def test_what_arrives_after_the_page_has_let_go_is_not_shown(show: Show) -> None:
    page = show(panel("Waiting"))
    page.evaluate(LISTEN)
    page.route("**/panel-now", lambda route: route.fulfill(content_type="text/html", body=panel("Live")))
    page.evaluate("() => { const asked = regions.refresh(); regions.stop(); return asked; }")
    assert page.evaluate("told") == []
    expect(page.get_by_role("heading", name="Waiting")).to_be_visible()
