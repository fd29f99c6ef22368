"""The room's modules in a real browser, against a socket server that the test speaks for."""

from typing import Any

import pytest
from playwright.sync_api import Page

from autodoctor.room.tests.exchange import Exchange, call, heard, until, until_heard


def test_the_channel_reconnects_after_the_last_event_it_has(browser_page: Page, exchange: Exchange) -> None:
    call(browser_page, after=7)
    first = exchange.answers()
    assert first.after == 7
    first.welcomes(seq=9)
    first.tells(8)
    first.tells(9)
    until_heard(browser_page, "event", 2)
    first.hangs_up(1001)
    again = exchange.answers()
    assert (again.after, again.attempt) == (9, first.attempt + 1)


def test_the_channel_takes_events_that_follow_the_welcome(browser_page: Page, exchange: Exchange) -> None:
    call(browser_page)
    line = exchange.answers().welcomes(seq=2)
    line.tells(1)
    line.tells(2)
    assert [event["seq"] for event in until_heard(browser_page, "event", 2)] == [1, 2]


def test_the_channel_drops_events_it_has_already(browser_page: Page, exchange: Exchange) -> None:
    call(browser_page)
    line = exchange.answers().welcomes()
    for seq in (1, 2, 2, 1, 4):
        line.tells(seq)
    assert [event["seq"] for event in until_heard(browser_page, "event", 3)] == [1, 2, 4]


def test_the_channel_does_not_ask_again_for_events_of_other_readers(browser_page: Page, exchange: Exchange) -> None:
    call(browser_page)
    line = exchange.answers().welcomes()
    line.served = 5
    until(browser_page, "channel.after === 5")
    line.hangs_up(1001)
    assert exchange.answers().after == 5


def test_an_unconfirmed_message_is_sent_again_under_the_same_id(browser_page: Page, exchange: Exchange) -> None:
    call(browser_page)
    line = exchange.answers().welcomes()
    until_heard(browser_page, "welcome")
    browser_page.evaluate("channel.say('It rattles')")
    sent = line.hears("message")
    line.hangs_up(1001)
    again = exchange.answers().welcomes()
    assert again.hears("message") == sent
    again.tells(1, client_id=sent["client_id"])
    until(browser_page, "channel.outbox.size === 0")


def test_an_event_shown_before_confirms_the_message_of_its_client_id(browser_page: Page, exchange: Exchange) -> None:
    call(browser_page, after=3)
    line = exchange.answers().welcomes()
    until_heard(browser_page, "welcome")
    browser_page.evaluate("channel.say('It rattles')")
    line.tells(3, client_id=line.hears("message")["client_id"])
    until(browser_page, "channel.outbox.size === 0")
    assert heard(browser_page, "event") == []


def test_offline_messages_wait_in_order_and_survive_a_reload(browser_page: Page, exchange: Exchange) -> None:
    call(browser_page)
    exchange.answers()  # never welcomes it
    browser_page.evaluate("channel.say('first'); channel.say('second')")
    ids = browser_page.evaluate("[...channel.outbox].map(entry => entry.client_id)")
    browser_page.reload()
    call(browser_page)
    line = exchange.answers().welcomes()
    frames = []
    for seq in (1, 2):
        frames.append(line.hears("message"))
        line.tells(seq, client_id=frames[-1]["client_id"])
    assert [(frame["client_id"], frame["text"]) for frame in frames] == [(ids[0], "first"), (ids[1], "second")]


def test_many_offline_messages_keep_their_order_when_the_server_slows_them_down(
    browser_page: Page, exchange: Exchange
) -> None:
    call(browser_page)
    texts = [f"line {number}" for number in range(60)]
    browser_page.evaluate("texts => texts.forEach((text) => channel.say(text))", texts)
    line = exchange.answers().welcomes()
    stored: list[str] = []
    refusals = 0
    while len(stored) < len(texts):
        frame = line.hears("message")
        if len(stored) % 20 == 19 and refusals < len(stored) // 20 + 1:
            refusals += 1
            line.says(type="error", client_id=frame["client_id"], code="too_fast", detail="Too quick.")
        else:
            stored.append(frame["text"])
            line.tells(len(stored), client_id=frame["client_id"])
    assert stored == texts
    until(browser_page, "channel.outbox.size === 0")


def test_a_message_refused_for_good_does_not_hold_up_the_next(browser_page: Page, exchange: Exchange) -> None:
    call(browser_page)
    line = exchange.answers().welcomes()
    browser_page.evaluate("channel.say('too long'); channel.say('short')")
    first = line.hears("message")
    line.says(type="error", client_id=first["client_id"], code="too_long", detail="Too long.")
    assert line.hears("message")["text"] == "short"


def test_the_channel_joins_again_after_a_reconnect(browser_page: Page, exchange: Exchange) -> None:
    call(browser_page)
    line = exchange.answers().welcomes()
    until_heard(browser_page, "welcome")
    browser_page.evaluate("channel.join()")
    line.hears("join")
    line.hangs_up(1001)
    exchange.answers().welcomes().hears("join")


def test_the_channel_joins_when_it_opens_on_a_page_that_takes_part_already(
    browser_page: Page, exchange: Exchange
) -> None:
    call(browser_page, joined=True)
    exchange.answers().welcomes().hears("join")


def test_the_channel_backs_off_further_each_time_with_jitter(browser_page: Page, exchange: Exchange) -> None:
    browser_page.evaluate("""() => {
        window.waits = [];
        const real = window.setTimeout;
        window.setTimeout = (act, wait) => (wait < 100 && waits.push(wait), real(act, wait));
        Math.random = () => 0.5;
    }""")
    call(browser_page, timing={"firstRetry": 8, "lastRetry": 50})
    for _attempt in range(5):
        exchange.answers().hangs_up(1011)
    until(browser_page, "waits.length >= 5")
    assert browser_page.evaluate("waits.slice(0, 5)") == [4, 8, 16, 25, 25]


def test_the_channel_waits_longer_for_a_welcome_each_time_it_comes_back(browser_page: Page, exchange: Exchange) -> None:
    """At a server to which thousands come back, whoever gives up soon and knocks again makes it busier still."""
    browser_page.evaluate("""() => {
        window.waits = [];
        const real = window.setTimeout;
        window.setTimeout = (act, wait) => (wait >= 40 && waits.push(wait), real(act, wait));
    }""")
    call(browser_page, timing={"welcome": 40, "lastWelcome": 100, "firstRetry": 1, "lastRetry": 1})
    for _attempt in range(6):
        exchange.answers()  # and says nothing
    assert browser_page.evaluate("waits.slice(0, 5)") == [40, 40, 80, 100, 100]


@pytest.mark.parametrize(("code", "why"), [(4401, "signed_out"), (4404, "gone"), (4409, "replaced")])
def test_the_channel_stops_after_a_closing_code_that_makes_retries_pointless(
    browser_page: Page, exchange: Exchange, code: int, why: str
) -> None:
    call(browser_page)
    exchange.answers().welcomes().hangs_up(code)
    until(browser_page, "channel.status.state === 'stopped'")
    assert browser_page.evaluate("channel.status.why") == why
    browser_page.evaluate("channel.check()")
    assert exchange.is_quiet()
    browser_page.evaluate("channel.retry()")  # "Use this window"
    exchange.answers().welcomes()
    until(browser_page, "channel.status.state === 'open'")


@pytest.mark.parametrize("code", [1001, 1011, 4408])
def test_the_channel_reconnects_after_any_other_closing_code(browser_page: Page, exchange: Exchange, code: int) -> None:
    call(browser_page)
    exchange.answers().welcomes().hangs_up(code)
    exchange.answers().welcomes()
    until_heard(browser_page, "welcome", 2)


def test_the_channel_notices_a_dead_socket_by_two_missing_pongs(browser_page: Page, exchange: Exchange) -> None:
    exchange.is_deaf = True
    call(browser_page)
    dead = exchange.answers().welcomes()
    dead.hears("ping")
    dead.hears("ping")
    assert exchange.answers() is not dead


def test_the_channel_reconnects_at_once_when_the_network_is_back(browser_page: Page, exchange: Exchange) -> None:
    call(browser_page, timing={"firstRetry": 10_000_000, "lastRetry": 10_000_000})
    exchange.answers().welcomes().hangs_up(1001)
    until(browser_page, "channel.status.state === 'lost'")
    browser_page.evaluate("dispatchEvent(new Event('online'))")
    exchange.answers()


def test_a_second_tap_does_not_restart_a_reconnect_under_way(browser_page: Page, exchange: Exchange) -> None:
    call(browser_page, timing={"probe": 10_000})
    exchange.answers().hangs_up(1011)
    until(browser_page, "channel.status.state === 'lost'")
    under_way = exchange.answers()
    browser_page.evaluate("channel.retry()")
    browser_page.evaluate("dispatchEvent(new Event('online'))")
    under_way.welcomes()
    until(browser_page, "channel.status.state === 'open'")
    assert exchange.is_quiet()


def test_the_channel_checks_its_socket_at_once_when_the_page_becomes_visible(
    browser_page: Page, exchange: Exchange
) -> None:
    exchange.is_deaf = True
    call(browser_page, timing={"ping": 10_000_000})
    exchange.answers().welcomes()
    until_heard(browser_page, "welcome")
    browser_page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # the phone wakes up
    exchange.answers()


def test_a_message_refused_as_too_fast_is_sent_again_and_one_too_long_is_not(
    browser_page: Page, exchange: Exchange
) -> None:
    call(browser_page)
    line = exchange.answers().welcomes()
    until_heard(browser_page, "welcome")
    browser_page.evaluate("channel.say('quick')")
    quick = line.hears("message")
    line.says(type="error", client_id=quick["client_id"], code="too_fast", detail="Too quick.")
    assert line.hears("message") == quick
    line.says(type="error", client_id=quick["client_id"], code="too_long", detail="Too long.")
    until(browser_page, "[...channel.outbox][0].state === 'failed'")
    assert browser_page.evaluate("[...channel.outbox][0].detail") == "Too long."


def test_a_message_whose_client_id_was_used_before_fails_and_gets_a_new_one(
    browser_page: Page, exchange: Exchange
) -> None:
    call(browser_page)
    line = exchange.answers().welcomes()
    until_heard(browser_page, "welcome")
    browser_page.evaluate("channel.say('mine')")
    first = line.hears("message")["client_id"]
    line.says(type="error", client_id=first, code="client_id_reused", detail="Sent before.")
    until(browser_page, "[...channel.outbox][0].state === 'failed'")
    browser_page.evaluate("id => channel.sayAgain(id)", first)
    again = line.hears("message")
    assert again["text"] == "mine"
    assert again["client_id"] != first


def test_the_channel_knows_the_servers_time_whatever_the_local_clock_says(
    browser_page: Page, exchange: Exchange
) -> None:
    call(browser_page)
    line = exchange.answers()
    line.now = "2031-01-01T00:00:00.000Z"
    line.welcomes()
    until_heard(browser_page, "welcome")
    ahead = browser_page.evaluate("channel.clock.now() - Date.parse('2031-01-01T00:00:00.000Z')")
    assert 0 <= ahead < 60_000


@pytest.mark.parametrize(
    ("session", "left"),
    [
        ({"granted_seconds": 1800}, 1800),
        ({"ends_at": "2026-03-02T12:10:00Z"}, 600),
        ({"ends_at": "2026-03-02T12:10:00Z", "paused_at": "2026-03-02T11:55:00Z"}, 900),
        ({"ends_at": "2026-03-02T12:10:00Z", "ended_at": "2026-03-02T12:04:00Z"}, 360),
        ({"ends_at": "2026-03-02T11:59:00Z"}, 0),
    ],
    ids=["before the start", "running", "paused", "ended early", "over"],
)
def test_the_clock_shows_what_the_server_says(browser_page: Page, session: dict[str, Any], left: int) -> None:
    times = {"granted_seconds": 1800, "ends_at": None, "paused_at": None, "ended_at": None} | session
    shown = browser_page.evaluate(
        "async ([times, now]) => (await import('room/clock/session-clock')).secondsLeft(times, Date.parse(now))",
        [times, "2026-03-02T12:00:00Z"],
    )
    assert shown == left


CLOCK = """async ([warn, last, left]) => {
  const { SessionClock } = await import("room/clock/session-clock");
  if (!customElements.get("session-clock")) customElements.define("session-clock", SessionClock);
  const shown = document.createElement("session-clock");
  Object.assign(shown.dataset, { warnSeconds: warn, lastSeconds: last });
  const ends_at = "2026-03-02T12:10:00Z";
  shown.show({ ends_at, paused_at: null, ended_at: null }, { now: () => Date.parse(ends_at) - left * 1000 });
  shown.disconnectedCallback();
  return shown.className;
}"""


@pytest.mark.parametrize(
    ("left", "look"), [(181, ""), (180, "countdown--warn"), (31, "countdown--warn"), (30, "countdown--last")]
)
def test_the_clock_warns_when_the_server_says(browser_page: Page, left: int, look: str) -> None:
    assert browser_page.evaluate(CLOCK, [180, 30, left]) == look


def test_the_server_and_the_script_turn_the_same_addresses_into_links(browser_page: Page) -> None:
    from autodoctor.conversations.templatetags.conversations import linked

    texts = [
        "see https://example.com/a?b=1&c=2, or (http://example.org).",
        'javascript:alert(1) <img src=x onerror="alert(1)"> data:text/html,x',
        'https://example.com/"><script>alert(1)</script>',
        "https:// nothing, https://a (https://) https://). www. end",
        "https://en.wikipedia.org/wiki/Jack_(device), (see https://example.com/a_(b)) [https://example.com/x[1]]",
        "Www.example.com/teile?x=1! HTTPS://EXAMPLE.COM。 me@www.example.com awww.example.com „https://example.com/ü“",
        "（见 https://例え.jp/テスト）。 «https://example.com» ”https://example.com” https://example.com/a…",
        "شاهد https://example.com/صفحة؟ و www.example.com/(x",
    ]
    theirs = browser_page.evaluate(
        """async (texts) => {
            const { linked } = await import("lib/links");
            const links = (root) => [...root.querySelectorAll("a")].map((link) => [link.href, link.rel, link.target]);
            return texts.map((text) => [links(linked(text)), linked(text).textContent]);
        }""",
        texts,
    )
    ours = browser_page.evaluate(
        """(pieces) => pieces.map((html) => {
            const root = new DOMParser().parseFromString(html, "text/html").body;
            const links = [...root.querySelectorAll("a")].map((link) => [link.href, link.rel, link.target]);
            return [links, root.textContent, root.querySelectorAll(":not(a)").length];
        })""",
        [str(linked(text)) for text in texts],
    )
    assert theirs == [[links, text] for links, text, _others in ours]
    assert [text for _links, text in theirs] == texts
    assert {others for *_rest, others in ours} == {0}
    assert all(
        link[0].startswith(("http://", "https://")) and "noopener" in link[1] for links, _ in theirs for link in links
    )
