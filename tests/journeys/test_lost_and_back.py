"""A participant leaves a call: the words for both, the clock, and the charge."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.journeys import calls, quietly
from tests.journeys.calls import DEVICES, is_connected, see_moving_pictures
from tests.journeys.conftest import DESKTOP
from tests.journeys.lines import Line
from tests.journeys.people import Customer, Person
from tests.journeys.shared import Come, ComeMechanic, Pair, SharedPair
from tests.kit.server import Server
from tests.kit.time_travel import pass_time
from tests.kit.waiting import until

PAUSED_WITHOUT_MECHANIC = "Paused: the mechanic is away"

MINUTE = 60
GRACE = 5  # seconds until a participant without a page counts as missing
SECONDS_OF_PICTURE = 4  # more than the patience of a page without a call
RATE = 2  # pictures a second at least, of the five that the device has: the machine has to do other things besides
# A browser without a network: existing connections die, and new ones fail.
NO_NETWORK = """() => {
  const Real = RTCPeerConnection;
  for (const each of connections) each.close();
  window.RTCPeerConnection = class extends Real {
    constructor(configuration) { super({ ...configuration, iceServers: [], iceTransportPolicy: "relay" }); }
  };
}"""
# What a page says of a loss that has not lasted for its patience in a call, 20 seconds; a busy machine may take longer.
TOLD_EARLY = """() => [...document.querySelectorAll("reconnect-banner .banner")]
  .filter((each) => each.checkVisibility())
  .filter((each) => !(Date.now() - Date.parse(each.querySelector("elapsed-time")?.dataset.since) >= 20_000))
  .map((each) => each.innerText)"""
GIVEN_BACK = "devices.length > 0 && devices.every((each) => each.readyState === 'ended')"
SEEN: dict[str, Any] = {"permissions": DEVICES, "viewport": DESKTOP}
Lines = dict[type[Person], Line]


@pytest.fixture(scope="module")
def lines() -> Lines:
    """The connections of the borrowed pair."""
    return {}


@pytest.fixture(scope="module")
def pair(share_pair: Callable[..., SharedPair], server: Server, lines: Lines) -> SharedPair:
    """Two people in a running video session, ten minutes after the start."""

    def begin(come: Come, come_mechanic: ComeMechanic) -> Pair:
        people = come(**SEEN), come_mechanic(**SEEN)
        lines.update({type(person): Line(person.page) for person in people})
        pass_time(server, calls.call_of_checked(server, *people), 10 * MINUTE)
        return people

    return share_pair(begin, is_as_found=calls.is_undisturbed)


@pytest.fixture
def new_call(server: Server, pair: SharedPair, a_customer: Come, a_mechanic: ComeMechanic) -> Pair:
    """Like `call`, for a test that ends the call and counts minutes."""
    pair.close()  # two calls at once are much for one machine
    people = a_customer(**SEEN), a_mechanic(**SEEN)
    pass_time(server, calls.call_of_checked(server, *people), 10 * MINUTE)
    return people


def happened(server: Server, person: Person) -> list[str]:
    """Return the kinds of all events."""
    answer = quietly.client(server, person.who).get(f"/api/sessions/{person.session_id}/events?limit=200")
    return [event["kind"] for event in answer.json()["events"]]


def given_back(server: Server, person: Person) -> float:
    """Return the seconds by which the end has moved."""
    now = quietly.client(server, person.who).get(f"/api/sessions/{person.session_id}").json()
    started, ends = (datetime.fromisoformat(now[name]) for name in ("started_at", "ends_at"))
    return float((ends - started).total_seconds() - now["granted_seconds"])


def is_offline(server: Server, person: Person) -> bool:
    query = "SELECT count(*) FROM autodoctor_sessions_connection WHERE user_id = %s"
    ((count,),) = server.sql(query, person.who.id.replace("-", ""))
    return int(count) == 0


def awaited(server: Server, session_id: str) -> list[str]:
    """Return the kinds of the pending absence deadlines."""
    kinds = "('customer.missing', 'mechanic.missing', 'media.lost')"
    query = f"SELECT kind FROM scheduler_job WHERE key = %s AND kind IN {kinds}"
    return [kind for (kind,) in server.sql(query, session_id)]


def test_a_short_loss_of_the_channel_shows_nothing_and_pauses_nothing(server: Server, call: Pair, lines: Lines) -> None:
    session_id = call[0].session_id
    before = happened(server, call[0])
    count = [person.page.evaluate("connections.length") for person in call]
    for cut_off in call:
        lines[type(cut_off)].cut()
        until(lambda person=cut_off: is_offline(server, person))  # type: ignore[misc]
        pass_time(server, session_id, 2 * GRACE)
        assert awaited(server, session_id) == []
        see_moving_pictures(*call, more=SECONDS_OF_PICTURE * RATE, seconds=SECONDS_OF_PICTURE)
        for person in call:
            assert person.page.evaluate(TOLD_EARLY) == []
            expect(person.page.locator("session-clock")).not_to_have_class(re.compile("paused"))
        lines[type(cut_off)].mend()
        cut_off.says(f"{type(cut_off).__name__} is back")
    assert [kind for kind in happened(server, call[0]) if kind != "message.posted"] == before
    assert [person.page.evaluate("connections.length") for person in call] == count


def test_each_participant_reads_own_words_about_a_lost_network(server: Server, call: Pair, lines: Lines) -> None:
    customer, mechanic = call
    lines[Customer].cut()
    customer.page.evaluate(NO_NETWORK)
    customer.sees("You are not connected.").sees("Sound and picture are interrupted. We are reconnecting.")
    customer.sees("The clock pauses while you are away")
    mechanic.sees("has lost the connection.").sees("Away for").sees("Paused: the customer is away")
    mechanic.sees("The clock is paused. Please stay so that your customer sees you").sees_no_more(
        "You are not connected."
    )
    customer.sees_no_more("has lost the connection.")
    lines[Customer].mend()
    customer.page.reload()
    for person in call:
        is_connected(person)
    see_moving_pictures(*call)
    for person in call:
        person.sees_no_more(re.compile("has lost the connection|You are not connected|Paused"))


def test_the_time_without_the_mechanic_is_added_to_the_clock(server: Server, call: Pair) -> None:
    customer, mechanic = call
    session_id, before = customer.session_id, given_back(server, customer)
    mechanic.page.goto("about:blank")
    customer.sees("has lost the connection.").sees("Away for").sees(PAUSED_WITHOUT_MECHANIC)
    expect(customer.page.locator("session-clock")).to_have_class(re.compile("paused"))
    pass_time(server, session_id, 40)
    mechanic.goes_to(session_id)
    for person in call:
        is_connected(person)
        person.sees_no_more(re.compile("has lost the connection|Paused"))
        expect(person.page.locator("session-clock")).not_to_have_class(re.compile("paused"))
    assert 40 <= given_back(server, customer) - before < 90


def test_a_customer_without_the_mechanic_for_a_minute_may_end_for_the_used_share(
    server: Server, new_call: Pair
) -> None:
    customer, mechanic = new_call
    session_id = customer.session_id
    mechanic.page.goto("about:blank")
    absence = customer.page.locator("#room-absence")
    customer.sees("so waiting is free")
    expect(absence.get_by_role("button", name="End Session")).to_have_count(0)
    pass_time(server, session_id, MINUTE)
    customer.sees(re.compile(r"end the session now and pay only for the 10 .* used: \$6\.[67]\d"))
    expect(absence.get_by_role("button", name="Find another mechanic")).to_be_visible()
    customer.button("End Session").click()
    customer.confirms("End Session").is_shown_the_end().sees(re.compile(r"\$6\.[67]\d"))
    assert customer.page.evaluate(GIVEN_BACK)


def test_a_session_without_the_mechanic_for_five_minutes_ends_by_itself(server: Server, new_call: Pair) -> None:
    customer, mechanic = new_call
    session_id = customer.session_id
    mechanic.page.goto("about:blank")
    customer.sees(PAUSED_WITHOUT_MECHANIC)
    pass_time(server, session_id, 5 * MINUTE)
    customer.is_shown_the_end().sees("your mechanic’s connection was lost").sees(re.compile(r"\$6\.[67]\d"))
    assert customer.page.evaluate(GIVEN_BACK)
    mechanic.goes_to(session_id).is_shown_the_end().sees("your connection was lost")
