"""Sharing and viewing files with the page's own markup, in a real browser; the test plays the server."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import FilePayload, Locator, Page, expect

from autodoctor.files.tests.samples import wav
from autodoctor.room.tests.desk import SESSION, Desk
from autodoctor.room.tests.exchange import SCRIPTS, Exchange

WRONG_TYPE = "This type of file cannot be shared."

LIMIT = 1024 * 1024  # a tenth of the limit of the page, which would take Playwright ten seconds
HIDDEN = "[hidden] { display: none !important } .visually-hidden { position: absolute; clip-path: inset(50%) }"
STYLE = f"<style>{HIDDEN} {''.join(path.read_text() for path in sorted(SCRIPTS.glob('files/*.css')))}</style>"
START = """async () => {
  const { FileDrop } = await import("room/files/file-drop");
  customElements.define("file-drop", FileDrop);
  window.shared = [];
  document.addEventListener("file-shared", ({ detail }) => shared.push(detail.name));
}"""
# Gestures that Playwright does not offer.
DROP = """([name, open, where = "body"]) => {
  const carried = new DataTransfer();
  carried.items.add(new File(["clicks"], name, { type: "text/plain" }));
  document.querySelector("file-drop").open = open;
  const how = { dataTransfer: carried, bubbles: true, cancelable: true };
  return ["dragenter", "dragover", "drop"].map((kind) =>
    document.querySelector(where).dispatchEvent(new DragEvent(kind, how)));
}"""
PASTE = """([text, where = "body"]) => {
  const pasted = new DataTransfer();
  pasted.items.add(new File(["png"], "image.png", { type: "image/png" }));
  if (text) pasted.setData("text/plain", text);
  const event = new ClipboardEvent("paste", { clipboardData: pasted, bubbles: true, cancelable: true });
  document.querySelector(where).dispatchEvent(event);
}"""
SWIPE = """([across, down]) => {
  const target = document.querySelector("[data-stage]");
  const touch = (x, y) => new Touch({ identifier: 1, target, clientX: 200 + x, clientY: 200 + y });
  const tell = (kind, touches, changed) => target.dispatchEvent(
    new TouchEvent(kind, { touches, changedTouches: changed, bubbles: true }));
  tell("touchstart", [touch(0, 0)], [touch(0, 0)]);
  tell("touchend", [], [touch(across, down)]);
}"""


@pytest.fixture
def drop(page: Page, exchange: Exchange) -> Page:
    """A page that files may be shared on, everywhere."""
    session = SimpleNamespace(id=SESSION)
    markup = render_to_string("room/parts/file_drop.html", {"session": session, "whole_page": True, "buttons": True})
    button = '<button data-pick="camera" data-name="Engine bay" data-shot="engine">Take it</button>'
    slots = f'<ul data-uploads="engine"></ul>{button}'
    exchange.body = f'{STYLE}<input name="csrfmiddlewaretoken" type="hidden" value="a-token">{slots}{markup}'
    page.goto(f"http://localhost:{exchange.port}/page")
    page.evaluate(START)
    return page


@pytest.fixture
def desk(drop: Page) -> Iterator[Desk]:
    yield Desk(drop)
    drop.unroute_all(behavior="ignoreErrors")


def text_file(name: str, size: int = 6) -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": b"x" * size}


def pick(page: Page, *files: FilePayload, button: str = "Add files") -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=button).click()
    chooser.value.set_files(list(files))


def rows(page: Page) -> Locator:
    return page.locator(".upload")


def test_a_picked_file_is_uploaded_and_announced(drop: Page, desk: Desk) -> None:
    pick(drop, text_file("notes.txt"))
    body = desk.has(1).body(0)
    assert 'name="client_id"' in body
    assert 'filename="notes.txt"' in body
    assert desk.routes[0].request.headers["x-csrftoken"] == "a-token"
    expect(rows(drop)).to_have_count(1)
    desk.takes(0)
    expect(rows(drop)).to_have_count(0)
    assert drop.evaluate("shared") == ["file 0"]


def test_several_files_are_uploaded_three_at_a_time(drop: Page, desk: Desk) -> None:
    pick(drop, *(text_file(f"{number}.txt") for number in range(5)))
    desk.has(3)
    expect(drop.locator('.upload[data-state="waiting"]')).to_have_count(2)
    desk.takes(0)
    desk.has(4)
    expect(drop.locator('.upload[data-state="waiting"]')).to_have_count(1)


def test_a_canceled_upload_makes_room_for_the_next(drop: Page, desk: Desk) -> None:
    pick(drop, *(text_file(f"{number}.txt") for number in range(4)))
    desk.has(3)
    drop.get_by_role("button", name="Cancel 1.txt").click()
    expect(drop.get_by_text("1.txt")).to_have_count(0)
    assert 'filename="3.txt"' in desk.has(4).body(3)


def test_an_upload_that_the_server_refuses_is_explained_and_not_tried_again(drop: Page, desk: Desk) -> None:
    pick(drop, text_file("page.html"))
    desk.has(1).refuses(0, 415, error="wrong_type", detail=WRONG_TYPE)
    expect(drop.get_by_role("alert")).to_have_text(WRONG_TYPE)
    expect(drop.get_by_role("button", name="Try again")).to_be_hidden()
    drop.get_by_role("button", name="Remove from the list page.html").click()
    expect(rows(drop)).to_have_count(0)


def test_an_interrupted_upload_is_tried_again_under_the_same_id(drop: Page, desk: Desk) -> None:
    pick(drop, text_file("a.txt"), text_file("b.txt"))
    desk.has(2).routes[0].abort()
    desk.takes(1)
    expect(rows(drop)).to_have_count(1)
    expect(drop.get_by_role("alert")).to_contain_text("The connection was lost")
    drop.get_by_role("button", name="Try again").click()
    desk.has(3)
    sent, again = (_client_id(desk.body(place)) for place in (0, 2))
    assert sent == again
    desk.takes(2)
    expect(rows(drop)).to_have_count(0)


def test_an_upload_continues_when_the_network_is_back(drop: Page, desk: Desk) -> None:
    pick(drop, text_file("a.txt"))
    desk.has(1).routes[0].abort()
    expect(drop.get_by_role("alert")).to_contain_text("The connection was lost")
    drop.evaluate("dispatchEvent(new Event('online'))")
    desk.has(2).takes(1)
    expect(rows(drop)).to_have_count(0)


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (401, "not_signed_in", "You are signed out"),
        (502, "", "The server could not save this file"),
        (409, "too_many", "A session can have"),
    ],
)
def test_every_failed_upload_says_what_to_do(drop: Page, desk: Desk, status: int, error: str, words: str) -> None:
    pick(drop, text_file("a.txt"))
    if error:
        desk.has(1).refuses(
            0, status, error=error, detail="A session can have up to 50 files." if status == 409 else ""
        )
    else:
        desk.has(1).routes[0].fulfill(status=status, body="<html>Bad gateway</html>")
    expect(drop.get_by_role("alert")).to_contain_text(words)
    expect(drop.get_by_role("button", name="Try again")).to_be_visible()


def test_files_too_large_or_empty_are_refused_before_the_upload(drop: Page, desk: Desk) -> None:
    expect(drop.locator("file-drop")).to_have_attribute("max-bytes", str(10 * LIMIT))
    drop.locator("file-drop").evaluate("(it, limit) => it.setAttribute('max-bytes', limit)", LIMIT)
    pick(drop, text_file("film.mov", 2 * LIMIT), text_file("nothing.txt", 0), text_file("fits.txt", LIMIT // 2))
    expect(drop.get_by_text("This file is 2 MB. The limit is 1 MB")).to_be_visible()
    expect(drop.get_by_text("This file is empty.")).to_be_visible()
    desk.has(1)
    assert 'filename="fits.txt"' in desk.body(0)


def test_a_file_dropped_anywhere_is_shared(drop: Page, desk: Desk) -> None:
    went_on = drop.evaluate(DROP, ["notes.txt", True])
    assert went_on == [False, False, False]
    assert 'filename="notes.txt"' in desk.has(1).body(0)


def test_a_refused_drop_does_not_navigate_away_from_the_page(drop: Page, desk: Desk) -> None:
    assert drop.evaluate(DROP, ["notes.txt", False]) == [False, False, False]
    expect(rows(drop)).to_have_count(0)


def test_a_pasted_picture_is_shared_unless_it_comes_with_text(drop: Page, desk: Desk) -> None:
    drop.evaluate(PASTE, ["a table of numbers"])
    expect(rows(drop)).to_have_count(0)
    drop.evaluate(PASTE, [""])
    assert 'filename="image.png"' in desk.has(1).body(0)


@pytest.mark.parametrize("names", ["image.png", "/home/casey/image.png\n", "C:\\\\Pictures\\\\image.png"])
def test_a_file_copied_with_its_name_is_shared(drop: Page, desk: Desk, names: str) -> None:
    drop.evaluate(PASTE, [names])
    assert 'filename="image.png"' in desk.has(1).body(0)


ELSEWHERE = """() => document.body.insertAdjacentHTML("beforeend", `<dialog id="help"><textarea></textarea></dialog>
  <form id="rating"><input></form>`)"""


@pytest.mark.parametrize("where", ["#help", "#help textarea", "#rating input"])
def test_files_for_another_field_or_a_dialog_are_not_shared(drop: Page, desk: Desk, where: str) -> None:
    drop.evaluate(ELSEWHERE)
    drop.evaluate("document.querySelector('#help').showModal()")
    drop.evaluate(PASTE, ["", where])
    went_on = drop.evaluate(DROP, ["notes.txt", True, where])
    assert went_on == [False, False, False]
    expect(rows(drop)).to_have_count(0)
    drop.evaluate("document.querySelector('#help').close()")
    drop.evaluate(PASTE, ["", "body"])
    desk.has(1)


def test_a_picked_shot_is_named_after_the_shot_and_shown_in_its_row(drop: Page, desk: Desk) -> None:
    pick(drop, {"name": "IMG_0001.JPG", "mimeType": "image/jpeg", "buffer": b"jpeg"}, button="Take it")
    body = desk.has(1).body(0)
    assert 'filename="Engine bay.JPG"' in body
    assert 'name="shot"\r\n\r\nengine' in body
    place = drop.locator('[data-uploads="engine"]')
    expect(place.locator(".upload")).to_have_count(1)
    place.evaluate("element => element.remove()")
    drop.evaluate("document.querySelector('file-drop').settle()")
    expect(drop.locator("file-drop .upload")).to_have_count(1)


def test_leaving_the_page_asks_only_while_an_upload_would_be_lost(drop: Page, desk: Desk) -> None:
    leave = "!dispatchEvent(new Event('beforeunload', { cancelable: true }))"
    assert drop.evaluate(leave) is False
    pick(drop, text_file("a.txt"))
    desk.has(1)
    assert drop.evaluate(leave) is True
    desk.refuses(0, 413, error="too_large", detail="Too large.")
    expect(drop.get_by_role("alert")).to_be_visible()
    assert drop.evaluate(leave) is False


def test_markup_in_the_name_of_an_uploading_file_is_shown_as_text(drop: Page, desk: Desk) -> None:
    pick(drop, text_file("<img src=x onerror=alert(1)>.txt"))
    desk.has(1)
    expect(drop.locator(".upload__name [data-slot=name]")).to_have_text("<img src=x onerror=alert(1)>.txt")
    expect(drop.locator('img[src="x"]')).to_have_count(0)


def _client_id(body: str) -> str:
    return body.split('name="client_id"')[1].split(maxsplit=1)[0]


LOOK = """async () => {
  const { LightBox } = await import("lib/light-box");
  customElements.define("light-box", LightBox);
}"""


@pytest.fixture
def gallery(page: Page, exchange: Exchange) -> Page:
    """Two pictures and a sound in one gallery, another picture outside of it."""
    picture = "<svg xmlns='http://www.w3.org/2000/svg' width='64' height='48'/>"
    page.route("**/files/**", lambda route: route.fulfill(content_type="image/svg+xml", body=picture))
    page.route("**/files/2/", lambda route: route.fulfill(content_type="audio/wav", body=wav()))
    views = [("image", "Engine bay"), ("image", "Tire"), ("audio", "The sound")]
    links = "".join(
        f'<a data-view="{view}" data-caption="{name}" href="/files/{place}/">{name}</a> '
        for place, (view, name) in enumerate(views)
    )
    exchange.body = (
        f"{STYLE}<main><div data-gallery>{links}</div><a data-view=image href='/files/9/' data-caption=Other>Other</a>"
        f"</main>{render_to_string('room/parts/light_box.html')}"
    )
    page.goto(f"http://localhost:{exchange.port}/page")
    page.evaluate(LOOK)
    return page


def name(page: Page) -> Locator:
    return page.locator("#light-box-name")


def test_the_light_box_goes_through_its_gallery(gallery: Page) -> None:
    gallery.get_by_role("link", name="Engine bay").click()
    expect(name(gallery)).to_have_text("Engine bay")
    expect(gallery.get_by_text("1 of 3")).to_be_visible()
    expect(gallery.get_by_role("button", name="Previous")).to_be_hidden()
    gallery.get_by_role("button", name="Next").click()
    expect(name(gallery)).to_have_text("Tire")
    gallery.keyboard.press("ArrowRight")
    expect(gallery.locator("dialog audio")).to_have_attribute("src", f"{gallery.url.removesuffix('page')}files/2/")
    expect(gallery.get_by_role("button", name="Next")).to_be_hidden()
    gallery.keyboard.press("ArrowLeft")
    gallery.keyboard.press("ArrowLeft")
    gallery.keyboard.press("ArrowLeft")
    expect(name(gallery)).to_have_text("Engine bay")


def test_the_light_box_gives_the_focus_back_and_stops_what_plays(gallery: Page) -> None:
    gallery.get_by_role("link", name="Engine bay").click()
    expect(gallery.get_by_role("button", name="Close")).to_be_focused()
    gallery.keyboard.press("ArrowRight")
    gallery.keyboard.press("Escape")
    expect(gallery.get_by_role("dialog")).to_have_count(0)
    expect(gallery.locator("[data-stage] > *")).to_have_count(0)
    expect(gallery.get_by_role("link", name="Tire")).to_be_focused()


def test_the_focus_stays_in_the_light_box(gallery: Page) -> None:
    gallery.get_by_role("link", name="Engine bay").click()
    for _press in range(8):
        gallery.keyboard.press("Tab")
        assert gallery.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )


def test_a_swipe_turns_the_light_box_and_a_pull_down_closes_it(gallery: Page) -> None:
    gallery.get_by_role("link", name="Engine bay").click()
    gallery.evaluate(SWIPE, [-120, 10])
    expect(name(gallery)).to_have_text("Tire")
    gallery.evaluate(SWIPE, [120, 10])
    expect(name(gallery)).to_have_text("Engine bay")
    gallery.evaluate(SWIPE, [-30, 0])
    expect(name(gallery)).to_have_text("Engine bay")
    gallery.evaluate(SWIPE, [5, 160])
    expect(gallery.get_by_role("dialog")).to_have_count(0)


def test_a_tap_on_the_picture_in_the_light_box_shows_it_in_full_size(gallery: Page) -> None:
    gallery.get_by_role("link", name="Other").click()
    expect(gallery.locator("[data-count]")).to_be_hidden()
    gallery.locator("dialog img").click()
    expect(gallery.locator("[data-stage]")).to_have_attribute("data-zoomed", "")
    gallery.locator("dialog img").click()
    expect(gallery.locator("[data-stage]")).not_to_have_attribute("data-zoomed", "")


def test_the_light_box_says_that_a_picture_was_removed(gallery: Page) -> None:
    gallery.route("**/files/**", lambda route: route.fulfill(status=404))
    gallery.get_by_role("link", name="Tire").click()
    expect(gallery.get_by_text("This file has been removed.")).to_be_visible()


@pytest.mark.parametrize(("status", "said"), [(200, "This browser cannot show this video."), (404, "has been removed")])
def test_a_film_that_the_browser_cannot_show_is_a_download_in_the_light_box(
    gallery: Page, status: int, said: str
) -> None:
    gallery.route("**/films/**", lambda route: route.fulfill(status=status, content_type="video/mp4", body="hvc1"))
    film = "<a data-view=video data-caption=Film href='/films/1/'>Film</a>"
    gallery.evaluate("film => document.querySelector('main').insertAdjacentHTML('beforeend', film)", film)
    gallery.get_by_role("link", name="Film").click()
    expect(gallery.get_by_role("dialog")).to_contain_text(said)
    links = gallery.locator("[data-stage] a[download]")
    expect(links).to_have_count(int(status == 200))
    if status == 200:
        expect(links).to_have_attribute("href", f"{gallery.url.removesuffix('page')}films/1/?download=1")


def test_a_film_in_the_chat_that_cannot_be_shown_is_a_download(gallery: Page) -> None:
    gallery.route("**/films/**", lambda route: route.fulfill(content_type="video/mp4", body="hvc1"))
    gallery.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<video src=/films/1/></video>')")
    expect(gallery.get_by_role("main")).to_contain_text("This browser cannot show this video.")
    expect(gallery.locator("main video")).to_have_count(0)
