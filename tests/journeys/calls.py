"""Helpers for calls: devices, device check, and the received pictures."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.journeys import quietly, staging
from tests.journeys.people import Customer, Mechanic, Person
from tests.kit.server import Server
from tests.kit.waiting import until

DEVICES = ["camera", "microphone"]
FRAMES = """() => document.querySelector("video[data-remote]").getVideoPlaybackQuality().totalVideoFrames"""
IS_HEARD = """() => {
  const [track] = document.querySelector("video[data-remote]").srcObject.getAudioTracks();
  return track.readyState === "live" && !track.muted;
}"""
# What the page says when the line bears sound only: to a call, a machine that has too much to do is such a line.
IS_THIN = """() => document.querySelector("video-stage").hasAttribute("data-other-thin")"""
# The connection as the check finds it: an upload that takes so long (milliseconds), or nothing at all.
NETWORK = """(wait) => {
  const real = window.fetch;
  window.fetch = (address, options) => {
    const measures = String(address).includes("/api/health") || String(address).includes("/api/check/");
    if (!measures || window.mended === true) return real(address, options);
    if (wait === null) return Promise.reject(new TypeError("Failed to fetch"));
    const took = options?.method === "POST" ? wait : 20;
    const answer = Object.defineProperty(new Response(null, { status: 204 }), "url", { value: `took:${took}` });
    return new Promise((done) => setTimeout(() => done(answer), took));
  };
  // The page asks its browser how long it took; a busy machine answers later than that.
  const entries = performance.getEntriesByName.bind(performance);
  performance.getEntriesByName = (name, ...more) =>
    name.startsWith("took:") ? [{ requestStart: 1, responseStart: 1 + Number(name.slice(5)) }] : entries(name, ...more);
}"""
# The machine of the tests is busy: how steady the way to the server is says nothing about a network.
STEADY = f"({NETWORK})(150)"
# The amount of data that passes the relay during a flood is not compared either.
NO_FLOOD = "export const NOTHING = null, hasRelay = () => false, passThrough = async () => NOTHING;"
# Every connection and every device that the page opens, so that a test can see what became of them.
KEEP_ALL = """
window.connections = []; window.devices = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...options) { super(...options); connections.push(this); }
};
for (const way of ["getUserMedia", "getDisplayMedia"]) {
  const ask = navigator.mediaDevices?.[way]?.bind(navigator.mediaDevices);
  if (ask) navigator.mediaDevices[way] = async (wishes) => {
    const stream = await ask(wishes);
    devices.push(...stream.getTracks());
    return stream;
  };
}"""

# The timers of the page come so many times sooner, and no test waits for them; or later, and no machine is too slow.
PACE = """(pace) => {
  window.unhurried = setTimeout;
  window.setTimeout = (act, wait, ...more) => unhurried(act, wait / pace, ...more);
}"""
UNHURRIED = "void (window.setTimeout = unhurried)"


# A call looks at its lines every second, and says anew what it finds there. While that waits, the page stays as it was
# arranged. What was under way is over when the browser has answered a later question.
HOLD = """async () => {
  const stats = (each) => Object.getPrototypeOf(each).getStats.call(each);
  const held = new Promise((go) => (window.release = go));
  for (const each of connections) each.getStats = () => held.then(() => stats(each));
  await Promise.all(connections.map(stats));
}"""
RELEASE = "() => { for (const each of connections) delete each.getStats; release(); }"


@contextmanager
def as_arranged(*people: Person) -> Iterator[None]:
    """What these pages say of devices and lines is what the test makes them say; they keep all (`KEEP_ALL`)."""
    for person in people:
        person.page.evaluate(HOLD)
    yield
    for person in people:
        person.page.evaluate(RELEASE)


@contextmanager
def in_a_hurry(page: Page, pace: float = 10) -> Iterator[None]:
    page.evaluate(PACE, pace)
    yield
    page.evaluate(UNHURRIED)


@contextmanager
def at_leisure(*people: Person) -> Iterator[None]:
    """What these pages wait for only so long, they wait for ten times as long."""
    with ExitStack() as stack:
        for person in people:
            stack.enter_context(in_a_hurry(person.page, 0.1))
        yield


def is_heard_after_a_tap(person: Person) -> None:
    """A page that was loaded anew may be allowed to play no sound before it is touched: it is."""
    person.page.locator(".room-who").click()
    expect(person.page.locator("video-stage[data-tap]")).to_have_count(0)


def stub(script: str, argument: object) -> str:
    return f"({script})({json.dumps(argument)})"


def floods_no_relay(page: Page) -> None:
    def answer(route: Route) -> None:
        route.fulfill(body=NO_FLOOD, content_type="text/javascript")

    page.route("**/room/relay-test*.js", answer)


def check(person: Person, name: str, state: str) -> None:
    expect(person.page.locator(f"[data-check={name}]")).to_have_attribute("data-state", state)


def hears_the_tone(person: Person) -> None:
    person.button("Play test tone").click()
    person.button("Yes, I hear it").click()


def comes_in(person: Person, session_id: str) -> None:
    """Join through a successful device check."""
    for script in (STEADY, KEEP_ALL):
        person.page.add_init_script(script)
    person.goes_to(session_id)
    hears_the_tone(person)
    person.joins()


def call(server: Server, customer: Customer, mechanic: Mechanic, plan: str = "video") -> str:
    """Book, accept, join, connect, start; return the session's id."""
    session_id = quietly.request(server, customer.who, plan)
    quietly.accept(server, mechanic.who, session_id)
    for person in (customer, mechanic):
        comes_in(person, session_id)
    for person in (customer, mechanic):
        is_connected(person)
    mechanic.starts()
    return customer.is_live().session_id


def call_of_checked(server: Server, customer: Customer, mechanic: Mechanic, plan: str = "video", **intake: bool) -> str:
    """Like `call`, without a device check: the pages join as after a reload."""
    for person in (customer, mechanic):
        person.page.add_init_script(KEEP_ALL)
    session_id = staging.joined(server, customer, mechanic, plan, **intake)
    begins_quietly(server, customer, mechanic, session_id)
    return session_id


def begins_quietly(server: Server, customer: Customer, mechanic: Mechanic, session_id: str) -> None:
    """The mechanic starts without the page, which says when both have told the server that they hear each other."""
    for person in (customer, mechanic):
        is_connected(person)
    expect(mechanic.page.locator("#start-button")).to_be_enabled()
    quietly.act(server, mechanic.who, session_id, "start")
    for person in (customer, mechanic):
        person.is_live()


def is_connected(person: Person) -> None:
    expect(person.page.locator("video-stage[data-hears]")).to_have_attribute("data-call", "connected")


def has_read_the_toasts(person: Person) -> None:
    """Good news lies over the buttons of the next test for some seconds: at leisure for ten times as many."""
    person.page.locator(".toast").evaluate_all("toasts => toasts.forEach((each) => each.click())")


def is_undisturbed(people: tuple[Customer, Mechanic]) -> None:
    """Check that the call is in its normal state."""
    for person in people:
        has_read_the_toasts(person)
        is_connected(person.is_live())
        stage = person.page.locator("video-stage")
        expect(stage.locator("button[aria-pressed=true]").filter(visible=True)).to_have_count(0)
        expect(person.page.locator("dialog[open]")).to_have_count(0)
        banners = person.page.locator(".room-alerts .banner:not(thin-line)")  # a busy machine is a thin line
        expect(banners.filter(visible=True)).to_have_count(0)
    see_moving_pictures(*people, more=1)


def see_moving_pictures(*people: Person, more: int = 5, seconds: float = 0) -> None:
    """Check that each gets a minimum of pictures over the same minimum of time, or only sound, and is told why."""
    before = [person.page.evaluate(FRAMES) for person in people]
    people[0].page.wait_for_timeout(seconds * 1000)  # lets the handlers of the test run meanwhile
    for person, count in zip(people, before, strict=True):
        until(lambda page=person.page, least=count + more: has_arrived(page, least))  # type: ignore[misc]


def has_arrived(page: Page, pictures: int) -> bool:
    is_seen: bool = page.evaluate(FRAMES) >= pictures
    return is_seen or (page.evaluate(IS_THIN) and page.evaluate(IS_HEARD)) is True


def chosen(person: Person) -> dict[str, Any]:
    """Return the devices that the device check chose for the call."""
    kept = person.page.evaluate("id => sessionStorage.getItem(`preflight:${id}`)", person.session_id)
    found: dict[str, Any] = json.loads(kept)
    return found
