"""Refreshed regions keep what a person is doing in them."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

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


def test_an_open_dialog_says_that_its_words_have_changed(show: Show) -> None:
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


def test_an_open_dialog_says_that_its_act_is_no_longer_possible(show: Show) -> None:
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


def test_a_dialog_being_answered_is_not_called_impossible(show: Show) -> None:
    page = show(dialog("Sure?"))
    ask(page)
    page.evaluate("document.querySelector('[formaction]').ariaBusy = 'true'")  # as if its answer were pending
    renew(page, region("dialogs", ""))
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.get_by_text("Not possible any more.")).to_have_count(0)
    page.evaluate("document.querySelector('dialog').close()")
    expect(page.locator("dialog")).to_have_count(0)


def test_typed_chosen_and_opened_parts_of_a_region_survive_its_update(show: Show) -> None:
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


def test_the_focus_stays_in_an_updated_region_or_moves_to_its_new_part(show: Show) -> None:
    page = show(panel("Live", '<button id="go">Go</button>'))
    page.get_by_role("button", name="Go").focus()
    renew(page, panel("Still live", '<p>News</p><button id="go">Go</button>'))
    expect(page.get_by_role("button", name="Go")).to_be_focused()
    renew(page, panel("Nearly over"))
    expect(page.get_by_role("heading", name="Nearly over")).to_be_focused()


def test_rows_of_an_updated_list_keep_their_own_focus_and_state(show: Show) -> None:
    row = '<li><a href="/{0}">{0}</a><button formaction="/accept/{0}">Accept {0}</button></li>'
    page = show(region("list", f"<ul>{row.format('one')}{row.format('two')}</ul>"))
    page.get_by_role("link", name="two").focus()
    page.evaluate("document.querySelector('[formaction$=one]').ariaBusy = 'true'")
    renew(page, region("list", f"<ul>{row.format('new')}{row.format('two')}</ul>"))
    expect(page.get_by_role("link", name="two")).to_be_focused()
    expect(page.locator("li a")).to_have_text(["new", "two"])
    expect(page.locator("[aria-busy]")).to_have_count(0)


def test_playing_media_in_an_updated_list_continue(show: Show) -> None:
    sound = '<li data-keep="a"><audio controls></audio>{}</li>'
    page = show(region("list", f"<ul>{sound.format('<button>Remove</button>')}</ul>"))
    page.evaluate("window.sound = document.querySelector('audio')")
    renew(page, region("list", f'<ul><li data-keep="b">New</li>{sound.format("")}</ul>'))
    expect(page.locator("li")).to_have_text(["New", ""])
    assert page.evaluate("sound === document.querySelector('audio')")
    renew(page, region("list", '<ul><li data-keep="a">Changed</li></ul>'))
    expect(page.locator("li")).to_have_text(["Changed"])
    expect(page.locator("audio")).to_have_count(0)


def test_content_filled_by_a_script_survives_an_update_of_its_region(show: Show) -> None:
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


def test_a_refreshed_region_shows_what_the_server_renders_and_announces_it(show: Show) -> None:
    page = show(panel("Waiting"))
    page.evaluate(LISTEN)
    page.route("**/panel-now", lambda route: route.fulfill(content_type="text/html", body=panel("Live")))
    page.evaluate("async () => { await regions.refresh(); await regions.refresh(); }")
    assert page.evaluate("told") == [True, False]
    expect(page.get_by_role("heading", name="Live")).to_be_visible()


def test_a_region_whose_page_is_gone_announces_it_and_stays(show: Show) -> None:
    page = show(panel("Waiting"))
    page.evaluate(LISTEN)
    page.route("**/panel-now", lambda route: route.fulfill(status=404))
    page.evaluate("regions.refresh()")
    assert page.evaluate("told") == ["gone"]
    expect(page.get_by_role("heading", name="Waiting")).to_be_visible()


def test_a_region_answer_that_arrives_after_stopping_is_not_shown(show: Show) -> None:
    page = show(panel("Waiting"))
    page.evaluate(LISTEN)
    page.route("**/panel-now", lambda route: route.fulfill(content_type="text/html", body=panel("Live")))
    page.evaluate("() => { const asked = regions.refresh(); regions.stop(); return asked; }")
    assert page.evaluate("told") == []
    expect(page.get_by_role("heading", name="Waiting")).to_be_visible()


@pytest.mark.parametrize("event", ["{ button: 2 }", "{ button: 0, isPrimary: false }"], ids=["right", "second finger"])
def test_only_a_press_of_the_main_button_holds_back_an_update(show: Show, event: str) -> None:
    page = show(panel("Waiting"))
    page.evaluate(LISTEN)
    page.route("**/panel-now", lambda route: route.fulfill(content_type="text/html", body=panel("Live")))
    page.evaluate(f"document.body.dispatchEvent(new PointerEvent('pointerdown', {{ isPrimary: true, ...{event} }}))")
    page.evaluate("regions.refresh()")
    expect(page.get_by_role("heading", name="Live")).to_be_visible()


def stop_time(page: Page) -> None:
    """The page's time moves only when the test says so."""
    page.clock.install(time=0)
    page.clock.pause_at(1)


def updated_during_a_tap(show: Show) -> Page:
    page = show(panel("Waiting"))
    page.evaluate(LISTEN)
    page.route("**/panel-now", lambda route: route.fulfill(content_type="text/html", body=panel("Live")))
    stop_time(page)
    page.evaluate("document.body.dispatchEvent(new PointerEvent('pointerdown', { isPrimary: true }))")
    page.evaluate("() => void regions.refresh()")
    return page


@pytest.mark.parametrize("ends", ["pointerup", "pointercancel", "contextmenu", "blur"])
def test_an_update_during_a_tap_is_shown_after_it(show: Show, ends: str) -> None:
    page = updated_during_a_tap(show)
    page.clock.run_for(1_000)
    expect(page.get_by_role("heading", name="Waiting")).to_be_visible()
    page.evaluate(f"dispatchEvent(new Event('{ends}'))")
    page.clock.run_for(100)
    expect(page.get_by_role("heading", name="Live")).to_be_visible()


def test_a_tap_without_an_end_holds_back_an_update_for_a_moment_only(show: Show) -> None:
    page = updated_during_a_tap(show)
    page.clock.run_for(2_000)
    expect(page.get_by_role("heading", name="Live")).to_be_visible()


# The first three requests wait for 20 ms only.
HURRY = """() => {
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  let asked = 0;
  AbortSignal.timeout = (ms) => {
    if (++asked > 3) return timeout(ms);
    const late = new AbortController();
    setTimeout(() => late.abort(), 20);
    return late.signal;
  };
}"""


def test_a_region_request_that_hangs_is_sent_again(show: Show) -> None:
    page = show(panel("Waiting"))
    page.evaluate(HURRY)
    page.evaluate(LISTEN)
    hung: list[Route] = []

    def answer(route: Route) -> None:
        if len(hung) < 3:
            hung.append(route)  # and never says a word
        else:
            route.fulfill(content_type="text/html", body=panel("Live"))

    page.route("**/panel-now", answer)
    page.evaluate("() => void regions.refresh()")
    expect(page.get_by_role("heading", name="Live")).to_be_visible()


# A second takes a hundredth here: the limit is 40 ms, and every answer comes after 100 ms.
SLOW_LINE = """(markup) => {
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  AbortSignal.timeout = (ms) => timeout(ms / 100);
  window.fetch = (_, { signal }) => new Promise((resolve, reject) => {
    const answer = setTimeout(() => resolve(new Response(markup)), 100);
    signal.addEventListener("abort", () => {
      clearTimeout(answer);
      reject(signal.reason);
    });
  });
}"""


def test_a_line_on_which_every_answer_is_slower_than_the_limit_shows_what_happened(show: Show) -> None:
    page = show(panel("Waiting"))
    page.evaluate(SLOW_LINE, panel("The time is up"))
    page.evaluate("() => { regions.refresh(); }")
    expect(page.locator("#panel")).to_have_text("The time is up")
