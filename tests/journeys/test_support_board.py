"""The support board: live updates, one holder per alert, visible problems."""

import re
from collections.abc import Callable, Iterator
from itertools import chain
from uuid import UUID

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys import quietly
from tests.journeys.conftest import DESKTOP
from tests.journeys.inspection import inspect
from tests.journeys.test_dashboards import COUNT_TONES
from tests.kit.scene import key
from tests.kit.server import Person, Server, running
from tests.kit.sockets import Socket, room
from tests.kit.time_travel import pass_time

MINUTE = 60
OpenPage = Callable[..., Page]
COLLEAGUE = """
from django.contrib.auth.hashers import make_password
from autodoctor.accounts.actions import enrol
password_hash = make_password("demo")
enrol(email="colleague@example.com", name="Chris Colleague", password_hash=password_hash, is_staff=True)
"""
DISPUTE = """
from uuid import UUID
from django.utils import timezone
from autodoctor.sessions.lifecycle.transitions import record_payment_event
from autodoctor.sessions.record.event_log import Audience
from autodoctor.sessions.states import EventKind
data = {{"rule": "payment.disputed"}}
record_payment_event(
    session_id=UUID("{id}"), kind=EventKind.ALERT_SUPPORT, data=data, audience=Audience.SUPPORT, now=timezone.now()
)
"""
NAMES = {
    "customer": ["Ana Ribeiro", "Wilhelmina Featherstonehaugh", "Tom Okafor", "Priya Natarajan", "Bo Lind", "Jo Ames"],
    "mechanic": ["Morgan Mechanic", "Dana Whitlock", "Rui Tavares", "Ines Kowalczyk", "Sol Abara", "Kim Vance"],
}


@pytest.fixture(scope="module")
def stage() -> Iterator[Server]:
    """A separate server, so that the board shows these people only."""
    with running() as server:
        server.shell(COLLEAGUE)
        yield server


@pytest.fixture
def support(stage: Server, browser_of: OpenPage) -> Page:
    return browser_of("support@example.com", server=stage, viewport=DESKTOP)


def line(page: Page, session_id: str) -> Locator:
    return page.locator(f"#line-{session_id}")


def test_an_alert_comes_by_itself_is_taken_and_the_colleague_sees_by_whom(
    stage: Server, support: Page, browser_of: OpenPage
) -> None:
    support.context.add_init_script(COUNT_TONES)
    colleague = browser_of("colleague@example.com", server=stage)
    for page in (support, colleague):
        page.goto("/dashboard/")
        expect(page).to_have_url(re.compile("/support/$"))
        expect(page.get_by_text("Nothing is open")).to_be_visible()
    support.get_by_role("heading", level=1).click()

    customer = stage.sign_in("customer@example.com")
    session_id = quietly.request(stage, customer)
    expect(line(support, session_id)).to_contain_text("no mechanic yet")
    with Socket(stage, room(session_id), customer):
        expect(line(support, session_id)).to_contain_text("preparing")
    expect(line(support, session_id)).to_contain_text("away")

    pass_time(stage, session_id, 3 * MINUTE)
    for page in (support, colleague):
        expect(line(page, session_id)).to_contain_text("No mechanic has accepted yet")
    expect(support.locator(".toast", has_text="New alert")).to_be_visible()
    assert support.evaluate("window.tones") > 0

    line(support, session_id).get_by_role("button", name="Take").click()
    expect(line(support, session_id)).to_contain_text("You took this alert")
    expect(line(colleague, session_id)).to_contain_text(re.compile(r"\S+ took this alert"))
    expect(line(colleague, session_id).get_by_role("button", name="Take", exact=True)).to_have_count(0)

    line(colleague, session_id).get_by_role("button", name="Take over").click()
    expect(line(colleague, session_id)).to_contain_text("You took this alert")
    expect(line(support, session_id)).to_contain_text("Chris Colleague took this alert")
    line(colleague, session_id).get_by_role("button", name="Done").click()
    expect(line(support, session_id).locator(".alert")).to_have_count(0)
    quietly.act(stage, customer, session_id, "cancel")
    expect(line(support, session_id)).to_have_count(0)


def test_muted_it_still_shows(stage: Server, support: Page) -> None:
    support.context.add_init_script(COUNT_TONES)
    support.goto("/support/")
    switch = support.get_by_role("switch", name="Sound")
    expect(switch).to_be_checked()
    switch.click()
    expect(switch).not_to_be_checked()
    support.reload()
    expect(switch).not_to_be_checked()
    support.get_by_role("heading", level=1).click()
    customer = stage.sign_in("customer@example.com")
    session_id = quietly.request(stage, customer)
    expect(line(support, session_id)).to_be_visible()
    pass_time(stage, session_id, 3 * MINUTE)
    expect(support.locator(".toast", has_text="New alert")).to_be_visible()
    assert support.evaluate("window.tones") == 0
    quietly.act(stage, customer, session_id, "cancel")


def test_five_in_different_trouble(stage: Server, browser_of: OpenPage) -> None:
    """`PICTURES=1` saves pictures of the board and its pages."""
    customers, mechanics = stage.enrol(6, "buyer-"), stage.enrol(6, "fixer-", mechanics=True)
    named(stage, customers, NAMES["customer"])
    named(stage, mechanics, NAMES["mechanic"])
    rooms = [quietly.request(stage, one, "chat") for one in customers]
    for taker, session_id in zip(mechanics[1:], rooms[1:], strict=True):
        quietly.accept(stage, taker, session_id)
    unaccepted, not_come, stuck, dropped, disputed, calm = rooms

    pages = {n: come(stage, (customers[n], mechanics[n]), rooms[n]) for n in (2, 3, 4, 5)}
    for n in (3, 4, 5):
        quietly.act(stage, mechanics[n], rooms[n], "start")
    pass_time(stage, unaccepted, 3 * MINUTE)
    pass_time(stage, not_come, 2.5 * MINUTE)
    pass_time(stage, stuck, 2 * MINUTE)
    pass_time(stage, dropped, 12 * MINUTE)
    pass_time(stage, calm, 26 * MINUTE)
    stage.shell(DISPUTE.format(id=disputed))
    pages[3][1].close()

    board = browser_of("support@example.com", server=stage, viewport=DESKTOP)
    board.goto("/support/")
    line(board, disputed).get_by_role("button", name="Take").click()
    expect(line(board, dropped)).to_contain_text("The mechanic lost the connection")
    expect(line(board, unaccepted)).to_contain_text("No mechanic has accepted yet")
    expect(line(board, stuck)).to_contain_text("Both are in, but the session does not start")
    expect(line(board, not_come)).to_contain_text("The mechanic has not joined")
    expect(line(board, disputed)).to_contain_text("You took this alert")
    shown = board.locator(".board .line").evaluate_all("lines => lines.map((one) => one.className.split('--')[1])")
    assert shown == ["alarm", "alarm", "trouble", "handled", "watch", "calm"]
    expect(board.locator(".toast")).to_have_count(0)
    inspect(board, "support-board")

    found = browser_of("support@example.com", server=stage)
    found.goto("/support/search/?q=Feather")
    expect(found.get_by_role("link", name="Wilhelmina Featherstonehaugh", exact=True)).to_be_visible()
    inspect(found, "support-search-found")
    found.get_by_role("link", name="Wilhelmina Featherstonehaugh", exact=True).click()
    inspect(found, "support-person")
    for page in chain(*pages.values()):
        page.close()


def named(server: Server, people: list[Person], names: list[str]) -> None:
    for person, name in zip(people, names, strict=True):
        server.sql("UPDATE accounts_user SET name = %s WHERE id = %s", name, key(server, UUID(person.id)))


def come(server: Server, people: tuple[Person, Person], session_id: str) -> list[Socket]:
    """Both join with pages that nobody looks at."""
    return [quietly.open_page(server, person, session_id) for person in people]
