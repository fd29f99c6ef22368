"""The words for the end of a session."""

import pytest

from autodoctor.accounts.models import Role, User
from autodoctor.sessions.end_reasons import WORDS, heading, outcome
from autodoctor.sessions.models import Session
from autodoctor.sessions.states import EndReason


def test_every_reason_has_its_words() -> None:
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
