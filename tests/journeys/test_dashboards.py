"""Dashboards update without a reload."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys import quietly
from tests.journeys.conftest import Crowd, Watch
from tests.journeys.people import Customer, Mechanic
from tests.kit.server import Server, running

NOT_TAKING_SESSIONS = "You are not taking sessions"
# What a browser says of requests to a server that is killed: before, while and after they are on their way.
KILLED = "ERR_(CONNECTION_(REFUSED|RESET|CLOSED)|SOCKET_NOT_CONNECTED|EMPTY_RESPONSE)|WebSocket connection"
OpenPage = Callable[..., Page]
Come = Callable[..., Customer]
ComeMechanic = Callable[..., Mechanic]
IN_THE_BACKGROUND = "document.hasFocus = () => false;"
COUNT_TONES = """
window.tones = 0;
window.OscillatorNode = class extends OscillatorNode { start(at) { window.tones += 1; super.start(at); } };
"""


def test_a_request_comes_and_goes_in_the_queue_by_itself(
    server: Server, crowd: Crowd, a_mechanic: ComeMechanic
) -> None:
    mechanic, customer = a_mechanic().waits_for_requests(), crowd.customer()
    session_id = quietly.request(server, customer)
    request = mechanic.request(session_id)

    expect(request).to_contain_text("You earn $6.99")
    expect(request.locator("elapsed-time")).to_have_text(re.compile(r"00:\d\d\s*$"))

    quietly.act(server, customer, session_id, "cancel")
    expect(request).to_have_count(0)


def test_only_one_of_several_tabs_calls_the_mechanic(start_server: Callable[..., Server], browser_of: OpenPage) -> None:
    server = start_server()  # on the shared one, what another test has left may come back to the queue at any moment
    first = browser_of("mechanic@example.com", server=server)
    first.context.add_init_script(IN_THE_BACKGROUND + COUNT_TONES)
    second = first.context.new_page()
    for tab in (first, second):
        tab.goto("/dashboard/")
        expect(tab.locator("live-list[alerts]")).to_be_visible()
    second.get_by_role("heading", level=1).click()

    session_id = quietly.request(server, server.sign_in("customer@example.com"))

    for tab in (first, second):
        expect(tab.locator(f"[data-request='{session_id}']")).to_be_visible()
    expect(second).to_have_title(re.compile("^● New request – Dashboard"))
    expect(first).to_have_title(re.compile("^Dashboard"))
    assert (first.evaluate("window.tones"), second.evaluate("window.tones > 0")) == (0, True)


def test_the_customers_dashboard_follows_the_session(server: Server, crowd: Crowd, a_customer: Come) -> None:
    customer = a_customer()
    id_ = quietly.request(server, customer.who)
    customer.page.goto("/dashboard/")
    customer.sees("Mechanics see your request now").sees("$9.99 held, not charged")

    quietly.accept(server, crowd.mechanic(), id_)
    customer.sees(re.compile("^with Mechanic"))

    customer.page.get_by_role("link", name="Go to your session").click()
    expect(customer.page).to_have_url(re.compile(f"/sessions/{id_}/$"))
    customer.stops(re.compile("^Cancel"))
    customer.page.goto("/dashboard/")
    customer.sees("$9.99 released, nothing charged")


def test_a_list_says_when_it_may_be_out_of_date_and_catches_up(browser_of: OpenPage, watch: Watch) -> None:
    watch.allow(KILLED)
    with running() as server:
        mechanic = Mechanic(browser_of("mechanic@example.com", server=server)).waits_for_requests()
        request = mechanic.request(quietly.request(server, server.sign_in("customer@example.com")))
        expect(request).to_be_visible()

        server.kill()
        expect(mechanic.page.locator("feed-status")).to_be_visible()
        server.sql("UPDATE autodoctor_sessions_session SET state = 'cancelled'")
        server.start()

        expect(request).to_have_count(0)
        expect(mechanic.page.locator("feed-status")).to_be_hidden()


def test_a_mechanic_starts_and_stops_taking_sessions_with_one_tap(a_mechanic: ComeMechanic) -> None:
    mechanic = a_mechanic().waits_for_requests()
    switch = mechanic.page.get_by_role("switch", name="Taking sessions")
    expect(switch).to_be_checked()

    switch.click()
    mechanic.sees(NOT_TAKING_SESSIONS)
    switch.click()
    expect(mechanic.page.get_by_text(NOT_TAKING_SESSIONS)).to_have_count(0)
    expect(switch).to_be_checked()
