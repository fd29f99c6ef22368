"""The same actions without a browser, for the part of a journey that another journey covers."""

from dataclasses import replace
from uuid import UUID, uuid4
from weakref import WeakKeyDictionary

import httpx

from tests.journeys.people import CONCERN
from tests.kit.scene import state_of
from tests.kit.server import Person, Server
from tests.kit.sockets import Socket, room
from tests.kit.waiting import until

INTAKE = {
    "plan": "chat",
    "vehicle": {"year": 2014, "make": "Volvo", "model": "V60", "mileage": 120_000},
    "concern": CONCERN,
    "safe": True,
    "waiver": True,
    "another": True,
}

TOKEN = {"csrftoken": "a" * 32}  # any will do that comes as a cookie and as a header: no page is fetched for it
_clients: WeakKeyDictionary[Server, dict[str, httpx.Client]] = WeakKeyDictionary()


def draft(server: Server, customer: Person, plan: str = "chat", **more: object) -> tuple[str, str]:
    """Create an unpaid booking; return the session's id, and where to pay."""
    booked = _done(client(server, customer).post("/api/sessions", json=INTAKE | {"plan": plan} | more)).json()
    return booked["session"]["id"], booked["checkout_url"]


def request(server: Server, customer: Person, plan: str = "chat", **more: object) -> str:
    """Book and pay; returns when the request is in the queue."""
    session_id, checkout_url = draft(server, customer, plan, **more)
    _done(client(server, customer).post(checkout_url, data={"action": "pay", "card": "pm_card_visa"}))
    until(lambda: state_of(server, UUID(session_id)) == "requested")  # by a query: many looks would cost a page each
    return session_id


def accept(server: Server, mechanic: Person, session_id: str) -> None:
    act(server, mechanic, session_id, "accept")


def act(server: Server, person: Person, session_id: str, what: str, **given: str) -> None:
    """Call `accept`, `release`, `start`, `end` or `cancel` of the API."""
    _done(client(server, person).post(f"/api/sessions/{session_id}/{what}", json=given))


def allow_camera(server: Server, customer: Person, session_id: str) -> None:
    """Let the mechanic take photos with the customer's camera."""
    _done(client(server, customer).post(f"/api/sessions/{session_id}/stills/consent", json={"allowed": True}))


def join(server: Server, person: Person, session_id: str) -> None:
    """Join with a page that closes again immediately."""
    open_page(server, person, session_id).close()


def open_page(server: Server, person: Person, session_id: str) -> Socket:
    """Open a joined page."""
    socket = Socket(server, room(session_id), person)
    socket.send("join")
    while socket.expect("event", kind="participant.joined")["by"]["id"] != person.id:
        pass  # the other one's, from before
    return socket


def say(server: Server, person: Person, session_id: str, text: str) -> None:
    message = {"client_id": str(uuid4()), "text": text}
    _done(client(server, person).post(f"/api/sessions/{session_id}/messages", json=message))


def ask_support(server: Server, person: Person, session_id: str, text: str) -> None:
    _done(client(server, person).post(f"/api/sessions/{session_id}/help", json={"reason": "payment", "text": text}))


def state(server: Server, person: Person, session_id: str) -> str:
    return str(_done(client(server, person).get(f"/api/sessions/{session_id}")).json()["state"])


def client(server: Server, person: Person) -> httpx.Client:
    """Return one client per person: a client costs as much as several requests."""
    clients = _clients.setdefault(server, {})
    if person.id not in clients:
        clients[person.id] = server.client(replace(person, cookies=TOKEN | person.cookies))
    return clients[person.id]


def _done(answer: httpx.Response) -> httpx.Response:
    assert answer.status_code < 400, f"{answer.url} answered {answer.status_code}\n{answer.text[:2000]}"
    return answer
