"""A real relay: access, and the result of the device check."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import quietly
from tests.journeys.calls import DEVICES, STEADY, check, hears_the_tone
from tests.journeys.inspection import inspect
from tests.journeys.people import Customer
from tests.kit import turn
from tests.kit.server import Server, running
from tests.kit.turn import Turn
from tests.kit.waiting import until

pytestmark = pytest.mark.skipif(not turn.is_installed(), reason="no coturn: install the package to run this")
BrowserOf = Callable[..., Page]
# The first result with these servers: a relayed candidate, or the number of an error.
OPENS = """(iceServers) => new Promise((resolve) => {
  const connection = new RTCPeerConnection({ iceServers, iceTransportPolicy: "relay" });
  const close = (found) => { connection.close(); resolve(found); };
  connection.onicecandidate = ({ candidate }) => candidate && close(candidate.type);
  connection.onicecandidateerror = ({ errorCode }) => close(errorCode);
  connection.createDataChannel("any");
  connection.setLocalDescription();
})"""
EXPIRED = "seconds => Date.now() / 1000 > seconds + 1"


class Scene(NamedTuple):
    """A person in front of the device check, with a server and a relay of their own."""

    relay: Turn
    server: Server
    customer: Customer


@contextmanager
def checking(
    browser_of: BrowserOf, *, bytes_a_second: int = 0, asleep: bool = False, **environment: str
) -> Iterator[Scene]:
    with (
        turn.running(bytes_a_second=bytes_a_second) as relay,
        running(environment=relay.environment | environment) as server,
    ):
        if asleep:
            relay.sleep()
        who = server.sign_in("customer@example.com")
        session_id = quietly.request(server, who, "video")
        quietly.accept(server, server.sign_in("mechanic@example.com"), session_id)
        page = browser_of(who, server=server, permissions=DEVICES)
        page.add_init_script(STEADY)
        yield Scene(relay, server, Customer(page, who).goes_to(session_id))
        page.close()


def servers(customer: Customer) -> Any:
    address = f"/api/sessions/{customer.session_id}/ice-servers"
    return customer.page.request.get(address).json()["ice_servers"]


def reported(server: Server) -> Any:
    rows = server.sql(
        "SELECT data FROM autodoctor_sessions_sessionevent WHERE kind = 'preflight.reported' ORDER BY seq"
    )
    return json.loads(rows[-1][0]) if rows else None


def test_only_our_own_credentials_open_the_relay_until_they_expire(browser_of: BrowserOf) -> None:
    with checking(browser_of, TURN_TTL="5") as (_, _, customer):
        ours = servers(customer)
        assert customer.page.evaluate(OPENS, ours) == "relay"
        expires, _, whose = ours[0]["username"].partition(":")
        for change in (
            {"credential": "b3VycyB3b3VsZCBiZSBhbm90aGVy"},
            {"username": f"{int(expires) + 3600}:{whose}"},
            {"username": f"{expires}:somebody-else"},
        ):
            assert customer.page.evaluate(OPENS, [ours[0] | change]) == 401, change
        customer.page.wait_for_function(EXPIRED, arg=int(expires))
        assert customer.page.evaluate(OPENS, ours) == 401
        assert customer.page.evaluate(OPENS, servers(customer)) == "relay"


def test_a_good_relay_passes_the_preflight_with_figures(browser_of: BrowserOf) -> None:
    with checking(browser_of) as (_, server, customer):
        check(customer, "network", "passed")
        hears_the_tone(customer)
        expect(customer.button("Join Session")).to_be_enabled()
        until(lambda: reported(server) is not None)
        found = reported(server)["network"]
        assert found["loss_percent"] <= 5
        assert found["relay_kbit"] >= 350


def test_a_relay_with_little_bandwidth_fails_the_preflight_as_too_weak(browser_of: BrowserOf) -> None:
    with checking(browser_of, bytes_a_second=20_000) as (_, server, customer):
        check(customer, "network", "failed")
        customer.sees("Too weak for video")
        hears_the_tone(customer)
        expect(customer.button("Fix Issues to Continue")).to_be_disabled()
        expect(customer.button("Join with audio and photos")).to_be_visible()
        until(lambda: (reported(server) or {"checks": {}})["checks"].get("network") == "failed")
        assert reported(server)["network"]["relay_kbit"] < 350


def test_an_unreachable_relay_says_what_to_do_and_can_be_tried_again(browser_of: BrowserOf) -> None:
    with checking(browser_of, asleep=True) as (relay, _, customer):
        check(customer, "network", "failed")
        customer.sees("blocks calls").sees("Switch to mobile data")
        hears_the_tone(customer)
        expect(customer.button("Join with audio and photos")).to_be_hidden()
        expect(customer.page.get_by_role("button", name="Use chat").first).to_be_visible()
        inspect(customer.page, "preflight-blocked")
        relay.wake()
        customer.page.locator("[data-check=network] [data-act=again]").click()
        check(customer, "network", "passed")


def test_an_unreachable_relay_does_not_fail_the_preflight_where_direct_calls_are_possible(
    browser_of: BrowserOf,
) -> None:
    with checking(browser_of, asleep=True, TURN_ONLY="0") as (_, _, customer):
        check(customer, "network", "passed")
