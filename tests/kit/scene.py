"""Sessions brought to a state on a running server's data, without going through the pages."""

import json
from dataclasses import dataclass
from uuid import UUID

from tests.kit.server import ENROL, Person, Server
from tests.kit.sockets import Frame, Socket, room

_ARRANGE = """
from uuid import uuid4
from datetime import timedelta
from django.db import transaction
from django.utils import timezone
from autodoctor.accounts.models import User
from autodoctor.payments.models import Payment
from autodoctor.sessions.lifecycle import endings, transitions

customer = User.objects.get(email="{customer}")
mechanic = User.objects.get(email="{mechanic}")
now = timezone.now()
terms = transitions.PlanTerms("chat", "Quick Chat", "chat", {seconds}, 999)
session = transitions.create_draft(
    customer=customer, terms=terms, vehicle={{"make": "Volvo"}}, concern="It rattles when cold", keep_card=False,
    now=now,
)
steps = {{
    "requested": lambda: (Payment.objects.filter(owner_id=session.id).update(state="authorised", authorized_at=now),
                          transitions.admit_request(session_id=session.id, now=now)),
    "accepted": lambda: transitions.accept_request(session_id=session.id, mechanic=mechanic, now=now),
    "waiting": lambda: [
        transitions.join_session(session_id=session.id, user=user, now=now) for user in (customer, mechanic)
    ],
    "live": lambda: transitions.start_session(session_id=session.id, by=mechanic, now=timezone.now()),
}}
with transaction.atomic():  # or the running server would notice on the way that no page of theirs is open
    for state, step in steps.items():
        if "{state}" == "draft":
            break
        step()
        if state == "{state}":
            break
    # Both count as present until a page of theirs has been opened and closed.
    session.participants.update(last_seen_at=None)
print(session.id)
"""

# Crowds are what some tests are about; people are slower.
_OF_PEOPLE = "changes checkouts device_checks documents help looks measurements messages sockets uploads waiting_list"
UNLIMITED = json.dumps({name: [1_000_000, 0.000_001] for name in _OF_PEOPLE.split()})


@dataclass(frozen=True)
class Talk:
    """A session with two people of its own."""

    server: Server
    customer: Person
    mechanic: Person
    id: UUID

    def open(self, person: Person, after: int = 0) -> Socket:
        """A page that has joined."""
        socket = Socket(self.server, room(self.id, after), person)
        socket.expect("welcome")
        socket.send("join")
        return socket

    def has_joined(self, person: Person) -> bool:
        """Return whether it is written that a page of this person has joined."""
        query = "SELECT user_id FROM autodoctor_sessions_connection WHERE joined AND session_id = %s"
        people = [str(id_).replace("-", "") for (id_,) in self.server.sql(query, key(self.server, self.id))]
        return person.id.replace("-", "") in people

    def messages_seen_by(self, person: Person) -> list[Frame]:
        """Return the messages that a new page of this person receives."""
        with self.open(person) as socket:
            last = socket.say("that is all")
            socket.expect("event", client_id=last)
            return [f for f in socket.frames if f["type"] == "event" and f["kind"] == "message.posted"][:-1]


def stage(server: Server, state: str = "live", *, seconds: float = 1800) -> Talk:
    """Two new people, signed in, and a session between them in that state."""
    number = len(server.enrolled)
    emails = [f"{role}-{number}-0@example.org" for role in ("customer", "mechanic")]
    enroll = "".join(
        ENROL.format(count=1, prefix=f"{role}-{number}-", mechanics=role == "mechanic")
        for role in ("customer", "mechanic")
    )
    arrange_ = _ARRANGE.format(state=state, customer=emails[0], mechanic=emails[1], seconds=seconds)
    *_, customers, mechanics, session_id = server.shell(enroll + arrange_).strip().splitlines()
    people = [
        Person(id_, email, {"sessionid": key}) for ((id_, email, key),) in map(json.loads, (customers, mechanics))
    ]
    server.enrolled.extend(people)
    return Talk(server, people[0], people[1], UUID(session_id))


def end(server: Server, session_id: UUID, email: str) -> None:
    """Ended by that person, from outside the server's process."""
    server.shell(
        "from uuid import UUID\n"
        "from django.utils import timezone\n"
        "from autodoctor.accounts.models import User\n"
        "from autodoctor.sessions.lifecycle import endings\n"
        f"by = User.objects.get(email='{email}')\n"
        f"endings.end_session(session_id=UUID('{session_id}'), by=by, now=timezone.now())"
    )


def state_of(server: Server, session_id: UUID) -> str:
    ((state,),) = server.sql(f"SELECT state FROM autodoctor_sessions_session WHERE id = '{key(server, session_id)}'")
    return str(state)


def messages_of(server: Server, session_id: UUID) -> list[tuple[int, str, str]]:
    """`(seq, client_id, at)` of every stored message, in order."""
    rows = server.sql(
        "SELECT seq, client_id, at FROM autodoctor_sessions_sessionevent "
        f"WHERE kind = 'message.posted' AND session_id = '{key(server, session_id)}' ORDER BY seq"
    )
    return [(seq, str(UUID(str(client_id))), str(at)) for seq, client_id, at in rows]


def key(server: Server, id_: UUID) -> str:
    """Return the UUID as this database stores it."""
    return id_.hex if server.is_sqlite else str(id_)
