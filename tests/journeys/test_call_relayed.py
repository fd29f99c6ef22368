"""A call that needs a TURN server, and an interruption of that server."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import calls
from tests.journeys.calls import DEVICES, is_connected, see_moving_pictures
from tests.journeys.people import Customer, Mechanic, Person
from tests.kit import turn
from tests.kit.server import running
from tests.kit.turn import Turn
from tests.kit.waiting import until

WAYS = """async () => {
  const report = await connections.at(-1).getStats();
  const pairs = [...report.values()].filter(({ type, nominated }) => type === "candidate-pair" && nominated);
  return pairs.map(({ localCandidateId }) => report.get(localCandidateId).candidateType);
}"""

NAME = "connections.at(-1).getConfiguration().iceServers[0].username"
HAS_EXPIRED = "name => Date.now() / 1000 > Number(name.split(':')[0]) + 1"
UFRAG = "connections.at(-1).localDescription.sdp.match(/ice-ufrag:(\\S+)/)[1]"
OUR_NETWORK_CHANGED = "dispatchEvent(new Event('online'))"


pytestmark = pytest.mark.skipif(not turn.is_installed(), reason="no coturn: install the package to run this")


@contextmanager
def called(browser_of: Callable[..., Page], **environment: str) -> Iterator[tuple[Turn, Customer, Mechanic]]:
    """Two people in a running session through a relay; they hang up at the end."""
    # The test replaces one module, so the page must load plain modules instead of bundles.
    environment = {"BUNDLED_SCRIPTS": "0"} | environment
    with turn.running() as relay, running(environment=relay.environment | environment) as server:
        who = server.sign_in("customer@example.com"), server.sign_in("mechanic@example.com")
        customer = Customer(browser_of(who[0], server=server, permissions=DEVICES), who[0])
        mechanic = Mechanic(browser_of(who[1], server=server, permissions=DEVICES), who[1])
        for person in (customer, mechanic):
            calls.floods_no_relay(person.page)
        calls.call(server, customer, mechanic)
        are_relayed(customer, mechanic)
        yield relay, customer, mechanic
        customer.ends()
        for person in (customer, mechanic):
            person.is_shown_the_end().page.close()


def is_relayed(page: Page) -> bool:
    return set(page.evaluate(WAYS)) == {"relay"}


def are_relayed(*people: Person) -> None:
    for person in people:
        is_connected(person)
        until(partial(is_relayed, person.page))
    see_moving_pictures(*people)


def test_a_relayed_call_returns_when_its_lost_relay_is_back(browser_of: Callable[..., Page]) -> None:
    with called(browser_of) as (relay, customer, mechanic):
        relay.sleep()
        for person in (customer, mechanic):
            expect(person.page.locator("video-stage")).to_have_attribute("data-call", "lost")
            person.sees("Paused: sound and picture are interrupted")
        relay.wake()
        for person in (customer, mechanic):
            is_connected(person)
        see_moving_pictures(customer, mechanic)
        for person in (customer, mechanic):
            person.sees_no_more("Paused: sound and picture are interrupted")


def test_a_call_outlives_its_relay_credentials(browser_of: Callable[..., Page]) -> None:
    with called(browser_of, TURN_TTL="4") as (_, customer, mechanic):
        for person in (customer, mechanic):
            person.page.wait_for_function(HAS_EXPIRED, arg=person.page.evaluate(NAME))
        name, ufrag = mechanic.page.evaluate(NAME), mechanic.page.evaluate(UFRAG)
        mechanic.page.evaluate(OUR_NETWORK_CHANGED)
        until(lambda: mechanic.page.evaluate(UFRAG) != ufrag)
        assert mechanic.page.evaluate(NAME) != name
        are_relayed(customer, mechanic)
        for person in (customer, mechanic):
            person.page.wait_for_function(HAS_EXPIRED, arg=person.page.evaluate(NAME))
        before = mechanic.page.evaluate("connections.length")
        customer.page.evaluate("connections.at(-1).close()")
        until(lambda: mechanic.page.evaluate("connections.length") > before)
        are_relayed(customer, mechanic)
