"""Who is here, when the database goes away in the middle of it."""

from concurrent.futures import Future
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError

from autodoctor.accounts.models import User
from autodoctor.room.hub import presence as presence_module
from autodoctor.room.hub.event_bus import EventBus
from autodoctor.room.hub.presence import LATER, Admission, HandshakeRequest, Presence
from autodoctor.room.tests.live_session import cookie
from autodoctor.sessions.models import Connection, Session
from autodoctor.sessions.record import participants
from tests.kit.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_page_that_was_let_in_and_refused_is_nowhere(
    session: Session, customer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its person would count as here for as long as the server runs."""
    monkeypatch.setattr(presence_module, "_reload", timedelta)
    known = participants.presence

    def lost(*_: Any) -> Any:
        raise OperationalError("the database went away")

    presence, answer = Presence(EventBus()), Future[Admission]()
    presence.start()
    monkeypatch.setattr(participants, "presence", lost)
    assert presence._work([HandshakeRequest(cookie(customer), session.id, answer)]) == [LATER]
    with pytest.raises(OperationalError):
        answer.result(0)
    assert Connection.objects.filter(session=session).exists()
    monkeypatch.setattr(participants, "presence", known)
    presence._work([LATER])
    until(lambda: not Connection.objects.filter(session=session).exists(), 10)
    presence.stop()
