"""The arrangement of docs/production.md, seen from two browsers: nginx, two servers and all they share, a relay."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import Page

from tests.journeys import calls
from tests.journeys.calls import DEVICES, is_connected, see_moving_pictures
from tests.journeys.conftest import DESKTOP
from tests.journeys.people import Customer, Mechanic
from tests.journeys.quietly import INTAKE
from tests.journeys.test_call_relayed import are_relayed
from tests.journeys.test_summary import TEXTS, Desk
from tests.journeys.watching import Watch
from tests.kit import nginx, pgbouncer, turn
from tests.kit.arrangement import arranged
from tests.kit.nginx import Nginx
from tests.kit.ports import free_port
from tests.kit.server import PLAIN, Server
from tests.kit.waiting import until

pytestmark = pytest.mark.skipif(
    not (turn.is_installed() and nginx.is_installed() and pgbouncer.program()),
    reason="coturn, nginx or PgBouncer is not installed",
)
# What the browser says of a socket and of answers whose server has just been killed.
BROKEN_OFF = r"WebSocket connection to|status of 50[24]"
MADE_UP = "SSL certificate error occurred when fetching the script"  # service workers want a certificate that is known


@dataclass(frozen=True)
class Site:
    proxy: Nginx
    servers: tuple[Server, Server]

    def carrying(self, session_id: str) -> tuple[Server, Server]:
        """Return the server that has the sockets of this session, and the other one."""
        one, other = self.servers
        return (one, other) if carries(one, session_id) else (other, one)


def booked(site: Site, customer: Customer) -> str:
    """Book and pay by the API, through nginx; returns the session's id once it is in the queue."""
    with site.proxy.client(customer.who) as client:
        answer = client.post("/api/sessions", json=INTAKE | {"plan": "video"})
        assert answer.status_code == 201, answer.text
        session_id = str(answer.json()["session"]["id"])
        paid = httpx.post(answer.json()["checkout_url"], data={"action": "pay", "card": "pm_card_visa"}, **PLAIN)
        assert paid.is_redirect, paid.text
        until(lambda: client.get(f"/api/sessions/{session_id}").json()["state"] == "requested")
    return session_id


def carries(server: Server, session_id: str) -> bool:
    return f"/ws/sessions/{session_id}" in server.log()


@pytest.fixture
def site() -> Iterator[Site]:
    port = free_port()
    with ExitStack() as stack:
        relay = stack.enter_context(turn.running())
        environment = relay.environment | {"SITE_URL": f"https://localhost:{port}", "TRUSTED_PROXIES": "1"}
        servers = stack.enter_context(arranged(environment=environment)).servers
        ports = [server.port for server in servers]
        yield Site(stack.enter_context(nginx.in_front_of(*ports, port=port)), servers)


@pytest.fixture
def people(site: Site, browser_of: Callable[..., Page]) -> tuple[Customer, Mechanic]:
    server = site.servers[0]
    (payer,), (helper,) = server.enroll(1, "payer-"), server.enroll(1, "helper-", mechanics=True)
    options = {
        "server": server,
        "base_url": site.proxy.url,
        "ignore_https_errors": True,
        "permissions": DEVICES,
    }
    customer = Customer(browser_of(payer, **options, viewport=DESKTOP), payer)
    mechanic = Mechanic(browser_of(helper, **options, viewport=DESKTOP), helper)
    for person in (customer, mechanic):
        for script in (calls.STEADY, calls.KEEP_ALL):
            person.page.add_init_script(script)
    return customer, mechanic


def test_a_session_by_relay_outlives_the_server_that_carried_it(
    site: Site, people: tuple[Customer, Mechanic], watch: Watch
) -> None:
    watch.allow(BROKEN_OFF)
    watch.allow(MADE_UP)
    customer, mechanic = people
    customer.goes_to(booked(site, customer))
    mechanic.waits_for_requests().accepts(customer.session_id)
    customer.sees("has accepted")
    for person in people:
        calls.hears_the_tone(person)
        person.joins()
    are_relayed(*people)
    mechanic.starts()
    for person in people:
        person.is_live()
    see_moving_pictures(*people)

    connections = [person.page.evaluate("connections.length") for person in people]
    carrying, other = site.carrying(customer.session_id)
    carrying.kill()
    until(lambda: carries(other, customer.session_id))
    customer.says("Still there?")
    mechanic.reads("Still there?")
    mechanic.says("Yes, and I hear the engine.")
    customer.reads("Yes, and I hear the engine.")
    for person in people:
        is_connected(person)
    see_moving_pictures(*people)
    # The call itself was never interrupted.
    assert [person.page.evaluate("connections.length") for person in people] == connections

    session_id = customer.session_id
    customer.ends().is_shown_the_end().sees("$29.99")
    desk = Desk(mechanic.is_shown_the_end().comes_to_the_summary(), session_id)
    desk.writes().says_how_safe_it_is().sends()
    mechanic.sees("was sent to the customer")
    customer.page.goto(desk.address)
    customer.sees(TEXTS["Findings"])
