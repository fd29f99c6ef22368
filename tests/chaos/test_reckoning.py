"""The reckoning of a chaos run finds what it is there to find."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from tests.chaos import reckoning
from tests.chaos.page import Page
from tests.chaos.reckoning import Logged, Money
from tests.kit.server import Person

SAID = "5f5c34a4-4c3a-4a53-9d1c-0a4f0a8f3f10"
LOG = [
    Logged(1, "session.started", None, "both"),
    Logged(2, "message.posted", SAID, "both"),
    Logged(3, "nudge.mechanic", None, "mechanic"),
    Logged(4, "session.ended", None, "both"),
]
SETTLED = Money("completed", due=999, captured=999, earned=999, receipts=1, endings=1)


def page(*seen: tuple[int, str, str | None], **more: Any) -> Page:
    servers: Any = ()
    return Page(Person("1", "a@example.org", {}), "customer", "", servers, Random(1), seen=list(seen), **more)


FIRST, SECOND, LAST = (1, "session.started", None), (2, "message.posted", SAID), (4, "session.ended", None)


@pytest.mark.parametrize(
    "whole",
    [page(FIRST, SECOND, LAST), page(FIRST, SECOND, confirmed={SAID}), page()],
    ids=["to the end", "not yet at the end", "never connected"],
)
def test_a_page_that_saw_the_log_in_order_is_in_order(whole: Page) -> None:
    assert list(reckoning.of_page(whole, LOG)) == []


@pytest.mark.parametrize(
    "broken",
    [
        page(FIRST, LAST),
        page(FIRST, SECOND, (3, "nudge.mechanic", None), LAST),
        page(FIRST, (2, "message.posted", None)),
        page(FIRST, confirmed={"c0ffee00-4c3a-4a53-9d1c-0a4f0a8f3f10"}),
        page(FIRST, wrong=["it saw 1 after 2"]),
    ],
    ids=["missed", "not for this person", "another message", "confirmed and lost", "out of order"],
)
def test_a_page_that_saw_something_else_is_named(broken: Page) -> None:
    assert len(list(reckoning.of_page(broken, LOG))) == 1


def test_a_log_with_a_gap_or_a_double_number_is_named() -> None:
    assert list(reckoning.of_log(LOG)) == []
    assert list(reckoning.of_log(LOG[:1] + LOG[2:])) == ["its log has gaps"]
    assert list(reckoning.of_log(LOG[:2] + LOG[1:])) == ["its log has gaps"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, []),
        ({"state": "cancelled", "due": 0, "captured": 0, "earned": 0, "receipts": 0}, []),
        ({"state": "live"}, ["it is live"]),
        ({"captured": 998, "earned": 998}, ["998 cents were charged, 999 are due"]),
        ({"earned": 1998}, ["999 cents were charged, 1998 were earned"]),
        ({"receipts": 2}, ["it has 2 receipts for 999 cents"]),
        ({"endings": 2}, ["it ended 2 times"]),
    ],
)
def test_a_session_that_is_not_settled_to_the_cent_is_named(change: dict[str, Any], said: list[str]) -> None:
    assert list(reckoning.of_money(replace(SETTLED, **change))) == said
