"""The chat with the page's own markup, in a real browser."""

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import Locator, Page, expect

from autodoctor.room.pages.timeline import LINES, LINES_ABOUT_YOU
from autodoctor.room.tests.exchange import Exchange, Line, call

ME = {"id": "me", "role": "customer", "name": "Casey"}
MORGAN = {"id": "m", "role": "mechanic", "name": "Morgan"}
CALM = {"ping": 60_000}  # milliseconds: these tests keep one connection, however slow the machine
STYLE = (
    "<style>.chat { height: 200px; overflow-y: auto } .bubble { min-height: 60px } [hidden] { display: none }</style>"
)
FOLLOW = """async () => {
  const { ChatLog } = await import("room/chat/chat-log");
  customElements.define("chat-log", ChatLog);
  const chat = document.querySelector("chat-log");
  chat.follow(channel, { me: "me", keepAs: "draft" });
  chat.phase = "open";
}"""


def chat_markup() -> str:
    """Return the chat's markup for a customer, without messages."""
    session = SimpleNamespace(id=uuid4())
    lines = [*LINES, *(f"{kind}:you" for kind in LINES_ABOUT_YOU)]
    chat = SimpleNamespace(entries=[], lines=lines, file_kinds=["image", "audio", "pdf"])
    page = SimpleNamespace(session=session, role="customer", takes_part=True, chat=chat)
    return STYLE + render_to_string("room/parts/chat.html", {"page": page})


@pytest.fixture
def chat(page: Page, exchange: Exchange) -> Page:
    """A page with the chat in it, connected; `line(exchange)` is the other end."""
    exchange.body = chat_markup()
    page.goto(f"http://localhost:{exchange.port}/page")
    call(page, timing=CALM)
    page.evaluate(FOLLOW)
    return page


@pytest.fixture
def line(chat: Page, exchange: Exchange) -> Line:
    answered = exchange.answers().welcomes()
    chat.wait_for_function("channel.status.state === 'open'")
    return answered


def field(chat: Page) -> Locator:
    return chat.get_by_label("Message", exact=True)


def bubbles(chat: Page) -> Locator:
    return chat.locator(".bubble")


def confirm(line: Line, frame: dict[str, Any], seq: int) -> None:
    line.tells(seq, by=ME, client_id=frame["client_id"], data={"text": frame["text"]})


def test_enter_sends_and_shift_enter_breaks_the_line(chat: Page, line: Line) -> None:
    field(chat).press_sequentially("It rattles")
    field(chat).press("Shift+Enter")
    field(chat).press_sequentially("when cold")
    field(chat).press("Enter")
    sent = line.hears("message")
    assert sent["text"] == "It rattles\nwhen cold"
    expect(field(chat)).to_have_value("")
    expect(bubbles(chat)).to_have_attribute("data-delivery", "sending")
    confirm(line, sent, 1)
    expect(bubbles(chat)).to_have_attribute("data-delivery", "sent")


def test_nothing_but_blanks_is_not_sent(chat: Page, line: Line) -> None:
    field(chat).fill("  \n ")
    field(chat).press("Enter")
    field(chat).fill("words")
    field(chat).press("Enter")
    assert line.hears("message")["text"] == "words"


def test_a_draft_outlives_a_reload(chat: Page, line: Line) -> None:
    field(chat).press_sequentially("half a sent")
    chat.reload()
    call(chat, timing=CALM)
    chat.evaluate(FOLLOW)
    expect(field(chat)).to_have_value("half a sent")


def test_a_message_being_sent_stays_below_the_log(chat: Page, line: Line) -> None:
    field(chat).fill("mine")
    field(chat).press("Enter")
    sent = line.hears("message")
    line.tells(1, by=MORGAN, data={"text": "theirs"})
    expect(chat.locator(".bubble [data-slot=text]")).to_have_text(["theirs", "mine"])
    confirm(line, sent, 2)
    line.tells(3, by=MORGAN, data={"text": "later"})
    expect(chat.locator(".bubble [data-slot=text]")).to_have_text(["theirs", "mine", "later"])


def test_a_refused_message_says_why_and_can_be_tried_again_or_dropped(chat: Page, line: Line) -> None:
    field(chat).fill("mine")
    field(chat).press("Enter")
    sent = line.hears("message")
    line.says(type="error", client_id=sent["client_id"], code="invalid_frame", detail="That was not understood.")
    expect(bubbles(chat)).to_contain_text("That was not understood.")
    chat.get_by_role("button", name="Try again").click()
    assert line.hears("message") == sent
    line.says(type="error", client_id=sent["client_id"], code="invalid_frame", detail="That was not understood.")
    chat.get_by_role("button", name="Delete").click()
    expect(bubbles(chat)).to_have_count(0)


def test_too_long_a_text_is_kept_and_counted(chat: Page, line: Line) -> None:
    field(chat).fill("🚗" * 4_000)
    expect(chat.get_by_text("4,000 / 4,000")).to_be_visible()
    expect(chat.get_by_role("button", name="Send")).to_be_enabled()
    field(chat).fill("🚗" * 4_001)
    expect(chat.get_by_text("This message is too long. Send it in several parts.")).to_be_visible()
    expect(chat.get_by_role("button", name="Send")).to_be_disabled()
    field(chat).press("Enter")
    expect(field(chat)).to_have_value("🚗" * 4_001)


def test_new_messages_do_not_scroll_a_reader_further_up(chat: Page, line: Line) -> None:
    for seq in range(1, 9):
        line.tells(seq, by=MORGAN)
    expect(bubbles(chat)).to_have_count(8)
    scroller = chat.locator("[data-scroller]")
    scroller.evaluate("element => { element.scrollTop = 0 }")
    line.tells(9, by=MORGAN)
    line.tells(10, by=MORGAN)
    jump = chat.get_by_role("button", name="2 new")
    expect(jump).to_be_visible()
    assert scroller.evaluate("element => element.scrollTop") == 0
    expect(chat.locator(".chat__unread + .bubble")).to_contain_text("no 9")
    jump.click()
    expect(jump).to_be_hidden()
    expect(bubbles(chat).last).to_be_in_viewport()


def test_typing_shows_until_the_words_come(chat: Page, line: Line) -> None:
    line.says(type="typing", role="mechanic")
    expect(chat.locator("[data-typing=mechanic]")).to_be_visible()
    line.says(type="typing", role="customer")  # from another page of one's own
    line.tells(1, by=MORGAN)
    expect(chat.locator("[data-typing=mechanic]")).to_be_hidden()
    expect(chat.locator("[data-typing=customer]")).to_be_hidden()


def test_ones_own_typing_is_told_now_and_then(chat: Page, line: Line) -> None:
    field(chat).press_sequentially("it rattles")
    line.hears("typing")
    field(chat).press("Enter")
    assert line.hears("message")["text"] == "it rattles"
    assert line.heard("typing") == 0


def test_lines_tell_what_happened_and_to_whom(chat: Page, line: Line) -> None:
    line.tells(1, "participant.joined", by=ME, data={})
    line.tells(2, "participant.joined", by=MORGAN, data={})
    line.tells(3, "session.warned", data={"session": {"ends_at": "2026-03-02T12:05:00.000Z"}})
    line.tells(4, "payment.captured", data={})
    line.tells(5, "session.ended", by=MORGAN, data={})
    notes = chat.locator(".chat__note[data-seq] > span:first-child")
    expect(notes).to_have_text(["You joined", "Morgan joined", "5 minutes left", "The session is over"])


def test_after_the_end_what_was_not_sent_can_still_be_read(chat: Page, line: Line) -> None:
    field(chat).press_sequentially("too late")
    chat.evaluate("document.querySelector('chat-log').phase = 'over'")
    expect(field(chat)).to_have_value("too late")
    expect(field(chat)).not_to_be_editable()
    expect(chat.get_by_role("button", name="Send")).to_be_disabled()
    chat.evaluate("document.querySelector('chat-log').phase = 'open'")
    field(chat).fill("")
    chat.evaluate("document.querySelector('chat-log').phase = 'over'")
    expect(field(chat)).to_be_hidden()


def test_names_and_words_are_inert(chat: Page, line: Line) -> None:
    evil = "<img src=x onerror=alert(1)>"
    line.tells(1, by=MORGAN | {"name": evil}, data={"text": evil})
    line.tells(2, "participant.joined", by=MORGAN | {"name": evil}, data={})
    expect(chat.locator(".bubble [data-slot=text]")).to_have_text(evil)
    expect(chat.locator("[role=log] img")).to_have_count(0)


FILE = {"id": "f1", "name": "Engine bay.jpg", "kind": "image", "size": 1536, "width": 640, "height": 480}


def test_a_shared_picture_has_its_place_before_it_comes(chat: Page, line: Line) -> None:
    line.tells(1, "file.shared", by=MORGAN, data={"file": FILE})
    picture = bubbles(chat).locator("img")
    folder = chat.locator("chat-log").get_attribute("data-files")
    expect(picture).to_have_attribute("src", f"{folder}f1/thumbnail/")
    expect(picture).to_have_attribute("width", "640")
    expect(picture).to_have_attribute("alt", "Engine bay.jpg")
    expect(bubbles(chat).locator("[data-view=image]")).to_have_attribute("href", f"{folder}f1/")
    expect(bubbles(chat)).to_contain_text("1.5 kB")


def test_a_sound_and_a_paper_have_their_own_looks(chat: Page, line: Line) -> None:
    line.tells(1, "file.shared", by=ME, data={"file": FILE | {"kind": "audio", "name": "idle.wav", "width": None}})
    line.tells(2, "file.shared", by=ME, data={"file": FILE | {"id": "f2", "kind": "pdf", "name": "bill.pdf"}})
    folder = chat.locator("chat-log").get_attribute("data-files")
    expect(bubbles(chat).first.locator("audio")).to_have_attribute("src", f"{folder}f1/")
    expect(bubbles(chat).last.get_by_role("link")).to_have_attribute("href", f"{folder}f2/?download=1")


def test_a_removed_file_disappears_and_is_announced(chat: Page, line: Line) -> None:
    line.tells(1, "file.shared", by=MORGAN, data={"file": FILE})
    line.tells(2, "file.removed", by=MORGAN, data={"file": FILE})
    expect(bubbles(chat)).to_contain_text("Removed")
    expect(bubbles(chat).locator("img, a")).to_have_count(0)
    expect(chat.get_by_text("Morgan removed a file")).to_be_visible()


def test_names_of_files_are_inert(chat: Page, line: Line) -> None:
    evil = '"><img src=x onerror=alert(1)>'
    line.tells(1, "file.shared", by=MORGAN, data={"file": FILE | {"name": evil}})
    expect(bubbles(chat).locator("[data-slot=name]")).to_have_text(evil)
    expect(bubbles(chat).locator("img")).to_have_count(1)
    expect(bubbles(chat).locator("img")).to_have_attribute("alt", evil)


START = """async () => {
  const { EndedCountdown } = await import("room/clock/ended-countdown");
  customElements.define("ended-countdown", EndedCountdown);
  document.querySelector("ended-countdown").start();
}"""


def test_the_ended_view_leads_on_by_itself(page: Page, exchange: Exchange) -> None:
    exchange.body = render_to_string("room/parts/leaving.html")
    page.clock.install()
    page.goto(f"http://localhost:{exchange.port}/page")
    page.evaluate(START)
    expect(page.locator("ended-countdown [data-slot=left]")).to_have_text("10")
    page.clock.run_for(9_000)
    assert page.url.endswith("/page")
    page.clock.run_for(1_500)
    page.wait_for_url("**/dashboard/")


def test_the_ended_view_can_be_stayed_on(page: Page, exchange: Exchange) -> None:
    exchange.body = render_to_string("room/parts/leaving.html")
    page.clock.install()
    page.goto(f"http://localhost:{exchange.port}/page")
    page.evaluate(START)
    page.get_by_role("button", name="Stay here").click()
    expect(page.get_by_role("button", name="Stay here")).to_be_hidden()
    page.clock.run_for(60_000)
    assert page.url.endswith("/page")


def test_the_mechanic_is_called_while_somebody_waits_for_the_start(page: Page, exchange: Exchange) -> None:
    exchange.body = "<button>Join Session</button>"
    page.clock.install(time="2026-03-02T12:00:00Z")
    page.goto(f"http://localhost:{exchange.port}/page")
    page.get_by_role("button").click()  # browsers let a page sound once it was touched
    page.evaluate("""async () => {
        window.tones = 0;
        window.OscillatorNode = class {
            constructor() { tones += 1 }
            connect(next) { return next }
            start() {}
            stop() {}
        };
        const { WaitingSound } = await import("room/clock/waiting-sound");
        customElements.define("waiting-sound", WaitingSound);
        const sound = document.createElement("waiting-sound");
        sound.dataset.from = "2026-03-02T12:01:00Z";
        document.body.append(sound);
    }""")
    page.clock.run_for(55_000)
    assert page.evaluate("tones") == 0
    page.clock.run_for(6_000)
    page.wait_for_function("tones === 3")
    page.clock.run_for(15_000)
    page.wait_for_function("tones === 6")
    page.evaluate("document.querySelector('waiting-sound').remove()")
    page.clock.run_for(60_000)
    assert page.evaluate("tones") == 6
