"""The modules of the device check in a real browser: limits, words for browsers, devices, measuring."""

from statistics import median
from typing import Any

import pytest
from playwright.sync_api import Page

GREEN = {"rtt_ms": 40, "jitter_ms": 3, "loss_percent": 0, "up_kbit": 5000, "relay_kbit": 1300}
IMPORTED = "async (given) => {{ const module = await import('{name}'); return module.{call}; }}"
STATES = {"camera": "passed", "microphone": "passed", "speaker": "passed", "network": "passed"}


def ask(page: Page, name: str, call: str, given: Any = None) -> Any:
    """Evaluate `call` with the exports of a module; `call` may use `given`."""
    return page.evaluate(IMPORTED.format(name=name, call=call), given)


@pytest.mark.parametrize(
    ("figures", "level", "weakness"),
    [
        ({}, "green", ""),
        ({"loss_percent": None}, "green", ""),
        ({"rtt_ms": 201}, "amber", ""),
        ({"rtt_ms": 400}, "amber", ""),
        ({"rtt_ms": 401}, "red", "far"),
        ({"jitter_ms": 31}, "amber", ""),
        ({"jitter_ms": 51}, "red", "unsteady"),
        ({"loss_percent": 3}, "amber", ""),
        ({"loss_percent": 5.1}, "red", "unsteady"),
        ({"up_kbit": 999}, "amber", ""),
        ({"up_kbit": 350}, "amber", ""),
        ({"up_kbit": 349}, "red", "slow"),
        ({"up_kbit": 0}, "red", "slow"),
        ({"relay_kbit": None}, "green", ""),
        ({"relay_kbit": 999}, "amber", ""),
        ({"relay_kbit": 349}, "red", "slow"),
        ({"relay_kbit": 0, "loss_percent": 100}, "red", "blocked"),
        ({"rtt_ms": None, "jitter_ms": None, "up_kbit": None}, "red", "offline"),
    ],
)
def test_the_level_of_a_connection_follows_its_figures(
    browser_page: Page, figures: dict[str, Any], level: str, weakness: str
) -> None:
    assert ask(browser_page, "room/preflight/link-test", "judge(given)", GREEN | figures) == {
        "level": level,
        "weakness": weakness,
    }


# The page's time moves only while an answer is on its way: no busy machine is taken for a bad line.
MEASURE = """async ({ wait, refuse, hiccups }) => {
  document.body.innerHTML = '<input name="csrfmiddlewaretoken" type="hidden" value="t">';
  const asked = [];
  let now = 0;
  performance.now = () => now;
  window.fetch = async (address, options) => {
    asked.push([address, options.body?.size ?? 0, options.headers?.["X-CSRFToken"] ?? ""]);
    const hiccup = asked.length <= hiccups && asked.length % 2 ? 400 : 0;
    now += (options.body ? wait.upload : wait.ping) + hiccup;
    if (refuse) throw new TypeError("Failed to fetch");
    return new Response(null, { status: 204 });
  };
  const { measure } = await import("room/preflight/link-test");
  const shares = [];
  const figures = await measure({
    pingEvery: 0, signal: new AbortController().signal, progress: (share) => shares.push(share),
  });
  return { figures, asked, shares };
}"""


BUSY = """async () => {
  const { measure } = await import("room/preflight/link-test");
  const { fetch } = window;
  const waits = [];
  window.fetch = async (...asked) => {
    const begun = performance.now();
    const answer = await fetch(...asked);
    waits.push([asked[0], performance.now() - begun]);
    return answer;
  };
  let turn = 0;
  const busy = setInterval(() => {
    turn += 1;
    const until = performance.now() + [400, 600, 900][turn % 3];
    while (performance.now() < until);
  }, 1);
  const figures = await measure({
    pingEvery: 0, signal: new AbortController().signal, progress: () => {},
  });
  clearInterval(busy);
  const pings = waits.filter(([address]) => address === "/api/health").map(([, took]) => took);
  return { rtt: figures.rtt_ms, pings };
}"""


def measured(page: Page, *, ping: int = 5, upload: int = 20, refuse: bool = False, hiccups: int = 0) -> dict[str, Any]:
    given = {"wait": {"ping": ping, "upload": upload}, "refuse": refuse, "hiccups": hiccups}
    found: dict[str, Any] = page.evaluate(MEASURE, given)
    return found


def test_the_preflight_measures_round_trip_and_upload(browser_page: Page) -> None:
    found = measured(browser_page, ping=20)
    assert found["figures"]["rtt_ms"] == 20
    assert found["figures"]["up_kbit"] > 1000
    assert found["figures"]["loss_percent"] is None
    pings = [address for address, _, _ in found["asked"] if address == "/api/health"]
    assert len(pings) == 11  # the first opens the connection, and does not count
    assert found["asked"][-2:] == [["/api/check/upload", 64 * 1024, "t"], ["/api/check/upload", 250 * 1024, "t"]]
    assert found["shares"] == sorted(found["shares"])
    assert found["shares"][-1] == 1


def test_an_unsteady_connection_is_measured_again_before_it_counts(browser_page: Page) -> None:
    found = measured(browser_page, hiccups=11)
    assert found["figures"]["jitter_ms"] == 0
    assert found["shares"] == sorted(found["shares"])


def test_a_repeatedly_unsteady_connection_is_called_unsteady(browser_page: Page) -> None:
    found = measured(browser_page, hiccups=22)
    assert found["figures"]["jitter_ms"] > 200
    assert [address for address, _, _ in found["asked"]].count("/api/health") == 22


def test_a_busy_page_does_not_count_as_an_unsteady_connection(browser_page: Page) -> None:
    """The page hears of every answer late; the browser knows when it came."""
    found = browser_page.evaluate(BUSY)
    rounds = [found["pings"][first : first + 10] for first in range(1, len(found["pings"]), 11)]
    assert found["rtt"] < min(median(one) for one in rounds)


def test_a_slow_connection_is_measured_with_one_small_upload(browser_page: Page) -> None:
    found = measured(browser_page, upload=900)
    assert [size for address, size, _ in found["asked"] if address == "/api/check/upload"] == [64 * 1024]
    assert found["figures"]["up_kbit"] == pytest.approx(64 * 1024 * 8 / (900 - 5), abs=1)


def test_the_preflight_stops_measuring_when_the_server_does_not_answer(browser_page: Page) -> None:
    found = measured(browser_page, refuse=True)
    assert set(found["figures"].values()) == {None}
    assert {address for address, _, _ in found["asked"]} == {"/api/health"}


def test_the_preflight_sends_data_through_a_test_call(browser_page: Page) -> None:
    """There is no relay here, so the test connects directly."""
    found = ask(browser_page, "room/preflight/relay-test", "passThrough([], { seconds: 1, policy: 'all' })")
    assert found["loss_percent"] < 50
    assert found["kbit"] > 100


def test_a_test_call_fails_through_an_unreachable_relay(browser_page: Page) -> None:
    found = ask(browser_page, "room/preflight/relay-test", "passThrough([], { limit: 100 })")
    assert found == {"loss_percent": 100, "kbit": 0}
    assert ask(browser_page, "room/preflight/relay-test", "hasRelay(given)", [{"urls": ["stun:a"]}]) is False
    assert (
        ask(browser_page, "room/preflight/relay-test", "hasRelay(given)", [{"urls": "stun:a"}, {"urls": ["turns:b"]}])
        is True
    )


IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1"
IPAD = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15"
PIXEL = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/131.0.0.0 Mobile Safari/537.36"


@pytest.mark.parametrize(
    ("agent", "fingers", "names"),
    [
        (IPHONE, 5, ["safari-ios", "ios", "safari"]),
        (IPHONE.replace("Version/18.0", "CriOS/131.0"), 5, ["chrome-ios", "ios", "chrome"]),
        (IPAD, 5, ["safari-ios", "ios", "safari"]),
        (IPAD, 0, ["safari-mac", "mac", "safari"]),
        (PIXEL, 5, ["chrome-android", "android", "chrome"]),
        (PIXEL.replace("Mobile", "SamsungBrowser/27"), 5, ["samsung-android", "android", "samsung"]),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/131 Safari/537.36 Edg/131", 0, ["edge-windows", "windows", "edge"]),
        (
            "Mozilla/5.0 (X11; Linux x86_64) Firefox/133.0",
            0,
            ["firefox-linux", "linux", "firefox"],
        ),
        ("curl/8", 0, ["other-other", "other", "other"]),
    ],
)
def test_the_browser_is_named_from_its_user_agent_and_touch_points(
    browser_page: Page, agent: str, fingers: int, names: list[str]
) -> None:
    assert ask(browser_page, "lib/browser-name", "namesOf(given[0], given[1])", [agent, fingers]) == names


@pytest.mark.parametrize(
    ("changes", "may_chat", "phase", "ways"),
    [
        ({}, True, "ready", []),
        ({"speaker": "skipped"}, True, "ready", []),
        ({"speaker": "waiting"}, True, "hearing", []),
        ({"network": "checking", "speaker": "waiting"}, True, "checking", []),
        ({"camera": "failed"}, True, "failed", ["audio", "chat"]),
        ({"camera": "failed"}, False, "failed", ["audio"]),
        ({"camera": "failed", "network": "checking"}, True, "failed", ["chat"]),
        ({"camera": "failed", "speaker": "waiting"}, True, "failed", ["chat"]),
        ({"network": "failed"}, True, "failed", ["photos", "chat"]),
        ({"network": "failed", "camera": "failed"}, False, "failed", ["photos"]),
        ({"microphone": "failed"}, True, "failed", ["chat"]),
        ({"speaker": "failed"}, True, "failed", ["chat"]),
        ({"speaker": "failed"}, False, "failed", []),
    ],
)
def test_the_phase_of_the_preflight_and_its_lesser_ways_follow_the_checks(
    browser_page: Page, changes: dict[str, str], may_chat: bool, phase: str, ways: list[str]
) -> None:
    states = STATES | changes
    assert ask(browser_page, "room/preflight/preflight-fallbacks", "phaseOf(given)", states) == phase
    call = "lesserWays(given[0], { mayChat: given[1] })"
    assert ask(browser_page, "room/preflight/preflight-fallbacks", call, [states, may_chat]) == ways


def test_only_chat_is_offered_where_no_call_gets_through(browser_page: Page) -> None:
    states = STATES | {"network": "failed"}
    call = "lesserWays(given, { mayChat: true, mayTalk: false })"
    assert ask(browser_page, "room/preflight/preflight-fallbacks", call, states) == ["chat"]


def test_the_preflight_reports_an_unfinished_check_as_skipped(browser_page: Page) -> None:
    states = {"camera": "failed", "microphone": "passed", "speaker": "skipped", "network": "checking"}
    assert ask(browser_page, "room/preflight/preflight-fallbacks", "outcomes(given)", states) == {
        "camera": "failed",
        "microphone": "passed",
        "speaker": "skipped",
        "network": "skipped",
    }


@pytest.mark.parametrize(
    ("name", "message", "reason"),
    [
        ("NotAllowedError", "Permission denied", "denied"),
        ("NotAllowedError", "Permission denied by system", "system"),
        ("NotFoundError", "Requested device not found", "missing"),
        ("OverconstrainedError", "", "missing"),
        ("NotReadableError", "Could not start video source", "busy"),
        ("AbortError", "", "busy"),
        ("WeirdError", "", "unclear"),
    ],
)
def test_the_error_of_a_device_that_does_not_open_has_a_reason(
    browser_page: Page, name: str, message: str, reason: str
) -> None:
    assert ask(browser_page, "room/call/devices", "reasonOf(given)", {"name": name, "message": message}) == reason


REPORT = """async (statuses) => {
  const sent = [];
  window.fetch = async (address, { body }) => {
    sent.push(JSON.parse(body));
    return new Response(JSON.stringify({ detail: "Because." }), { status: statuses.shift() ?? 200 });
  };
  const { PreflightReport } = await import("room/preflight/preflight-report");
  const report = new PreflightReport("/there", "t");
  report.tell({ n: 1 });
  report.tell({ n: 2 });
  const answers = [await report.now({ n: 3 }), await report.now({ n: 3 })];
  return { sent, answers };
}"""


def test_of_preflight_reports_at_once_only_the_last_is_sent(browser_page: Page) -> None:
    found = browser_page.evaluate(REPORT, [200])
    assert found["sent"] == [{"n": 3}]
    assert found["answers"] == [{"done": True, "detail": ""}] * 2


def test_two_preflight_reports_are_sent_at_least_a_second_apart(browser_page: Page) -> None:
    took = browser_page.evaluate("""async () => {
      window.fetch = async () => new Response(null, { status: 200 });
      const { PreflightReport } = await import("room/preflight/preflight-report");
      const report = new PreflightReport("/there", "t");
      await report.now({ n: 1 });
      const begun = performance.now();
      await report.now({ n: 2 });
      return performance.now() - begun;
    }""")
    assert took > 1000


def test_a_preflight_report_waits_for_the_one_being_sent(browser_page: Page) -> None:
    """On a slow connection both reports would be sent at once, and the server would refuse the choice."""
    gaps = browser_page.evaluate("""async () => {
      const begun = [], done = [];
      window.fetch = async () => {
        begun.push(performance.now());
        await new Promise((resolve) => setTimeout(resolve, 300));
        done.push(performance.now());
        return new Response(null, { status: 200 });
      };
      const { PreflightReport } = await import("room/preflight/preflight-report");
      const report = new PreflightReport("/there", "t");
      await Promise.all([report.now({ n: 1 }), report.now({ n: 2 })]);
      return begun.slice(1).map((moment, place) => moment - done[place]);
    }""")
    assert [gap > 1000 for gap in gaps] == [True]


def test_a_refused_preflight_report_comes_with_the_servers_sentence(browser_page: Page) -> None:
    found = browser_page.evaluate(REPORT, [409])
    assert found["answers"][0] == {"done": False, "detail": "Because."}
