"""Settlement: the table of charges as arithmetic."""

from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodoctor.payments.formatting import too_small_to_charge
from autodoctor.payments.models import Payment
from autodoctor.sessions.models import Session
from autodoctor.sessions.rules import settlement
from autodoctor.sessions.rules.settlement import ChargeRule
from autodoctor.sessions.states import EndReason
from autodoctor.sessions.tests.story import NOON


def parts(*bought: tuple[int, int]) -> list[Payment]:
    """Booking first, then extensions: (cents, seconds) each."""
    return [
        Payment(
            id=uuid4(),
            purpose="extension" if number else "booking",
            amount_cents=cents,
            seconds=seconds,
            created_at=NOON + timedelta(minutes=number),
            granted_at=NOON + timedelta(minutes=number) if number else None,
        )
        for number, (cents, seconds) in enumerate(bought)
    ]


def ended(reason: str, *, granted: int, used: int, solved: bool | None = None) -> Session:
    return Session(
        granted_seconds=granted,
        started_at=NOON,
        ends_at=NOON + timedelta(seconds=granted),
        ended_at=NOON + timedelta(seconds=used),
        end_reason=reason,
        solved=solved,
    )


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("unpaid", [0, 0]),
        ("cancelled_by_customer", [0, 0]),
        ("cancelled_by_support", [0, 0]),
        ("unattended", [0, 0]),
        ("asked_unavailable", [0, 0]),
        ("never_started", [0, 0]),
        ("cancelled_late", [499, 0]),
        ("customer_no_show", [499, 0]),
        ("time_up", [999, 1499]),
        ("ended_by_customer", [999, 1499]),
        ("customer_lost", [999, 1499]),
        ("mechanic_lost", [999, 499]),
        ("exceeded_3h_limit", [999, 499]),
        ("ended_by_support", [999, 499]),
    ],
)
def test_the_captured_amount_follows_the_end_reason(reason: str, expected: list[int]) -> None:
    payments = parts((999, 1800), (1499, 900))
    due = settlement.amounts_due(ended(reason, granted=2700, used=2100), payments)
    assert due == {payment.id: cents for payment, cents in zip(payments, expected, strict=True)}


@pytest.mark.parametrize("solved", [None, True, False])
@pytest.mark.parametrize("reason", EndReason)
def test_every_end_reason_has_a_row_in_the_table_of_charges(reason: EndReason, solved: bool | None) -> None:
    rule = settlement.charge_rule(ended(reason, granted=1800, used=900, solved=solved))
    assert (rule is ChargeRule.ASK) == (reason is EndReason.ENDED_BY_MECHANIC and solved is None)


def test_an_end_reason_without_a_row_is_refused_instead_of_charged() -> None:
    with pytest.raises(ValueError, match="what_nobody_thought_of"):
        settlement.amounts_due(ended("what_nobody_thought_of", granted=2700, used=2100), parts((999, 1800)))


@pytest.mark.parametrize(
    ("reason", "solved", "line"),
    [
        ("unattended", None, "nothing"),
        ("cancelled_late", None, "half"),
        ("mechanic_lost", None, "used"),
        ("time_up", None, "all"),
        ("ended_by_mechanic", None, "ask"),
        ("ended_by_mechanic", True, "all"),
        ("ended_by_mechanic", False, "used"),
    ],
)
def test_the_charge_rule_that_applies_to_an_end_is_named(reason: str, solved: bool | None, line: str) -> None:
    assert settlement.charge_rule(ended(reason, granted=1800, used=900, solved=solved)) == line


def test_nothing_is_due_until_the_customer_says_whether_it_is_solved() -> None:
    payments = parts((1000, 1000))
    assert settlement.amounts_due(ended("ended_by_mechanic", granted=1000, used=250), payments) == {}
    for solved, cents in ((True, 1000), (False, 250)):
        session = ended("ended_by_mechanic", granted=1000, used=250, solved=solved)
        assert settlement.amounts_due(session, payments) == {payments[0].id: cents}


def test_nothing_is_due_of_an_extension_whose_time_was_never_given() -> None:
    booking, extension = parts((999, 1800), (1499, 900))
    extension.granted_at = None
    assert settlement.amounts_due(ended("time_up", granted=1800, used=1800), [booking, extension]) == {
        booking.id: 999,
        extension.id: 0,
    }


def test_the_used_seconds_fill_the_booking_first_and_then_each_extension_in_order() -> None:
    booking, first, second = parts((1000, 1000), (100, 100), (200, 200))
    shuffled = [second, booking, first]
    assert settlement.in_order(shuffled) == [booking, first, second]
    due = settlement.amounts_due(ended("mechanic_lost", granted=1300, used=1150), shuffled)
    assert due == {booking.id: 1000, first.id: 100, second.id: 50}


def test_an_extension_asked_for_before_the_booking_was_written_comes_after_it_all_the_same() -> None:
    booking, extension = parts((1000, 1000), (100, 100))
    extension.created_at = booking.created_at - timedelta(seconds=1)
    assert settlement.in_order([extension, booking]) == [booking, extension]


def test_no_seconds_have_no_used_share() -> None:
    (booking,) = parts((999, 0))
    assert settlement.amounts_due(ended("mechanic_lost", granted=1800, used=900), [booking]) == {booking.id: 0}


def test_a_pause_is_not_used_time() -> None:
    session = ended("mechanic_lost", granted=1800, used=900)
    session.paused_at = NOON + timedelta(seconds=600)
    assert settlement.used_seconds(session) == 600


def test_a_pause_that_began_after_the_end_takes_nothing_away() -> None:
    session = ended("mechanic_lost", granted=1800, used=900)
    session.paused_at = NOON + timedelta(seconds=1000)
    assert settlement.used_seconds(session) == 900


@pytest.mark.parametrize(
    ("used", "expected"), [(0, 0), (-5, 0), (0.9, 0), (1, 1), (1799.9, 1799), (1800, 1800), (2000, 1800)]
)
def test_whole_seconds_of_the_granted_time_are_used(used: float, expected: int) -> None:
    session = ended("mechanic_lost", granted=1800, used=0)
    session.ended_at = NOON + timedelta(seconds=used)
    assert settlement.used_seconds(session) == expected


@pytest.mark.parametrize("missing", ["started_at", "ends_at", "ended_at"])
def test_a_session_that_did_not_run_used_nothing(missing: str) -> None:
    session = ended("mechanic_lost", granted=1800, used=900)
    setattr(session, missing, None)
    assert settlement.used_seconds(session) == 0


def test_more_time_than_was_held_is_not_used() -> None:
    """The session ends an hour after the granted time."""
    session = ended("mechanic_lost", granted=1800, used=60)
    session.ends_at = NOON + timedelta(hours=1, seconds=1800)
    assert settlement.used_seconds(session) == 0


# A call that became a chat costs what a chat costs


@pytest.mark.parametrize(
    ("kind", "chat_price", "expected"),
    [("chat", 999, 999), ("chat", None, 2999), ("video", 999, 2999), ("diagnostic", 999, 2999), ("chat", 5000, 2999)],
)
def test_a_call_turned_chat_is_settled_at_the_chat_price(kind: str, chat_price: int | None, expected: int) -> None:
    booking, extension = parts((2999, 2700), (1499, 900))
    session = ended("time_up", granted=3600, used=3600)
    session.kind, session.chat_price_cents, session.price_cents = kind, chat_price, 2999
    assert settlement.amounts_due(session, [booking, extension]) == {booking.id: expected, extension.id: 1499}
    assert settlement.agreed_cents(session) == expected
    assert settlement.late_cancel_cents(session) == expected * 50 // 100
    session.end_reason = "cancelled_late"
    assert settlement.amounts_due(session, [booking, extension]) == {booking.id: expected * 50 // 100, extension.id: 0}


@pytest.mark.parametrize(
    ("kind", "chat_seconds", "expected"),
    [
        ("chat", 1800, [499, 0]),  # half an hour bought, a quarter used
        ("chat", 600, [999, 499]),  # what it did not buy was the extension's
        ("chat", None, [333, 0]),
        ("chat", 5400, [333, 0]),  # never more time than was booked
        ("video", 1800, [999, 0]),
    ],
)
def test_the_used_share_of_a_call_turned_chat_is_of_the_chat_s_time(
    kind: str, chat_seconds: int | None, expected: list[int]
) -> None:
    booking, extension = parts((2999, 2700), (1499, 900))
    session = ended("mechanic_lost", granted=3600, used=900)
    session.kind, session.chat_price_cents, session.price_cents = kind, 999, 2999
    session.chat_seconds = chat_seconds
    assert list(settlement.amounts_due(session, [booking, extension]).values()) == expected


def test_the_mechanic_gets_seventy_percent_rounded_down() -> None:
    assert [settlement.mechanic_share_cents(cents) for cents in (0, 1, 999, 2999)] == [0, 0, 699, 2099]


# The charge if the session ended now


@pytest.mark.parametrize(
    ("used", "is_given_up"),
    [(30, True), (1830, True), (600, False), (2700, False), (0, False)],
    ids=["all of it", "the extension's", "nothing small", "everything used", "nothing due"],
)
def test_what_is_too_small_for_a_card_is_given_up_with_a_sentence(used: int, is_given_up: bool) -> None:
    session = ended("ended_by_mechanic", granted=2700, used=used)
    session.currency = "usd"
    sentence = settlement.given_up_if(session, parts((999, 1800), (999, 900)), solved=False)
    assert sentence == (too_small_to_charge("usd") if is_given_up else "")


def test_the_offer_to_pay_the_used_share_stands_from_its_moment_on() -> None:
    assert settlement.has_used_share_offer(Session(used_share_from=NOON))
    assert not settlement.has_used_share_offer(Session())


def test_computing_the_price_leaves_the_session_unchanged() -> None:
    payments = parts((999, 1800), (1499, 900))
    session = ended("ended_by_mechanic", granted=2700, used=2100)
    assert settlement.amounts_due_if(session, payments, solved=True) == 999 + 1499
    assert settlement.amounts_due_if(session, payments, solved=False) == 999 + 499
    assert settlement.amounts_due_if(session, payments, end_reason="unattended") == 0
    assert (session.end_reason, session.solved) == ("ended_by_mechanic", None)


@pytest.mark.parametrize(("cents", "expected"), [(49, 0), (50, 50), (51, 51)])
def test_a_due_amount_below_the_smallest_charge_is_given_up(cents: int, expected: int) -> None:
    payments = parts((1000, 1800), (cents, 900))
    assert settlement.amounts_due_if(ended("time_up", granted=2700, used=2700), payments) == 1000 + expected


# Whether every payment is settled


@pytest.mark.parametrize(
    ("state", "payments", "expected"),
    [
        ("completed", [("captured", True)], True),
        ("expired", [("released", True)], True),
        ("completed", [("captured", True), ("failed", False)], True),
        ("completed", [("authorised", True)], False),
        ("completed", [("captured", True), ("authorised", True)], False),
        ("completed", [("captured", True), ("created", False)], False),
        ("live", [("captured", True)], False),
        ("cancelled", [("failed", False)], False),
        ("cancelled", [], False),
    ],
)
def test_a_session_is_settled_once_every_hold_is_charged_or_released(
    state: str, payments: list[tuple[str, bool]], expected: bool
) -> None:
    found = [Payment(state=each, authorized_at=NOON if held else None) for each, held in payments]
    assert settlement.is_settled(Session(state=state), found) is expected


@given(
    bought=st.lists(st.tuples(st.integers(1, 50_000), st.integers(1, 20_000)), min_size=1, max_size=5),
    used=st.integers(0, 120_000),
)
def test_a_used_share_is_never_more_than_was_held_and_all_of_it_when_all_was_used(
    bought: list[tuple[int, int]], used: int
) -> None:
    payments = parts(*bought)
    granted = sum(payment.seconds for payment in payments)
    due = settlement.amounts_due(ended("mechanic_lost", granted=granted, used=used), payments)
    assert due is not None
    assert all(0 <= due[payment.id] <= payment.amount_cents for payment in payments)
    if used >= granted:
        assert sum(due.values()) == sum(payment.amount_cents for payment in payments)
    if used == 0:
        assert sum(due.values()) == 0
