"""Each kind of event has declared data: complete, as docs/protocol.md lists it, and as events are written."""

import re
from pathlib import Path

import pytest

from autodoctor.payments.job_kinds import DebtNews, DisputeNews, PaymentNews, RefundNews, StandstillNews
from autodoctor.sessions import event_data
from autodoctor.sessions.event_data import EventData, FileData, MessageData, SessionPayload
from autodoctor.sessions.event_kinds import EVENT_DATA
from autodoctor.sessions.models import SessionEvent
from autodoctor.sessions.states import EventKind

PROTOCOL = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text()
# What docs/protocol.md calls the data in its sentences, and the types that declare it.
LISTED = {
    "preflight.reported": event_data.PreflightData,
    "help.asked": event_data.HelpQuestionData,
    "help.answered": event_data.HelpAnswerData,
    "extension": event_data.Extension,
}


def own_keys(shape: type[EventData]) -> set[str]:
    """The keys beside the session's."""
    return set(shape.__annotations__) - {"session"}


def test_every_event_kind_has_declared_data() -> None:
    assert set(EVENT_DATA) == set(EventKind)


def test_the_session_in_event_data_has_the_fields_of_the_protocol() -> None:
    listed = re.search(r"`session` holds `([^`]*)`", PROTOCOL)
    assert listed
    assert list(SessionPayload.__annotations__) == re.split(r",\s+", listed[1])


@pytest.mark.parametrize(("name", "shape"), LISTED.items())
def test_the_data_of_each_event_kind_has_the_fields_of_the_protocol(name: str, shape: type[EventData]) -> None:
    """As in: `help.asked` carries `{"reason","text"}`."""
    listed = re.search(rf"`{re.escape(name)}`\s+(?:carries |is )?`(\{{.*?\}})`", PROTOCOL, re.DOTALL)
    assert listed
    outermost = re.sub(r":\{[^}]*\}", "", listed[1])
    assert own_keys(shape) == set(re.findall(r'"(\w+)"(?=[:,}])', outermost))


def test_every_rule_has_the_fields_of_the_protocol() -> None:
    section = PROTOCOL[PROTOCOL.index("## Rules") : PROTOCOL.index("The server's log has the same fields")]
    listed = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\|([^|]*)\|", section, re.MULTILINE))))
    assert own_keys(event_data.RuleData) == listed | {"seconds_left"}


@pytest.mark.parametrize(
    ("news", "shape"),
    [
        (PaymentNews, event_data.PaymentData),
        (RefundNews, event_data.RefundData),
        (DisputeNews, event_data.DisputeData),
        (DebtNews, event_data.DebtData),
        (StandstillNews, event_data.StandstillData),
    ],
)
def test_the_facts_of_payments_are_logged_as_they_are(news: type[PaymentNews], shape: type[EventData]) -> None:
    assert own_keys(shape) == set(news.__annotations__)


def test_event_data_is_read_as_its_kind_declares() -> None:
    event = SessionEvent(kind=EventKind.MESSAGE_POSTED, data={"text": "Hello"})
    assert event.data_as(MessageData)["text"] == "Hello"
    assert "session" not in event.data_as(EventData)
    with pytest.raises(TypeError, match=r"message\.posted carries no FileData"):
        event.data_as(FileData)
