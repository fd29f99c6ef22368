"""Files: shared from a phone, seen by the other participant, saved, removed, and shown in the queue."""

import io
import re
from collections.abc import Callable, Iterator
from typing import Self

import pytest
from PIL import Image
from playwright.sync_api import APIResponse, FilePayload, Locator, Page, Request, Route, expect

from autodoctor.files.tests.samples import PDF, photo, position_in, wav
from tests.journeys import quietly, staging
from tests.journeys.conftest import DESKTOP, PHONE, Watch
from tests.journeys.inspection import inspect
from tests.journeys.people import Person
from tests.journeys.shared import Borrower, Come, ComeMechanic, Pair, SharedPair
from tests.kit.server import Server

EVIL = '"><img src=x onerror=alert(1)>'
UPLOADS = "**/api/sessions/*/files"
NOT_TAKEN = "status of 415"  # the browser logs what the server refuses
DROP = """([name, type, bytes]) => {
  const carried = new DataTransfer();
  carried.items.add(new File([new Uint8Array(bytes)], name, { type }));
  for (const kind of ["dragenter", "dragover", "drop"]) {
    document.querySelector("chat-log").dispatchEvent(
      new DragEvent(kind, { dataTransfer: carried, bubbles: true, cancelable: true }));
  }
}"""
PASTE = """([name, type, bytes]) => {
  const pasted = new DataTransfer();
  pasted.items.add(new File([new Uint8Array(bytes)], name, { type }));
  document.querySelector("textarea").dispatchEvent(
    new ClipboardEvent("paste", { clipboardData: pasted, bubbles: true, cancelable: true }));
}"""

PLAY = """player => new Promise((heard) => {
  player.ontimeupdate = () => player.currentTime > 0.2 && heard();
  player.play();
})"""


class Hands:
    """A person's actions with files on the session page, in the page's words."""

    def __init__(self, person: Person) -> None:
        self.person, self.page = person, person.page

    def picks(self, button: str | re.Pattern[str], *files: FilePayload) -> Self:
        """Pick files without waiting for the upload."""
        with self.page.expect_file_chooser() as chooser:
            self.page.get_by_role("button", name=button, exact=isinstance(button, str)).first.click()
        chooser.value.set_files(list(files))
        return self

    def adds(self, *files: FilePayload) -> Self:
        """Add files with the button beside the composer."""
        if self.page.viewport_size == DESKTOP:
            return self.picks("Add files", *files)
        self.page.get_by_role("button", name="Add a photo or file").click()
        return self.picks("File", *files)

    def shared(self, name: str) -> Locator:
        """Return the file's place in the chat."""
        return self.page.locator(".bubble--file", has_text=name)

    def sees(self, *names: str) -> Self:
        for name in names:
            expect(self.shared(name)).to_be_visible()
        expect(self.page.locator(".upload")).to_have_count(0)
        return self

    def opens_files(self) -> Self:
        self.page.get_by_role("button", name=re.compile("^Files")).click()
        return self

    def listed(self) -> Locator:
        return self.page.locator(".file-row__name").filter(visible=True)


def image(name: str, format_: str = "JPEG", size: tuple[int, int] = (640, 480)) -> FilePayload:
    return {"name": name, "mimeType": f"image/{format_.lower()}", "buffer": photo(format_, size)}


def paper(name: str = "bill.pdf", content: bytes = PDF) -> FilePayload:
    return {"name": name, "mimeType": "application/pdf", "buffer": content}


def note(name: str, text: str = "It clicks once.") -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": text.encode()}


def fetched(page: Page, address: str | None) -> APIResponse:
    """Fetch the file as this browser would, through every redirect."""
    assert address
    return page.request.get(address)


@pytest.fixture(scope="module")
def pair(share_pair: Callable[..., SharedPair], server: Server) -> SharedPair:
    """A customer with a phone and a mechanic on a desktop, in a live session with more and more files."""

    def begin(come: Come, come_mechanic: ComeMechanic) -> Pair:
        customer, mechanic = come(viewport=PHONE), come_mechanic(viewport=DESKTOP)
        staging.live(server, customer, mechanic)
        return customer, mechanic

    return share_pair(begin, is_as_found=nothing_is_open)


def nothing_is_open(people: Pair) -> None:
    for person in people:
        expect(person.page.locator("dialog[open], .upload")).to_have_count(0)
        person.page.unroute_all(behavior="wait")


@pytest.fixture
def talk(pair: SharedPair, borrower: Borrower) -> Iterator[tuple[Hands, Hands]]:
    with pair.lent(borrower) as (customer, mechanic):
        yield Hands(customer), Hands(mechanic)


def test_shared_files_survive_a_reload_and_come_back_byte_for_byte(
    talk: tuple[Hands, Hands], a_customer: Come, watch: Watch
) -> None:
    customer, mechanic = talk
    customer.adds(paper()).sees("bill.pdf")
    mechanic.sees("bill.pdf")
    for side in talk:
        side.page.reload()
        side.sees("bill.pdf")
    with mechanic.page.expect_download() as download:
        mechanic.shared("bill.pdf").get_by_role("link").click()
    assert download.value.suggested_filename == "bill.pdf"
    assert download.value.path().read_bytes() == PDF
    address = mechanic.shared("bill.pdf").get_by_role("link").get_attribute("href")
    watch.allow("status of 404")
    stranger = a_customer()
    assert fetched(stranger.page, address).status == 404
    assert fetched(mechanic.page, address).body() == PDF


def test_a_failed_upload_among_several_can_be_tried_again(talk: tuple[Hands, Hands], watch: Watch) -> None:
    watch.allow("ERR_INTERNET_DISCONNECTED|ERR_FAILED")
    customer, mechanic = talk
    page, before = customer.page, mechanic.listed().count()
    page.route(UPLOADS, lambda route: route.abort() if b"b.txt" in _body(route.request) else route.continue_())
    customer.adds(note("a.txt"), note("b.txt"), image("c.jpg"), note("d.txt"))
    expect(page.locator(".upload")).to_have_count(1)
    expect(page.locator(".upload")).to_contain_text("The connection was lost.")
    for name in ("a.txt", "c.jpg", "d.txt"):
        expect(mechanic.shared(name)).to_be_visible()
    page.unroute(UPLOADS)
    page.get_by_role("button", name="Try again").click()
    customer.sees("a.txt", "b.txt", "c.jpg", "d.txt")
    mechanic.sees("b.txt")
    expect(mechanic.listed().first).to_have_text("b.txt", use_inner_text=True)  # those at once: whichever came first
    expect(mechanic.listed()).to_have_count(before + 4)


def test_a_canceled_upload_never_arrives(talk: tuple[Hands, Hands]) -> None:
    customer, mechanic = talk
    customer.page.route(UPLOADS, lambda route: None)
    customer.adds(note("wrong one.txt"))
    customer.page.get_by_role("button", name="Cancel wrong one.txt").click()
    expect(customer.page.locator(".upload")).to_have_count(0)
    customer.page.unroute_all(behavior="ignoreErrors")
    customer.adds(note("right one.txt")).sees("right one.txt")
    mechanic.sees("right one.txt")
    expect(mechanic.page.get_by_text("wrong one.txt")).to_have_count(0)


def test_the_progress_of_an_upload_is_shown_on_a_slow_connection(talk: tuple[Hands, Hands]) -> None:
    customer, mechanic = talk
    line = customer.page.context.new_cdp_session(customer.page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 500_000}  # bytes a second
    line.send("Network.emulateNetworkConditions", slow)
    customer.adds(paper("manual.pdf", PDF + bytes(2_000_000)))
    row = customer.page.locator(".upload")
    expect(row.get_by_text(re.compile(r"^\s*[1-9]\d?%\s*$"))).to_be_visible()
    customer.sees("manual.pdf")
    mechanic.sees("manual.pdf")


def test_pasted_and_dropped_files_are_shared(talk: tuple[Hands, Hands]) -> None:
    customer, mechanic = talk
    mechanic.page.evaluate(PASTE, ["screenshot.png", "image/png", list(photo("PNG", (64, 48)))])
    mechanic.sees("screenshot.png")
    mechanic.page.evaluate(DROP, ["torque.pdf", "application/pdf", list(PDF)])
    mechanic.sees("torque.pdf")
    customer.sees("screenshot.png", "torque.pdf")


def test_a_file_removed_by_its_uploader_disappears_for_everybody(talk: tuple[Hands, Hands]) -> None:
    customer, mechanic = talk
    customer.adds(image("my plate.jpg")).sees("my plate.jpg")
    mechanic.sees("my plate.jpg")
    expect(mechanic.page.get_by_role("button", name="Remove my plate.jpg")).to_have_count(0)
    customer.opens_files().page.get_by_role("button", name="Remove my plate.jpg").click()
    customer.person.confirms("Remove")
    expect(customer.listed().filter(has_text="my plate.jpg")).to_have_count(0)
    customer.page.get_by_role("button", name="Close").click()
    for side in talk:
        expect(side.page.get_by_text("my plate.jpg").filter(visible=True)).to_have_count(0)
        expect(side.page.locator(".bubble--file").last).to_contain_text("Removed")
    mechanic.person.sees(re.compile("removed a file"))


def test_photos_of_a_phone_lose_where_they_were_taken(talk: tuple[Hands, Hands]) -> None:
    customer, mechanic = talk
    taken = image("IMG_0042.HEIC", "HEIF", (800, 600))
    assert position_in(taken["buffer"])
    customer.adds(taken).sees("IMG_0042.jpg")
    link = mechanic.sees("IMG_0042.jpg").shared("IMG_0042.jpg").locator("a[data-view]")
    for address in (link.get_attribute("href"), link.locator("img").get_attribute("src")):
        got = fetched(mechanic.page, address)
        assert got.headers["content-type"] == "image/jpeg"
        assert position_in(got.body()) == {}
        assert Image.open(io.BytesIO(got.body())).format == "JPEG"
    link.click()
    expect(mechanic.page.locator("dialog[open] img")).to_have_js_property("naturalWidth", 800)
    mechanic.page.keyboard.press("Escape")


def test_a_shared_sound_can_be_played(talk: tuple[Hands, Hands]) -> None:
    customer, mechanic = talk
    customer.adds({"name": "idle.wav", "mimeType": "audio/wav", "buffer": wav(2)}).sees("idle.wav")
    player = mechanic.sees("idle.wav").shared("idle.wav").locator("audio")
    expect(player).to_have_js_property("duration", 2)
    player.evaluate(PLAY)


def test_a_playing_sound_goes_on_while_more_is_shared(talk: tuple[Hands, Hands]) -> None:
    customer, mechanic = talk
    customer.adds({"name": "engine.wav", "mimeType": "audio/wav", "buffer": wav(20)}).sees("engine.wav")
    mechanic.sees("engine.wav")
    player = mechanic.page.locator(".file-row", has_text="engine.wav").locator("audio")
    player.evaluate("player => player.play()")
    customer.adds(note("later.txt")).sees("later.txt")
    expect(mechanic.listed().nth(0)).to_have_text("later.txt", use_inner_text=True)
    expect(mechanic.listed().nth(1)).to_have_text("engine.wav", use_inner_text=True)
    assert player.evaluate("player => player.paused") is False
    player.evaluate("player => player.pause()")


def test_markup_in_names_of_files_is_shown_as_text_in_the_room(talk: tuple[Hands, Hands], watch: Watch) -> None:
    customer, mechanic = talk
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    customer.page.route(UPLOADS, hold)
    customer.adds(note(f"{EVIL}.txt"))
    expect(customer.page.locator(".upload__name")).to_contain_text(EVIL)
    customer.page.get_by_role("button", name=re.compile("^Cancel")).click()
    for route in held:
        route.abort()  # let go, it might reach the server after all
    customer.page.unroute(UPLOADS)
    customer.adds(note(f"{EVIL}.txt"))
    expect(mechanic.page.locator(".bubble--file").last).to_contain_text("img src=x onerror=alert(1)")
    for side in talk:
        side.page.reload()
        expect(side.page.locator(".bubble--file").last).to_contain_text("img src=x onerror=alert(1)")
        expect(side.page.locator("img[src=x]")).to_have_count(0)


def test_shared_files_stay_after_the_end(server: Server, a_customer: Come, a_mechanic: ComeMechanic) -> None:
    customer, mechanic = a_customer(), a_mechanic(viewport=DESKTOP)
    session_id = staging.live(server, customer, mechanic)
    Hands(customer).adds(image("clamp.jpg")).sees("clamp.jpg")
    quietly.act(server, customer.who, session_id, "end")
    for person in (customer, mechanic):
        person.is_shown_the_end().button("Stay here").click()
    for person in (customer, mechanic):
        person.goes_to(session_id)
        Hands(person).sees("clamp.jpg")
        expect(Hands(person).listed()).to_have_text("clamp.jpg")
        expect(person.button("Remove clamp.jpg")).to_have_count(0)
    Hands(mechanic).picks("Add", note("for the summary.txt")).sees("clamp.jpg")
    expect(Hands(mechanic).listed()).to_have_text(["for the summary.txt", "clamp.jpg"], use_inner_text=True)
    customer.page.goto(f"/sessions/{session_id}/transcript/")
    expect(customer.page.get_by_role("img", name="clamp.jpg")).to_be_visible()


def test_a_waiting_customer_shares_photos_by_the_shot_list(
    server: Server, a_customer: Come, a_mechanic: ComeMechanic, watch: Watch
) -> None:
    watch.allow(NOT_TAKEN)
    customer, mechanic = a_customer(), a_mechanic().waits_for_requests()
    session_id = quietly.request(server, customer.who)
    hands = Hands(customer.goes_to(session_id))
    hands.picks("Engine bay: take a photo", image("IMG_1.jpg"))
    expect(customer.button("Engine bay: once more")).to_be_visible()
    hands.picks("The sound: record", {"name": "rec.wav", "mimeType": "audio/wav", "buffer": wav()})
    expect(customer.button("The sound: once more")).to_be_visible()
    hands.picks("Leak: take a photo", {"name": "leak.html", "mimeType": "image/jpeg", "buffer": b"<html>"})
    row = customer.page.locator(".shot", has_text="Leak")
    expect(row.get_by_role("alert")).to_contain_text("cannot be shared")

    customer.page.reload()
    expect(customer.button("Engine bay: once more")).to_be_visible()
    expect(customer.button("Leak: take a photo")).to_be_visible()
    request = mechanic.request(session_id)
    expect(request.locator(".thumb")).to_have_count(2)  # without a reload
    request.get_by_role("link", name="Engine bay.jpg").click()
    expect(mechanic.page.get_by_role("dialog").get_by_text("Engine bay.jpg")).to_be_visible()
    expect(mechanic.page.locator("dialog img")).to_have_js_property("naturalWidth", 640)
    mechanic.page.keyboard.press("Escape")

    mechanic.accepts(session_id).joins()
    Hands(mechanic).sees("Engine bay.jpg", "The sound.wav")
    customer.sees("has accepted").joins()
    Hands(customer).sees("Engine bay.jpg")
    customer.stops(re.compile("^Cancel"))


def test_pages_for_sharing_files_look_right_in_both_themes(
    server: Server, a_customer: Come, a_mechanic: ComeMechanic, watch: Watch
) -> None:
    watch.allow(NOT_TAKEN)
    customer, mechanic = a_customer(), a_mechanic()
    session_id = quietly.request(server, customer.who)
    hands = Hands(customer.goes_to(session_id))
    inspect(customer.page, "files-shot-list")
    customer.page.set_viewport_size(PHONE)
    hands.picks("Engine bay: take a photo", image("IMG_1.jpg"))
    hands.picks("The sound: record", {"name": "rec.wav", "mimeType": "audio/wav", "buffer": wav()})
    hands.picks("Something else", {"name": "page.html", "mimeType": "text/html", "buffer": b"<html>"})
    customer.sees(re.compile("cannot be shared"))
    inspect(customer.page, "files-shot-list-filled")
    mechanic.waits_for_requests()
    inspect(mechanic.page, "files-queue")
    mechanic.request(session_id).locator(".thumb").last.click()
    inspect(mechanic.page, "files-light-box")
    mechanic.goes_to(session_id)
    inspect(mechanic.page, "files-request")
    quietly.accept(server, mechanic.who, session_id)
    mechanic.page.set_viewport_size(DESKTOP)
    staging.begin(server, session_id, customer, mechanic)
    while_they_talk(Hands(customer), Hands(mechanic))
    # The look takes longer than people are given.
    customer.page.evaluate("document.querySelector('ended-countdown').dataset.seconds = '600'")
    quietly.act(server, customer.who, session_id, "end")
    inspect(customer.is_shown_the_end().page, "files-ended")


def while_they_talk(customer: Hands, mechanic: Hands) -> None:
    page = customer.page
    page.set_viewport_size(PHONE)
    mechanic.adds(paper("where to look.pdf")).sees("where to look.pdf")
    customer.adds(image("clamp.jpg", size=(480, 640))).sees("clamp.jpg", "where to look.pdf")
    page.route(UPLOADS, lambda route: None)
    customer.adds(image("slow.jpg"), note("slow.txt"), {**paper("film.mov"), "buffer": bytes(11 * 1024 * 1024)})
    customer.person.sees(re.compile("The limit is"))
    inspect(page, "files-on-their-way")
    for _file in range(3):
        page.locator("[data-drop]").first.click()
    page.unroute_all(behavior="ignoreErrors")
    inspect(page, "files-live")
    page.set_viewport_size(PHONE)
    customer.opens_files()
    inspect(page, "files-sheet")
    page.set_viewport_size(PHONE)
    page.get_by_role("button", name="Remove clamp.jpg").click()
    inspect(page, "files-remove")
    customer.person.confirms("Keep file")
    page.set_viewport_size(PHONE)
    page.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Add a photo or file").click()
    inspect(page, "files-attach")
    page.set_viewport_size(PHONE)
    page.keyboard.press("Escape")


def _body(request: Request) -> bytes:
    return request.post_data_buffer or b""
