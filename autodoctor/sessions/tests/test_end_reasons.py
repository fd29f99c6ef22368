"""The words for the end of a session."""

import pytest

from autodoctor.accounts.models import Role, User
from autodoctor.sessions.end_reasons import WORDS, heading, mail_words, outcome
from autodoctor.sessions.models import Session
from autodoctor.sessions.states import EndReason


def test_every_end_reason_has_words() -> None:
    assert set(WORDS) == set(EndReason)


@pytest.mark.parametrize(
    ("reason", "role", "as_heading", "in_a_list"),
    [
        ("ended_by_customer", "customer", "You ended the session", "You ended it"),
        ("ended_by_customer", "mechanic", "Ann ended the session", "Ended by the customer"),
        ("ended_by_mechanic", "mechanic", "You ended the session early", "You ended it early"),
        ("ended_by_mechanic", "support", "Bob ended the session early", "Ended early by the mechanic"),
        (
            "exceeded_3h_limit",
            "customer",
            "The session reached the maximum length of 3 hours",
            "Reached the maximum length",
        ),
    ],
)
def test_end_words_depend_on_the_reader(reason: str, role: Role, as_heading: str, in_a_list: str) -> None:
    session = Session(end_reason=reason, customer=User(name="Ann"), mechanic=User(name="Bob"))
    assert heading(session, role, cap_seconds=3 * 60 * 60) == as_heading
    assert outcome(session, role) == in_a_list


@pytest.mark.parametrize(
    ("reason", "in_the_mail"),
    [
        (
            "customer_no_show",
            "was in the room and waited for you. Half of the price is charged and the rest is released.",
        ),
        (
            "cancelled_late",
            "You canceled your Quick Chat after a mechanic had worked for you. Half of the price",
        ),
        ("never_started", "We are sorry that we wasted your time. Nothing is charged."),
        ("cancelled_by_support", "Your Quick Chat did not take place. Nothing is charged."),
        ("mechanic_lost", "Your mechanic lost the connection during your Quick Chat. You pay only for the time used."),
        ("exceeded_3h_limit", "Your Quick Chat with Bob is over."),
    ],
)
def test_the_customers_mail_says_what_is_charged(reason: str, in_the_mail: str) -> None:
    session = Session(end_reason=reason, plan_name="Quick Chat", customer=User(name="Ann"), mechanic=User(name="Bob"))
    assert in_the_mail in mail_words(session)


def test_the_end_names_the_mechanic_whom_the_customer_wanted_alone() -> None:
    session = Session(
        end_reason="asked_unavailable", plan_name="Quick Chat", customer=User(name="Ann"), asked_for=User(name="Bob")
    )
    assert outcome(session, Role.CUSTOMER) == "Bob could not take it"
    assert "Bob could not take your Quick Chat. Nothing is charged." in mail_words(session)


def test_every_end_reason_but_two_has_a_mail() -> None:
    """Of a booking that was not paid nobody is told; after an early end the mail asks whether the problem is solved."""
    without = {reason for reason, words in WORDS.items() if words.mail is None}
    assert without == {EndReason.UNPAID, EndReason.ENDED_BY_MECHANIC}
