"""Two ends of a call in one page of a real browser, over a connection that a test can cut."""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.kit.waiting import PATIENCE

QUICK = {"firstRestart": 300, "lastRestart": 600, "hello": 100, "failed": 3_000, "ways": 200}  # milliseconds
SCENE = """async (timing) => {
  const { Call } = await import("room/call/call");
  const wire = { cut: false, words: [], acting: "", opened: [] };
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...options) { super(...options); this.side = wire.acting; wire.opened.push(this); }
  };
  const media = () => {
    const canvas = document.createElement("canvas");
    canvas.getContext("2d").fillRect(0, 0, 9, 9);
    const sound = new AudioContext().createMediaStreamDestination().stream;
    return [...canvas.captureStream(5).getTracks(), ...sound.getTracks()];
  };
  const sides = {};
  const hear = (name, word) => { wire.acting = name; sides[name]?.receive(word); };
  const enter = (name, options = {}) => {
    const other = name === "owner" ? "mechanic" : "owner";
    const signal = (word) => {
      if (sides[name] !== call) return; // its page is gone
      wire.words.push([name, structuredClone(word)]);
      if (!wire.cut) setTimeout(() => hear(other, structuredClone(word)));
    };
    const call = new Call({ signal, polite: name === "owner", timing, ...options });
    Object.assign(call, { kinds: [], notes: [], states: [] });
    call.addEventListener("track", ({ detail }) => call.kinds.push(detail.kind));
    call.addEventListener("note", ({ detail }) => call.notes.push(detail));
    call.addEventListener("state", ({ detail }) => call.states.push(detail));
    sides[name] = call;
    call.start(media());
  };
  const open = (side) => wire.opened.filter((each) => each.side === side && each.signalingState !== "closed");
  const said = (what, from = 0) =>
    wire.words.slice(from).filter(([, word]) => word.description?.type === what).map(([name]) => name);
  const ufrag = (description) => description.sdp.match(/ice-ufrag:(\\S+)/)[1];
  /** Both ends are the ends of one and the same connection, and nothing is on its way. */
  const agree = () => {
    const [[one], [other]] = [open("owner"), open("mechanic")];
    return Object.values(sides).every(({ state }) => state === "connected")
      && open("owner").length === 1 && open("mechanic").length === 1
      && [one, other].every((each) => each.connectionState === "connected" && each.signalingState === "stable")
      && ufrag(one.localDescription) === ufrag(other.remoteDescription)
      && ufrag(other.localDescription) === ufrag(one.remoteDescription);
  };
  Object.assign(window, { wire, sides, hear, enter, open, said, agree, ufrag });
}"""


@pytest.fixture
def scene(browser_page: Page) -> Page:
    """Return a page with a call before anyone has joined."""
    browser_page.evaluate(SCENE, QUICK)
    return browser_page


@pytest.fixture
def call(scene: Page) -> Page:
    scene.evaluate("enter('owner'); enter('mechanic')")
    return agreed(scene)


def until(page: Page, condition: str) -> Any:
    return page.wait_for_function(condition, timeout=PATIENCE * 1000).json_value()


def agreed(page: Page) -> Page:
    until(page, "agree()")
    return page


def test_two_peers_connect_and_send_audio_and_video(call: Page) -> None:
    until(call, "Object.values(sides).every(({ kinds }) => kinds.length >= 2)")
    assert call.evaluate("sides.owner.kinds.sort()") == ["audio", "video"]
    assert call.evaluate("sides.mechanic.kinds.sort()") == ["audio", "video"]
    assert call.evaluate("sides.owner.states") == ["connected"]


def test_a_peer_learns_the_camera_state_that_was_told_before_connecting(scene: Page) -> None:
    scene.evaluate("enter('owner'); sides.owner.tell({ camera: false }); enter('mechanic')")
    assert until(scene, "sides.mechanic.notes[0]") == {"camera": False}
    scene.evaluate("open('mechanic')[0].close(); sides.mechanic.restart()")
    assert until(scene, "sides.mechanic.notes[1]") == {"camera": False}


def test_two_peers_that_offer_at_once_agree(call: Page) -> None:
    before = call.evaluate("({ words: wire.words.length, ufrag: ufrag(open('owner')[0].localDescription) })")
    call.evaluate("sides.owner.restart(); sides.mechanic.restart()")
    until(call, f"new Set(said('offer', {before['words']})).size === 2 && agree()")
    assert call.evaluate("ufrag(open('owner')[0].localDescription)") != before["ufrag"]
    assert call.evaluate("wire.opened.length") == 2


def test_two_peers_connect_though_their_first_signals_are_lost(scene: Page) -> None:
    scene.evaluate("wire.cut = true; enter('owner'); enter('mechanic')")
    until(scene, "wire.words.length > 3")
    scene.evaluate("wire.cut = false")
    agreed(scene)


@pytest.mark.parametrize("who", ["owner", "mechanic"])
def test_a_lost_signal_is_sent_again(call: Page, who: str) -> None:
    """An offer goes nowhere; when there is a way again, the page says hello."""
    said = call.evaluate("wire.words.length")
    call.evaluate("who => { wire.cut = true; sides[who].restart(); }", who)
    until(call, f"said('offer', {said}).length > 0")
    call.evaluate("who => { wire.cut = false; sides[who].hello(); }", who)
    agreed(call)
    assert call.evaluate("wire.opened.length") == 2


@pytest.mark.parametrize("who", ["owner", "mechanic"])
def test_a_closed_peer_connection_is_made_anew(call: Page, who: str) -> None:
    call.evaluate("who => { for (const each of open(who)) each.close(); }", who)
    until(call, "wire.opened.length > 2")
    agreed(call)
    other = "mechanic" if who == "owner" else "owner"
    assert "lost" in call.evaluate("other => sides[other].states", other)


@pytest.mark.parametrize("who", ["owner", "mechanic"])
def test_a_peer_that_reopens_its_page_leaves_no_dead_connection(call: Page, who: str) -> None:
    """The page's connections end without a goodbye, as when a phone kills a page."""
    call.evaluate(
        """who => {
      const dead = open(who);
      enter(who);
      for (const each of dead) each.close();
    }""",
        who,
    )
    until(call, "wire.opened.length > 2")
    agreed(call)


def test_a_signal_of_an_earlier_page_is_ignored(call: Page) -> None:
    old = call.evaluate("""() => {
      const words = wire.words.filter(([name]) => name === "owner").map(([, word]) => word);
      enter("owner");
      return words;
    }""")
    assert any(word.get("hello") for word in old)
    until(call, "wire.opened.length > 2")
    agreed(call)
    opened = call.evaluate("wire.opened.length")
    call.evaluate("words => { for (const word of words) hear('mechanic', word); }", old)
    call.evaluate("() => { hear('mechanic', { from: 'x', to: 'somebody else', hello: true }); }")
    assert call.evaluate("sides.mechanic.state") == "connected"
    assert call.evaluate("wire.opened.length") == opened
    agreed(call)


def test_hanging_up_tells_the_peer(call: Page) -> None:
    call.evaluate("sides.owner.close()")
    until(call, "sides.mechanic.state === 'lost'")
    assert call.evaluate("wire.words.filter(([name, word]) => name === 'owner' && word.bye).length") == 1
    assert call.evaluate("[sides.owner.state, open('owner').length]") == ["closed", 0]
    until(call, "sides.mechanic.state === 'failed'")
    call.evaluate("enter('owner')")
    agreed(call)


def test_an_unanswered_request_for_relays_does_not_hold_up_the_call(scene: Page) -> None:
    scene.evaluate("""() => {
      let asked = 0;
      const found = { iceServers: [], relayOnly: false };
      enter("owner");
      enter("mechanic", { ways: () => (++asked > 1 ? new Promise(() => {}) : Promise.resolve(found)) });
    }""")
    agreed(scene)
    before = scene.evaluate("ufrag(open('mechanic')[0].localDescription)")
    scene.evaluate("sides.mechanic.restart()")
    until(scene, f"agree() && ufrag(open('mechanic')[0].localDescription) !== '{before}'")


def test_a_call_reveals_no_address_before_the_relay_policy_is_known(scene: Page) -> None:
    scene.evaluate("""() => {
      let known = null;
      enter("owner");
      enter("mechanic", { ways: async () => known });
      window.learn = () => (known = { iceServers: [], relayOnly: false });
    }""")
    until(scene, "said('offer').includes('mechanic')")
    assert scene.evaluate("open('mechanic')[0].getConfiguration().iceTransportPolicy") == "relay"
    words = scene.evaluate("JSON.stringify(wire.words.filter(([name]) => name === 'mechanic'))")
    assert "typ host" not in words
    scene.evaluate("learn()")
    agreed(scene)


WAYS = """async ({ answers, ages, anew }) => {
  let asked = 0;
  let now = 1_000_000;
  Date.now = () => now;
  window.fetch = async () => {
    const status = answers[Math.min(asked++, answers.length - 1)];
    const body = { ice_servers: [{ urls: [`turn:${asked}`] }], relay_only: true, valid_seconds: 100 };
    return new Response(JSON.stringify(body), { status });
  };
  const { freshWays } = await import("room/call/call-fallbacks");
  const ways = freshWays("s");
  const found = [];
  for (const age of ages) {
    now = 1_000_000 + age * 1000;
    const both = await Promise.all([ways(anew), ways(anew)]);
    found.push(...new Set(both.map((each) => each?.iceServers[0].urls[0] ?? null)));
  }
  return found;
}"""


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"ages": [0, 49]}, ["turn:1", "turn:1"]),
        ({"ages": [0, 51, 60, 102]}, ["turn:1", "turn:2", "turn:2", "turn:3"]),
        ({"ages": [0, -5]}, ["turn:1", "turn:2"]),  # the time of day was set back
        ({"ages": [0, 1], "anew": True}, ["turn:1", "turn:2"]),
        ({"ages": [0, 51, 52], "answers": [200, 500, 200]}, ["turn:1", "turn:1", "turn:3"]),
        ({"ages": [0, 0], "answers": [500, 200]}, [None, "turn:2"]),
    ],
)
def test_relay_credentials_are_renewed_in_time(
    browser_page: Page, given: dict[str, Any], found: list[str | None]
) -> None:
    assert browser_page.evaluate(WAYS, {"answers": [200], "anew": False} | given) == found
