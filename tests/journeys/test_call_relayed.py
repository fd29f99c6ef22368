"""A call that can only go by way of a TURN server, and what happens when that way is gone for a while."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.fakes import turn
from tests.fakes.server import running
from tests.journeys import calls
from tests.journeys.calls import DEVICES, is_connected, sees_moving_pictures
from tests.journeys.people import Customer, Mechanic

BACK_WITHIN = 5.0  # seconds after the network is back
WAYS = """async () => {
  const report = await connections.at(-1).getStats();
  const pairs = [...report.values()].filter(({ type, nominated }) => type === "candidate-pair" && nominated);
  return pairs.map(({ localCandidateId }) => report.get(localCandidateId).candidateType);
}"""


@pytest.mark.skipif(not turn.is_installed(), reason="no coturn: install the package to run this")
def test_a_relayed_call_survives_the_loss_of_its_way(browser_of: Callable[..., Page]) -> None:
    with turn.running() as relay, running(environment=relay.environment) as server:
        who = server.sign_in("customer@example.com"), server.sign_in("mechanic@example.com")
        customer = Customer(browser_of(who[0], server=server, permissions=DEVICES), who[0])
        mechanic = Mechanic(browser_of(who[1], server=server, permissions=DEVICES), who[1])
        calls.call(server, customer, mechanic)
        for person in (customer, mechanic):
            assert set(person.page.evaluate(WAYS)) == {"relay"}
        relay.sleep()
        for person in (customer, mechanic):
            expect(person.page.locator("video-stage")).to_have_attribute("data-call", "lost")
            person.sees("Paused: sound and picture are interrupted")
        relay.wake()
        woken = time.monotonic()
        for person in (customer, mechanic):
            is_connected(person)
        took = time.monotonic() - woken
        assert took <= BACK_WITHIN, f"it took {took:.1f} s"
        for person in (customer, mechanic):
            sees_moving_pictures(person)
            person.sees_no_more("Paused: sound and picture are interrupted")
        customer.ends()
        for person in (customer, mechanic):
            person.is_shown_the_end().page.close()
