"""The chat with the page's own markup, in a real browser."""

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from autodoctor.room.tests.chat_page import CALM, FOLLOW, ME, MORGAN, SASHA, bubbles, chat, field, line
from autodoctor.room.tests.exchange import Line, call

__all__ = ["chat", "line"]


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


def test_a_message_of_blanks_is_not_sent(chat: Page, line: Line) -> None:
    for nothing in ["  \n ", "\u200b\u2060", "\u2800", "\u3164"]:
        field(chat).fill(nothing)
        field(chat).press("Enter")
    field(chat).fill("  \n ")
    field(chat).press("Enter")
    field(chat).fill("words")
    field(chat).press("Enter")
    assert line.hears("message")["text"] == "words"


def test_a_typed_message_outlives_a_reload(chat: Page, line: Line) -> None:
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


def test_a_message_that_is_too_long_is_kept_and_its_length_shown(chat: Page, line: Line) -> None:
    field(chat).fill("🚗" * 4_000)
    expect(chat.get_by_text("4,000 / 4,000")).to_be_visible()
    expect(chat.get_by_role("button", name="Send")).to_be_enabled()
    field(chat).fill("🚗" * 4_001)
    expect(chat.get_by_text("This message is too long. Send it in several parts.")).to_be_visible()
    expect(chat.get_by_role("button", name="Send")).to_be_disabled()
    field(chat).press("Enter")
    expect(field(chat)).to_have_value("🚗" * 4_001)


def fill(chat: Page, line: Line) -> None:
    for seq in range(1, 9):
        line.tells(seq, by=MORGAN)
    expect(bubbles(chat)).to_have_count(8)


def test_new_messages_do_not_scroll_a_reader_further_up(chat: Page, line: Line) -> None:
    fill(chat, line)
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


# The browser tells of the scroll only afterwards.
SCROLL_AND_HEAR = """(detail) => {
  document.querySelector("[data-scroller]").scrollTop = 0;
  channel.dispatchEvent(new CustomEvent("event", { detail }));
  return document.querySelector("[data-scroller]").scrollTop;
}"""


def test_a_message_in_the_moment_of_scrolling_up_does_not_scroll_back(chat: Page, line: Line) -> None:
    fill(chat, line)
    event = {"type": "event", "seq": 9, "kind": "message.posted", "at": line.now, "by": MORGAN, "data": {"text": "!"}}
    assert chat.evaluate(SCROLL_AND_HEAR, event) == 0
    expect(chat.get_by_role("button", name="1 new")).to_be_visible()


def scroll_up(chat: Page) -> Locator:
    scroller = chat.locator("[data-scroller]")
    scroller.evaluate("element => { element.scrollTop = 0 }")
    chat.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")
    return scroller


def test_no_change_below_scrolls_a_reader_further_up(chat: Page, line: Line) -> None:
    fill(chat, line)
    scroller = scroll_up(chat)
    chat.evaluate("document.querySelector('[data-scroller]').style.height = '120px'")  # a keyboard, a longer draft
    line.tells(9, "file.shared", by=ME, data={"file": FILE})
    line.tells(10, "participant.left", by=MORGAN, data={})
    line.says(type="typing", role="mechanic")
    expect(chat.locator("[data-typing=mechanic]")).to_be_visible()
    chat.evaluate("document.querySelector('chat-log').settle()")  # as after a reconnect
    chat.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")
    assert scroller.evaluate("element => element.scrollTop") == 0
    chat.evaluate("document.querySelector('chat-log').hidden = true")  # folded away, and back
    chat.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")
    chat.evaluate("document.querySelector('chat-log').hidden = false")
    chat.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")
    assert scroller.evaluate("element => element.scrollTop") == 0


def test_the_end_of_the_log_stays_in_view_of_a_reader_at_the_end(chat: Page, line: Line) -> None:
    for seq in range(1, 9):
        line.tells(seq, by=MORGAN)
    expect(bubbles(chat).last).to_be_in_viewport()
    chat.evaluate("document.querySelector('[data-scroller]').style.height = '90px'")
    left = "() => { const { scrollHeight, scrollTop, clientHeight } = document.querySelector('[data-scroller]');"
    chat.wait_for_function(f"{left} return scrollHeight - scrollTop - clientHeight < 2; }}")


UNSEEN = """() => {
  window.unseen = [];
  document.addEventListener("unseen", ({ detail }) => unseen.push([detail.event.data.text, detail.isCovered]));
}"""


def test_only_messages_and_files_of_others_count_as_unread(chat: Page, line: Line) -> None:
    chat.evaluate(UNSEEN)
    fill(chat, line)
    scroll_up(chat)
    line.tells(9, "participant.left", by=MORGAN, data={})
    line.tells(10, "session.paused", data={})
    line.tells(11, by=ME)
    line.tells(12, by=MORGAN)
    line.tells(13, "file.shared", by=MORGAN, data={"file": FILE})
    expect(chat.get_by_role("button", name="2 new")).to_be_visible()
    assert chat.evaluate("unseen") == [["no 12", False], [None, False]]


@pytest.mark.parametrize(
    ("looks_away", "back", "is_covered"),
    [
        ("document.hasFocus = () => false", "document.hasFocus = () => true; dispatchEvent(new Event('focus'))", False),
        (
            "document.querySelector('chat-log').style.display = 'none'",
            "document.querySelector('chat-log').style.display = ''",
            True,
        ),
    ],
    ids=["another window", "folded"],
)
def test_a_message_in_a_hidden_page_is_unread(
    chat: Page, line: Line, looks_away: str, back: str, is_covered: bool
) -> None:
    chat.evaluate(UNSEEN)
    line.tells(1, by=MORGAN)
    expect(bubbles(chat)).to_have_count(1)
    chat.evaluate(looks_away)
    chat.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")
    line.tells(2, by=MORGAN)
    chat.wait_for_function("unseen.length === 1")
    assert chat.evaluate("unseen") == [["no 2", is_covered]]
    chat.evaluate(back)
    expect(chat.locator("[data-jump]")).to_be_hidden()


def test_a_message_behind_a_full_screen_picture_is_unread(chat: Page, line: Line) -> None:
    chat.evaluate(UNSEEN)
    chat.evaluate("""() => {
      const stage = document.body.appendChild(document.createElement("div"));
      Object.defineProperty(document, "fullscreenElement", { get: () => stage });
    }""")
    line.tells(1, by=MORGAN)
    chat.wait_for_function("unseen.length === 1")
    assert chat.evaluate("unseen") == [["no 1", True]]


# In other browsers the Enter that confirms belongs to the composition; Safari sends it when that is over.
CONFIRM = """isSafari => {
  const field = document.querySelector("textarea");
  const end = () => field.dispatchEvent(new CompositionEvent("compositionend", { data: "にほん", bubbles: true }));
  const enter = { key: "Enter", keyCode: 229, isComposing: !isSafari, bubbles: true, cancelable: true };
  field.dispatchEvent(new CompositionEvent("compositionstart", { bubbles: true }));
  if (isSafari) end();
  const wentOn = field.dispatchEvent(new KeyboardEvent("keydown", enter));
  if (!isSafari) end();
  return wentOn;
}"""


@pytest.mark.parametrize("is_safari", [False, True])
def test_the_enter_that_confirms_an_input_method_does_not_send(chat: Page, line: Line, is_safari: bool) -> None:
    """Imitates Safari, and the others."""
    field(chat).fill("にほん")
    assert chat.evaluate(CONFIRM, is_safari)
    expect(field(chat)).to_have_value("にほん")
    field(chat).press("Enter")
    assert line.hears("message")["text"] == "にほん"


READ_OUT = """() => {
  window.readOut = [];
  new MutationObserver((changes) => changes.forEach(({ addedNodes }) => readOut.push(
    ...[...addedNodes].map((node) => node.querySelector?.("[data-slot=text]")?.textContent).filter(Boolean)))
  ).observe(document.querySelector("[role=log]"), { childList: true, subtree: true });
}"""


def test_each_message_of_ones_own_is_read_out_once(chat: Page, line: Line) -> None:
    chat.evaluate(READ_OUT)
    texts = ["one", "two", "three"]
    for text in texts:
        field(chat).fill(text)
        field(chat).press("Enter")
    for seq in range(1, 4):
        confirm(line, line.hears("message"), seq)
    expect(chat.locator("[data-delivery=sent]")).to_have_count(3)
    assert chat.evaluate("readOut") == texts


def test_the_focus_stays_on_a_failed_message_while_others_are_confirmed(chat: Page, line: Line) -> None:
    for text in ["first", "second"]:
        field(chat).fill(text)
        field(chat).press("Enter")
    first = line.hears("message")
    line.says(type="error", client_id=first["client_id"], code="invalid_frame", detail="That was not understood.")
    again = chat.locator(".bubble--failed [data-again]")
    again.focus()
    confirm(line, line.hears("message"), 1)
    expect(chat.locator("[data-delivery=sent]")).to_have_count(1)
    expect(again).to_be_focused()
    again.click()
    assert chat.evaluate("document.activeElement !== document.body")


def test_the_peers_typing_shows_until_the_message_comes(chat: Page, line: Line) -> None:
    line.says(type="typing", role="mechanic")
    expect(chat.locator("[data-typing=mechanic]")).to_be_visible()
    line.says(type="typing", role="customer")  # from another page of one's own
    line.tells(1, by=MORGAN)
    expect(chat.locator("[data-typing=mechanic]")).to_be_hidden()
    expect(chat.locator("[data-typing=customer]")).to_be_hidden()


def test_ones_own_typing_is_sent_at_intervals(chat: Page, line: Line) -> None:
    field(chat).press_sequentially("it rattles")
    line.hears("typing")
    field(chat).press("Enter")
    assert line.hears("message")["text"] == "it rattles"
    assert line.heard("typing") == 0


def test_log_lines_tell_what_happened_and_to_whom(chat: Page, line: Line) -> None:
    line.tells(1, "participant.joined", by=ME, data={})
    line.tells(2, "participant.joined", by=MORGAN, data={})
    line.tells(3, "session.warned", data={"session": {"ends_at": "2026-03-02T12:05:00.000Z"}})
    line.tells(4, "payment.captured", data={})
    line.tells(5, "session.ended", by=MORGAN, data={})
    line.tells(6, "session.taken_over", by=SASHA, data={"session": {"mechanic": {"id": "m2", "name": "Alex"}}})
    notes = chat.locator(".chat__note[data-seq] > span:first-child")
    told = ["You joined", "Morgan joined", "5 minutes left", "The session is over", "Alex goes on with the session"]
    expect(notes).to_have_text(told)


def test_unsent_messages_can_still_be_read_after_the_end(chat: Page, line: Line) -> None:
    field(chat).press_sequentially("too late")
    chat.evaluate("document.querySelector('chat-log').phase = 'over'")
    expect(field(chat)).to_have_value("too late")
    expect(field(chat)).not_to_be_editable()
    expect(chat.get_by_role("button", name="Send")).to_be_disabled()
    chat.evaluate("document.querySelector('chat-log').phase = 'open'")
    field(chat).fill("")
    chat.evaluate("document.querySelector('chat-log').phase = 'over'")
    expect(field(chat)).to_be_hidden()


def test_markup_in_names_and_messages_is_shown_as_text_by_the_script(chat: Page, line: Line) -> None:
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


def test_a_shared_sound_is_a_player_and_a_document_a_download_in_the_script(chat: Page, line: Line) -> None:
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


def test_each_message_is_shown_in_the_direction_of_its_writing(chat: Page, line: Line) -> None:
    line.tells(1, by=MORGAN | {"name": "שרה"}, data={"text": "المحرك لا يعمل؟\nIt does not start?"})
    words = bubbles(chat).locator("[data-slot=text]")
    expect(words).to_have_css("direction", "rtl")
    expect(words).to_have_attribute("dir", "auto")
    expect(bubbles(chat).locator(".bubble__name")).to_have_css("direction", "rtl")
    field(chat).fill("مرحبا")
    expect(field(chat)).to_have_css("direction", "rtl")
    field(chat).fill("Hello")
    expect(field(chat)).to_have_css("direction", "ltr")


def test_markup_in_names_of_files_is_shown_as_text_by_the_script(chat: Page, line: Line) -> None:
    evil = '"><img src=x onerror=alert(1)>'
    line.tells(1, "file.shared", by=MORGAN, data={"file": FILE | {"name": evil}})
    expect(bubbles(chat).locator("[data-slot=name]")).to_have_text(evil)
    expect(bubbles(chat).locator("img")).to_have_count(1)
    expect(bubbles(chat).locator("img")).to_have_attribute("alt", evil)
