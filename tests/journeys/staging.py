"""Put sessions into a state without walking through the pages.

Booked, paid and accepted normally, but by HTTP: the sandbox knows the payment and can charge it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from tests.journeys import quietly
from tests.journeys.people import Customer, Mechanic
from tests.kit.scene import key
from tests.kit.server import Person as SignedIn
from tests.kit.server import Server
from tests.kit.waiting import until


def accepted(server: Server, customer: SignedIn, mechanic: SignedIn, plan: str = "chat", **intake: object) -> str:
    session_id = quietly.request(server, customer, plan, **intake)
    quietly.accept(server, mechanic, session_id)
    return session_id


def joined(server: Server, customer: Customer, mechanic: Mechanic, plan: str = "chat", **intake: object) -> str:
    """Stage a session that both people have joined."""
    session_id = accepted(server, customer.who, mechanic.who, plan, **intake)
    _come(server, session_id, customer, mechanic)
    return session_id


def live(server: Server, customer: Customer, mechanic: Mechanic, plan: str = "chat", **intake: object) -> str:
    """Stage a running session that both people have joined."""
    session_id = accepted(server, customer.who, mechanic.who, plan, **intake)
    begin(server, session_id, customer, mechanic)
    return session_id


def begin(server: Server, session_id: str, customer: Customer, mechanic: Mechanic) -> None:
    """Continue from the acceptance to `live`."""
    _come(server, session_id, customer, mechanic, is_started=True)
    for person in (customer, mechanic):
        person.is_live()


def started(server: Server, customer: SignedIn, mechanic: SignedIn, plan: str = "chat", **intake: object) -> str:
    """The session is running without an open page: participants have five seconds to open theirs."""
    session_id = accepted(server, customer, mechanic, plan, **intake)
    with quietly.open_page(server, customer, session_id), quietly.open_page(server, mechanic, session_id):
        quietly.act(server, mechanic, session_id, "start")
    return session_id


def over(server: Server, customer: SignedIn, mechanic: SignedIn, plan: str = "chat", **intake: object) -> str:
    """The customer has just ended the session; no page is open."""
    session_id = started(server, customer, mechanic, plan, **intake)
    quietly.act(server, customer, session_id, "end")
    return session_id


def _come(server: Server, session_id: str, customer: Customer, mechanic: Mechanic, *, is_started: bool = False) -> None:
    """Open a socket for each person, so that neither counts as away while the browser loads the page."""
    with quietly.open_page(server, customer.who, session_id), quietly.open_page(server, mechanic.who, session_id):
        if is_started:
            quietly.act(server, mechanic.who, session_id, "start")
        for person in (customer, mechanic):
            person.goes_to(session_id)
        for person in (customer, mechanic):
            _is_there(server, session_id, person)


def _is_there(server: Server, session_id: str, person: Customer | Mechanic) -> None:
    """Replace the placeholder page by a browser's page."""
    count = "SELECT count(*) FROM autodoctor_sessions_connection WHERE session_id = %s AND user_id = %s AND joined = %s"
    found = (key(server, UUID(session_id)), key(server, UUID(person.who.id)), True)
    # Playwright runs the test's handlers of the page's socket during `evaluate`.
    until(lambda: person.page.evaluate("true") and server.sql(count, *found)[0][0] == 2)


@contextmanager
def live_for(
    server: Server, here: Customer | Mechanic, other: SignedIn, plan: str = "chat", **intake: object
) -> Iterator[str]:
    """A running session with a browser for one participant; the other is connected without a browser."""
    customer, mechanic = (here.who, other) if isinstance(here, Customer) else (other, here.who)
    session_id = accepted(server, customer, mechanic, plan, **intake)
    with quietly.open_page(server, other, session_id):
        with quietly.open_page(server, here.who, session_id):
            quietly.act(server, mechanic, session_id, "start")
            here.goes_to(session_id).is_live()
            _is_there(server, session_id, here)
        yield session_id
