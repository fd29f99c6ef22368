"""The quality of a call's connection and its picture size, in a real browser."""

from typing import Any

import pytest
from playwright.sync_api import Page

GOOD: dict[str, Any] = {}
LOSSY = {"loss": 0.2}
FAIR = {"loss": 0.05}
FAR = {"rtt": 0.9}
TIGHT = {"limited": True, "available": 100_000}
SOUND_ONLY = 4
# Each look: its number of repetitions and its values. `bytes` arrive per second; `seconds` is the look's length.
LOOK = """async ({ looks, maxHeight }) => {
  const { LinkQuality, LADDER } = await import("room/call/link-quality");
  const quality = new LinkQuality(maxHeight ?? undefined);
  let bytes = 0, now = 1_000_000;
  const verdicts = [];
  for (const [times, seen] of looks) {
    const { loss = 0, rtt = 0.05, limited = false, available = 1e7, arrives = 25_000, seconds = 1 } = seen;
    for (let count = 0; count < times; count += 1) {
      bytes += arrives;
      now += seconds * 1000;
      verdicts.push(quality.look(new Map([
        ["in", { type: "inbound-rtp", kind: "video", bytesReceived: bytes, frameHeight: 480 }],
        ["out", { type: "outbound-rtp", qualityLimitationReason: limited ? "bandwidth" : "none" }],
        ["far", { type: "remote-inbound-rtp", fractionLost: loss }],
        ["pair", { type: "candidate-pair", nominated: true, state: "succeeded", currentRoundTripTime: rtt,
                   availableOutgoingBitrate: available }],
        ["old", { type: "candidate-pair", nominated: false, state: "failed", currentRoundTripTime: 9 }],
      ]), now));
    }
  }
  return verdicts.map((verdict) => ({ ...verdict, sends: LADDER[verdict.rung].height }));
}"""
Looks = list[tuple[int, dict[str, Any]]]


def looks(page: Page, *seen: tuple[int, dict[str, Any]], max_height: int | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate(LOOK, {"looks": seen, "maxHeight": max_height})
    return found


def sent(page: Page, *seen: tuple[int, dict[str, Any]], max_height: int | None = None) -> int:
    """Return the final height of the sent picture, in pixels."""
    return int(looks(page, *seen, max_height=max_height)[-1]["sends"])


@pytest.mark.parametrize(
    ("seen", "bars"),
    [
        (GOOD, 3),
        (FAIR, 2),
        ({"rtt": 0.4}, 2),
        (LOSSY, 1),
        (FAR, 1),
        ({"arrives": 0}, 0),
    ],
)
def test_the_bars_of_the_link_follow_loss_and_round_trip(browser_page: Page, seen: dict[str, Any], bars: int) -> None:
    verdict = looks(browser_page, (1, GOOD), (1, seen))[-1]
    assert (verdict["bars"], verdict["receiving"]) == (bars, bars > 0)


def test_the_shown_figures_of_the_link_are_those_measured(browser_page: Page) -> None:
    facts = looks(browser_page, (2, {"arrives": 50_000, "rtt": 0.12, "seconds": 2}))[-1]["facts"]
    assert facts == {"rtt": 120, "loss": 0, "received": 200, "height": 480}


@pytest.mark.parametrize("bad", [LOSSY, FAR, TIGHT])
def test_three_bad_measurements_in_a_row_lower_the_picture_quality(browser_page: Page, bad: dict[str, Any]) -> None:
    assert sent(browser_page, (2, bad)) == 720
    assert sent(browser_page, (3, bad)) == 480
    assert sent(browser_page, (2, bad), (1, GOOD), (2, bad)) == 720
    assert sent(browser_page, (6, bad)) == 360


def test_eight_good_measurements_in_a_row_raise_the_picture_quality(browser_page: Page) -> None:
    down = (6, LOSSY)
    assert sent(browser_page, down, (7, GOOD)) == 360
    assert sent(browser_page, down, (8, GOOD)) == 480
    assert sent(browser_page, down, (16, GOOD)) == 720
    assert sent(browser_page, down, (30, GOOD)) == 720
    assert sent(browser_page, down, (7, GOOD), (1, FAIR), (7, GOOD)) == 360, "what is only fair is no reason to climb"


def test_a_bandwidth_limit_that_leaves_room_does_not_lower_the_picture_quality(browser_page: Page) -> None:
    assert sent(browser_page, (9, {"limited": True, "available": 1_500_000})) == 720
    assert sent(browser_page, (9, {"limited": False, "available": 100_000})) == 720


def test_the_picture_quality_stays_within_what_the_preflight_allows(browser_page: Page) -> None:
    assert sent(browser_page, (1, GOOD), max_height=360) == 360
    assert sent(browser_page, (40, GOOD), max_height=360) == 360
    assert sent(browser_page, (3, LOSSY), max_height=360) == 180
    assert sent(browser_page, (3, LOSSY), (40, GOOD), max_height=360) == 360


def test_a_poor_link_carries_sound_only_and_the_picture_is_tried_later(browser_page: Page) -> None:
    down = (12, LOSSY)
    assert looks(browser_page, down)[-1]["rung"] == SOUND_ONLY
    assert sent(browser_page, down, (14, GOOD)) == 0
    assert sent(browser_page, down, (15, GOOD)) == 180
    assert sent(browser_page, down, (40, LOSSY)) == 0, "as long as it is poor, nothing is tried"
    assert sent(browser_page, down, (40, LOSSY), (1, GOOD)) == 180


def test_each_failed_try_of_the_picture_doubles_the_wait_before_the_next(browser_page: Page) -> None:
    fails_again: Looks = [(12, LOSSY), (15, GOOD), (3, LOSSY)]
    assert sent(browser_page, *fails_again, (29, GOOD)) == 0
    assert sent(browser_page, *fails_again, (30, GOOD)) == 180
    thrice: Looks = [*fails_again, (30, GOOD), (3, LOSSY)]
    assert sent(browser_page, *thrice, (59, GOOD)) == 0
    assert sent(browser_page, *thrice, (60, GOOD)) == 180


def test_a_picture_that_held_resets_the_wait_before_the_next_try(browser_page: Page) -> None:
    recovered: Looks = [(12, LOSSY), (15, GOOD), (3, LOSSY), (30, GOOD), (8, GOOD), (6, LOSSY)]
    assert sent(browser_page, *recovered) == 0
    assert sent(browser_page, *recovered, (15, GOOD)) == 180


def test_figures_of_the_link_start_anew_with_another_connection(browser_page: Page) -> None:
    found = browser_page.evaluate("""async () => {
      const { LinkQuality } = await import("room/call/link-quality");
      const quality = new LinkQuality();
      const report = (bytes) => new Map([["in", { type: "inbound-rtp", kind: "video", bytesReceived: bytes }]]);
      quality.look(report(90_000), 1000);
      quality.reset();
      return [quality.look(report(500), 2000), quality.look(new Map(), 3000)];
    }""")
    assert [verdict["receiving"] for verdict in found] == [True, False]
    assert found[0]["facts"]["received"] == 0
