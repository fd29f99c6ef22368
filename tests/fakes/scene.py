"""Sessions brought to a state on a running server's data, without going through the pages."""

from uuid import UUID

from tests.fakes.server import Person, Server

_ARRANGE = """
from uuid import uuid4
from datetime import timedelta
from django.utils import timezone
from autodoctor.accounts.models import User
from autodoctor.payments.models import Payment
from autodoctor.sessions import actions

customer = User.objects.get(email="{customer}")
mechanic = User.objects.get(email="{mechanic}")
now = timezone.now()
terms = actions.PlanTerms("chat", "Quick Chat", "chat", {seconds}, 999)
session = actions.draft(customer=customer, terms=terms, vehicle={{"make": "Volvo"}}, concern="It rattles when cold",
                        keep_card=False, now=now)
steps = {{
    "requested": lambda: (Payment.objects.filter(owner_id=session.id).update(state="authorised", authorised_at=now),
                          actions.admit(session_id=session.id, now=now)),
    "accepted": lambda: actions.accept(session_id=session.id, mechanic=mechanic, now=now),
    "waiting": lambda: [actions.join(session_id=session.id, user=user, now=now) for user in (customer, mechanic)],
    "live": lambda: actions.start(session_id=session.id, by=mechanic, now=timezone.now()),
}}
for state, step in steps.items():
    if "{state}" == "draft":
        break
    step()
    if state == "{state}":
        break
print(session.id)
"""

# Crowds of frames are what some tests are about; people are slower.
UNLIMITED = '{"messages_at_once": 100000, "messages_a_second": 100000, "heartbeat": 1}'


def arrange(server: Server, state: str, *, customer: Person, mechanic: Person, seconds: float = 1800) -> UUID:
    """A session between these two in that state; `seconds` of time were sold. Returns its id."""
    code = _ARRANGE.format(state=state, customer=customer.email, mechanic=mechanic.email, seconds=seconds)
    return UUID(server.shell(code).strip().splitlines()[-1])


def end(server: Server, session_id: UUID, email: str) -> None:
    """Ended by that person, from outside the server's process."""
    server.shell(
        "from django.utils import timezone\n"
        "from autodoctor.accounts.models import User\n"
        "from autodoctor.sessions import actions\n"
        f"actions.end(session_id='{session_id}', by=User.objects.get(email='{email}'), now=timezone.now())"
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
    """How this database writes a UUID."""
    return id_.hex if server.is_sqlite else str(id_)
