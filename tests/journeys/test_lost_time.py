"""Lost time: both clocks and the receipt say the same seconds."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys import quietly, staging
from tests.journeys.lines import Line
from tests.journeys.people import Customer, Mechanic, Person
from tests.kit.server import Server
from tests.kit.time_travel import pass_time
from tests.kit.waiting import until

MINUTE = 60
Come = Callable[..., Customer]
ComeMechanic = Callable[..., Mechanic]
SECONDS = re.compile(r"(?:(\d+) min ?)?(?:(\d+) s )?(not given back|given back)")


def drops(server: Server, person: Person, line: Line, *, seconds: int) -> None:
    """The line of this person is cut for about so long."""
    query = "SELECT count(*) FROM autodoctor_sessions_connection WHERE user_id = %s"
    line.cut()
    until(lambda: server.sql(query, person.who.id.replace("-", ""))[0][0] == 0)
    pass_time(server, person.session_id, seconds)
    until(lambda: state(server, person) == "reconnecting")
    line.mend()
    until(lambda: person.page.evaluate("true") and state(server, person) == "live")


def state(server: Server, person: Person) -> str:
    return str(quietly.client(server, person.who).get(f"/api/sessions/{person.session_id}").json()["state"])


def lost_at_the_clock(page: Page, *, least: int) -> dict[str, int]:
    """Return the seconds that the clock says, once they are so many, by whether they were given back."""
    until(lambda: sum(seconds_in(page.locator("#room-lost").inner_text()).values()) >= least)
    return seconds_in(page.locator("#room-lost").inner_text())


def seconds_in(text: str) -> dict[str, int]:
    found = SECONDS.findall(text)
    return {what: MINUTE * int(minutes or 0) + int(seconds or 0) for minutes, seconds, what in found}


def test_two_drops_of_the_mechanic_add_up_on_both_clocks_and_on_the_receipt(
    server: Server, a_customer: Come, a_mechanic: ComeMechanic
) -> None:
    customer, mechanic = a_customer(), a_mechanic()
    line = Line(mechanic.page)
    session_id = staging.live(server, customer, mechanic)
    for _ in range(2):
        drops(server, mechanic, line, seconds=40)
    lost = lost_at_the_clock(customer.page, least=80)
    assert list(lost) == ["given back"]
    assert lost_at_the_clock(mechanic.page, least=80) == lost
    customer.sees("was away too much. You can end the session at any moment")
    quietly.act(server, customer.who, session_id, "end")
    for person in (customer, mechanic):
        panel = person.is_shown_the_end().page.locator("#room-panel")
        assert seconds_in(panel.inner_text()) == lost
    customer.page.goto(f"{server.url}/sessions/{session_id}/receipt/")
    assert seconds_in(customer.page.locator(".bill").inner_text()) == lost


def test_what_the_customer_loses_beyond_the_pause_is_not_given_back_and_said_to_both(
    server: Server, a_customer: Come, a_mechanic: ComeMechanic
) -> None:
    customer, mechanic = a_customer(), a_mechanic()
    line = Line(customer.page)
    staging.live(server, customer, mechanic)
    drops(server, customer, line, seconds=5 * MINUTE)
    lost = lost_at_the_clock(customer.page, least=5 * MINUTE)
    assert lost["given back"] == 3 * MINUTE
    assert lost["not given back"] >= 2 * MINUTE
    assert lost_at_the_clock(mechanic.page, least=5 * MINUTE) == lost
    expect(customer.page.locator("#room-lost")).to_contain_text("not given back: you were away for too long.")
    expect(mechanic.page.locator("#room-lost")).to_contain_text("was away for too long.")
