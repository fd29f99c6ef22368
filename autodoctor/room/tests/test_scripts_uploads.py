"""Files that are sent in pieces, with the page's own markup, in a real browser; the test plays the server."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import FilePayload, Page, expect

from autodoctor.room.tests.desk import SESSION
from autodoctor.room.tests.exchange import Exchange
from autodoctor.room.tests.piece_desk import PieceDesk
from autodoctor.room.tests.test_scripts_files import START, STYLE, pick, rows
from tests.kit import films

MEGABYTE = 1024 * 1024
STILL = "00000000-0000-4000-8000-0000000000aa"
FILM = bytes(range(256)) * 4096 * 3  # 3 MB
TOASTS = """<toast-list><template><div class="toast"><p class="toast__text"></p><button class="toast__close"></button>
  </div></template></toast-list>"""
OPENED = """async () => {
  await import("lib/toasts");
  document.documentElement.dataset.me = "casey";
  document.querySelector("file-drop").open = true;
}"""
HIDE = """hidden => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
# How far a film is made smaller, as the row shows it.
LISTEN = """() => {
  window.shares = [];
  new MutationObserver(() => {
    const row = document.querySelector(".upload[data-state=preparing]");
    if (row) shares.push(row.querySelector("progress").value);
  }).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
}"""
# What happens to a film that is made smaller, in order.
ORDER = """() => {
  window.order = [];
  const told = [[AudioContext, "resume"], [MediaRecorder, "start"], [HTMLMediaElement, "play"]];
  for (const [{ prototype }, name] of told) {
    const real = prototype[name];
    prototype[name] = async function (...options) {
      const answer = await real.apply(this, options);
      order.push(name);
      return answer;
    };
  }
}"""
KEPT = """async () => {
  const { keptUnder } = await import("lib/kept-files");
  return (await keptUnder("upload:")).map(({ about }) => about.name);
}"""


@pytest.fixture
def drop(page: Page, exchange: Exchange) -> Page:
    session = SimpleNamespace(id=SESSION)
    markup = render_to_string("room/parts/file_drop.html", {"session": session, "buttons": True})
    exchange.body = f'{STYLE}<input name="csrfmiddlewaretoken" type="hidden" value="a-token">{markup}{TOASTS}'
    page.goto(f"http://localhost:{exchange.port}/page")
    return opened(page)


@pytest.fixture
def desk(drop: Page) -> Iterator[PieceDesk]:
    yield PieceDesk(drop.context)
    drop.context.unroute_all(behavior="ignoreErrors")


def opened(page: Page) -> Page:
    page.evaluate(START)
    page.evaluate(OPENED)
    return page


def film(name: str = "brake.mp4", content: bytes = FILM) -> FilePayload:
    return {"name": name, "mimeType": "video/mp4", "buffer": content}


def is_through(page: Page) -> None:
    """What was picked shows as a row, what was there before a reload is kept until it has a row: neither is left."""
    expect(rows(page)).to_have_count(0)
    page.wait_for_function(f"async () => (await ({KEPT})()).length === 0")
    expect(rows(page)).to_have_count(0)


def arrives(page: Page, desk: PieceDesk) -> None:
    is_through(page)
    assert desk.content == FILM
    assert desk.shared == 1


def test_a_large_file_goes_in_pieces_that_grow_on_a_good_line(drop: Page, desk: PieceDesk) -> None:
    pick(drop, film())
    arrives(drop, desk)
    assert drop.evaluate("shared") == ["brake.mp4"]
    sizes = [end - start for start, end in zip(desk.places, [*desk.places[1:], len(FILM)], strict=True)]
    assert sizes[0] < sizes[1] <= 2 * MEGABYTE
    assert desk.begun[0]["name"] == "brake.mp4"
    assert len(desk.begun) == 1


def test_after_a_cut_line_the_server_is_asked_and_the_file_goes_on_there(drop: Page, desk: PieceDesk) -> None:
    desk.next_piece = ["taken", "cut", "cut", "taken"]
    pick(drop, film())
    arrives(drop, desk)
    assert len({each["client_id"] for each in desk.begun}) == 1
    assert len(desk.begun) == 3
    assert desk.places == sorted(set(desk.places))  # nothing that had arrived was sent again


def test_while_the_line_is_cut_the_row_says_what_it_waits_for(drop: Page, desk: PieceDesk) -> None:
    drop.clock.install()
    desk.next_piece = ["taken", "cut"]
    pick(drop, film())
    expect(rows(drop).get_by_text("Waiting for the connection ·")).to_be_visible()
    expect(rows(drop).get_by_role("alert")).to_be_empty()
    drop.evaluate("dispatchEvent(new Event('online'))")
    arrives(drop, desk)


def test_a_lost_answer_to_the_last_piece_gives_the_file_once(drop: Page, desk: PieceDesk) -> None:
    desk.next_piece = ["taken", "taken", "taken", "lost"]
    pick(drop, film())
    arrives(drop, desk)
    assert drop.evaluate("shared") == ["brake.mp4"]


def test_a_server_that_is_busy_is_asked_again(drop: Page, desk: PieceDesk) -> None:
    desk.next_piece = ["busy", "taken", "busy"]
    pick(drop, film())
    arrives(drop, desk)


def test_an_upload_after_the_end_is_refused_in_words_and_not_kept(drop: Page, desk: PieceDesk) -> None:
    desk.next_piece = ["taken", "session_closed"]
    pick(drop, film())
    expect(rows(drop).get_by_role("alert")).to_have_text("It is session_closed.")
    expect(rows(drop).get_by_role("button", name="Try again")).to_be_hidden()
    drop.wait_for_function(f"async () => (await ({KEPT})()).length === 0")


def test_a_reloaded_page_goes_on_where_the_file_was(drop: Page, desk: PieceDesk) -> None:
    desk.next_piece = ["taken", "taken", "held"]
    pick(drop, film())
    drop.wait_for_function(f"async () => (await ({KEPT})()).length === 1")
    while not desk.held:
        drop.wait_for_timeout(20)
    leave = "!dispatchEvent(new Event('beforeunload', { cancelable: true }))"
    assert drop.evaluate(leave) is False  # nothing would be lost
    before = len(desk.content)
    drop.reload()
    opened(drop)
    share = round(100 * before / len(FILM))
    expect(drop.locator(".toast__text")).to_have_text(f"Going on with brake.mp4 · {share}%")
    arrives(drop, desk)
    assert desk.places[3] == before
    assert desk.begun[0]["client_id"] == desk.begun[1]["client_id"]
    drop.reload()
    opened(drop)
    expect(rows(drop)).to_have_count(0)


def test_a_photo_on_demand_is_still_one_after_a_reload(drop: Page, desk: PieceDesk) -> None:
    """Else it would be shared like any other file, also after the customer has taken their consent back."""
    desk.next_piece = ["held"]
    drop.evaluate(
        """still => {
          const photo = new File([new Uint8Array(3_000_000)], "Photo.jpg", { type: "image/jpeg" });
          document.querySelector("file-drop").add([photo], { still });
        }""",
        STILL,
    )
    drop.wait_for_function(f"async () => (await ({KEPT})()).length === 1")
    drop.reload()
    opened(drop)
    is_through(drop)
    assert [each["still"] for each in desk.begun] == [STILL, STILL]


def test_only_one_tab_sends_a_file(drop: Page, desk: PieceDesk, exchange: Exchange) -> None:
    desk.next_piece = ["taken", "held"]
    pick(drop, film())
    drop.wait_for_function(f"async () => (await ({KEPT})()).length === 1")
    other = drop.context.new_page()
    other.goto(f"http://localhost:{exchange.port}/page")
    opened(other)
    other.evaluate("new Promise((done) => setTimeout(done, 300))")
    expect(rows(other)).to_have_count(0)
    drop.close()
    other.reload()
    opened(other)
    arrives(other, desk)


def test_a_page_whose_session_is_over_forgets_the_file(drop: Page, desk: PieceDesk) -> None:
    desk.next_piece = ["held"]
    pick(drop, film())
    drop.wait_for_function(f"async () => (await ({KEPT})()).length === 1")
    drop.reload()
    drop.evaluate(START)
    drop.evaluate("document.documentElement.dataset.me = 'casey'; document.querySelector('file-drop').open = false")
    drop.wait_for_function(f"async () => (await ({KEPT})()).length === 0")


def test_somebody_else_at_this_device_does_not_go_on_with_the_file(drop: Page, desk: PieceDesk) -> None:
    desk.next_piece = ["held"]
    pick(drop, film())
    drop.wait_for_function(f"async () => (await ({KEPT})()).length === 1")
    drop.reload()
    drop.evaluate(START)
    drop.evaluate("document.documentElement.dataset.me = 'drew'; document.querySelector('file-drop').open = true")
    drop.evaluate("new Promise((done) => setTimeout(done, 300))")
    expect(rows(drop)).to_have_count(0)


def test_a_canceled_file_is_given_up_here_and_there(drop: Page, desk: PieceDesk) -> None:
    desk.next_piece = ["taken", "held"]
    pick(drop, film())
    while not desk.held:
        drop.wait_for_timeout(20)
    drop.get_by_role("button", name="Cancel brake.mp4").click()
    expect(rows(drop)).to_have_count(0)
    drop.wait_for_function(f"async () => (await ({KEPT})()).length === 0")
    while not desk.dropped:
        drop.wait_for_timeout(20)
    assert desk.shared == 0


def allow(page: Page, size: int) -> None:
    page.locator("file-drop").evaluate("(it, size) => it.setAttribute('max-bytes', size)", size)


def too_large(page: Page) -> FilePayload:
    """A film of more than a megabyte, where half of one is allowed."""
    allow(page, MEGABYTE)
    content = films.padded(films.recorded(page), 2 * MEGABYTE)
    return {"name": "brake.webm", "mimeType": "video/webm", "buffer": content}


def hide(page: Page, *, hidden: bool) -> None:
    """Another tab is in front, or this one is again."""
    page.evaluate(HIDE, hidden)


def test_a_film_that_is_too_large_is_made_smaller_and_sent(drop: Page, desk: PieceDesk) -> None:
    large = too_large(drop)
    drop.evaluate(LISTEN)
    hide(drop, hidden=True)
    pick(drop, large)
    expect(rows(drop).get_by_text("Making the film smaller ·")).to_be_visible()
    hide(drop, hidden=False)
    expect(rows(drop)).to_have_count(0)
    assert desk.shared == 1
    assert 10_000 < len(desk.content) <= MEGABYTE
    assert any(0 < share < 1 for share in drop.evaluate("shares"))


def test_a_film_plays_when_its_recorder_runs_and_only_in_front_of_somebody(drop: Page, desk: PieceDesk) -> None:
    large = too_large(drop)
    drop.evaluate(ORDER)
    hide(drop, hidden=True)
    pick(drop, large)
    drop.wait_for_function("() => order.includes('start')")
    assert drop.evaluate("order") == ["resume", "start"]
    hide(drop, hidden=False)
    expect(rows(drop)).to_have_count(0)
    assert drop.evaluate("order.slice(0, 3)") == ["resume", "start", "play"]
    assert desk.shared == 1


def test_making_a_film_smaller_rests_in_the_background_and_can_be_canceled(drop: Page, desk: PieceDesk) -> None:
    large = too_large(drop)
    hide(drop, hidden=True)
    pick(drop, large)
    expect(rows(drop).get_by_text("Making the film smaller ·")).to_be_visible()
    drop.get_by_role("button", name="Cancel brake.webm").click()
    expect(rows(drop)).to_have_count(0)
    assert not desk.begun
    assert desk.shared == 0


def test_a_film_that_is_too_long_is_refused_in_words(drop: Page, desk: PieceDesk) -> None:
    film_ = too_large(drop)
    allow(drop, 20_000)
    pick(drop, film_)
    expect(rows(drop).get_by_role("alert")).to_contain_text("This film is too long to fit into 19.5 kB.")
    expect(rows(drop).get_by_role("button", name="Try again")).to_be_hidden()


def test_a_film_that_this_browser_cannot_read_is_refused_in_words(drop: Page, desk: PieceDesk) -> None:
    content = (Path(__file__).parent / "films" / "hevc-silent.mp4").read_bytes()
    allow(drop, 1000)
    pick(drop, {"name": "brake.mp4", "mimeType": "video/mp4", "buffer": content})
    expect(rows(drop).get_by_role("alert")).to_contain_text("this browser cannot read the film")


def test_a_browser_that_records_nothing_says_what_to_do(drop: Page, desk: PieceDesk) -> None:
    drop.evaluate("delete window.MediaRecorder")
    allow(drop, 1000)
    pick(drop, film(content=bytes(2000)))
    expect(rows(drop).get_by_role("alert")).to_contain_text("this browser cannot make it smaller")
