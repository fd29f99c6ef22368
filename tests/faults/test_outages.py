"""Downtime: a missed deadline runs once, right after the restart, and no participant loses time."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.kit import scene
from tests.kit.server import Server
from tests.kit.sockets import Socket, room
from tests.kit.waiting import until

StartServer = Callable[..., Server]


def events(server: Server, session_id: UUID, kind: str) -> list[datetime]:
    """Return the recorded times of events of that kind."""
    rows = server.sql(
        f"SELECT at FROM autodoctor_sessions_sessionevent WHERE kind = '{kind}' "
        f"AND session_id = '{scene.key(server, session_id)}' ORDER BY seq"
    )
    return [datetime.fromisoformat(str(at)).replace(tzinfo=UTC) for (at,) in rows]


def column(server: Server, session_id: UUID, name: str) -> Any:
    query = f"SELECT {name} FROM autodoctor_sessions_session WHERE id = '{scene.key(server, session_id)}'"
    ((value,),) = server.sql(query)
    return value


def moment(server: Server, session_id: UUID, name: str) -> datetime:
    return datetime.fromisoformat(str(column(server, session_id, name))).replace(tzinfo=UTC)


def renewed_at(server: Server) -> datetime:
    """Return when the server's process last said that it is alive."""
    ((at,),) = server.sql("SELECT max(renewed_at) FROM autodoctor_sessions_process")
    return datetime.fromisoformat(str(at)).replace(tzinfo=UTC)


def reaches(server: Server, session_id: UUID, state: str) -> None:
    until(lambda: scene.state_of(server, session_id) == state)


def wait_past(deadline: datetime) -> None:
    time.sleep(max(0.0, (deadline - datetime.now(UTC)).total_seconds()))  # an outage is time that really passes


def test_a_request_whose_deadline_passed_while_down_is_expired_at_its_moment(start_server: StartServer) -> None:
    server = start_server(deadlines={"unattended": 4, "unnoticed": 60, "offer_stop": 60})
    id_ = scene.stage(server, "requested").id
    server.kill()
    due = moment(server, id_, "unattended_at")
    wait_past(due + timedelta(seconds=0.5))
    server.start()
    reaches(server, id_, "expired")
    assert events(server, id_, "session.expired") == [due]


ASK_AND_PAY = """
from django.utils import timezone
from autodoctor.accounts.models import User
from autodoctor.payments.models import Payment
from autodoctor.sessions.lifecycle import transitions
from autodoctor.sessions.models import Session

session = Session.objects.get(pk="{id}")
Session.objects.filter(pk=session.pk).update(asked_for=User.objects.get(email="{mechanic}"))
Payment.objects.filter(owner_id=session.pk).update(state="authorised", authorized_at=timezone.now())
transitions.admit_request(session_id=session.pk, now=timezone.now())
"""


def test_a_private_request_whose_time_passed_while_down_is_opened_once_at_its_moment(
    start_server: StartServer,
) -> None:
    server = start_server(deadlines={"private_free": 1})
    server.kill()
    talk = scene.stage(server, "draft")
    server.shell(ASK_AND_PAY.format(id=talk.id, mechanic=talk.mechanic.email))
    due = moment(server, talk.id, "private_until")
    wait_past(due)
    server.start()
    until(lambda: bool(events(server, talk.id, "session.opened")))
    server.kill()
    server.start()
    assert events(server, talk.id, "session.opened") == [due]
    assert column(server, talk.id, "private_until") is None


def test_a_draft_whose_deadline_passed_while_down_is_cancelled_at_its_moment(start_server: StartServer) -> None:
    server = start_server(deadlines={"checkout": 2, "unpaid_grace": 1})
    server.kill()
    id_ = scene.stage(server, "draft").id
    due = moment(server, id_, "payable_until") + timedelta(seconds=1)
    wait_past(due)
    server.start()
    reaches(server, id_, "cancelled")
    assert events(server, id_, "session.cancelled") == [due]


def test_an_outage_across_the_end_pauses_from_the_mechanics_last_sign_of_life(start_server: StartServer) -> None:
    server = start_server(deadlines={"lease_renewal": 0.5, "missing_grace": 1})
    talk = scene.stage(server, seconds=8)
    id_, customer, mechanic = talk.id, talk.customer, talk.mechanic
    with Socket(server, room(id_), customer) as mine, Socket(server, room(id_), mechanic) as theirs:
        for socket in (mine, theirs):
            socket.expect("welcome")
            socket.send("join")
            socket.send("ping")
            socket.expect("pong")
        both_in_at = datetime.now(UTC)
        until(lambda: renewed_at(server) > both_in_at)
        server.kill()
    last_sign_at = renewed_at(server)
    ends_at = moment(server, id_, "ends_at")
    wait_past(ends_at + timedelta(seconds=1))
    server.start()
    reaches(server, id_, "reconnecting")
    paused_at = moment(server, id_, "paused_at")
    assert paused_at == last_sign_at
    left = (ends_at - paused_at).total_seconds()
    with Socket(server, room(id_), customer) as mine, Socket(server, room(id_), mechanic) as theirs:
        for socket in (mine, theirs):
            socket.expect("welcome")
            socket.send("join")
        resumed = mine.expect("event", kind="session.resumed")
        back_at = datetime.fromisoformat(resumed["at"])
        assert moment(server, id_, "ends_at") - back_at == pytest.approx(
            timedelta(seconds=left), abs=timedelta(seconds=0.1)
        )
        mine.expect("event", kind="session.ended")
    assert column(server, id_, "end_reason") == "time_up"
    assert len(events(server, id_, "session.ended")) == 1
