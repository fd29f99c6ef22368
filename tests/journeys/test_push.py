"""Push messages: one tap to subscribe, shown by the service worker, one tap to come back."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Route, Worker, expect

from tests.journeys import quietly
from tests.journeys.conftest import DESKTOP
from tests.journeys.inspection import inspect
from tests.journeys.people import Customer, Mechanic
from tests.kit.push_service import Browser, PushService, push_service
from tests.kit.server import Person, Server, running
from tests.kit.waiting import until

IS_ON = "Notifications are on for this browser."
MAY_CLOSE = "You can close this page."
NOTIFIES_OF_REQUESTS = "This device notifies you of new requests"
NOTIFY_OF_ACCEPTANCE = "Notify me when a mechanic accepts"
NOTIFY_OF_REQUESTS = "Notify me on this device"
TURN_ON = "Turn on for this browser"

asks = pytest.mark.asks_permission
OpenPage = Callable[..., Page]
# Browsers subscribe at their maker's service; here one of the test's own answers in its place.
SUBSCRIBES = """
{
  const told = %s;
  const made = { ...told, options: { applicationServerKey: null }, toJSON: () => told, unsubscribe };
  const kept = () => sessionStorage.getItem("subscribed") && made;
  async function unsubscribe() { sessionStorage.removeItem("subscribed"); return true; }
  PushManager.prototype.getSubscription = async () => kept() || null;
  PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
    sessionStorage.setItem("subscribed", "yes");
    made.options = { applicationServerKey: applicationServerKey.buffer };
    return made;
  };
}
"""
SHOWN = "async () => (await self.registration.getNotifications()).map(({ title, data }) => [title, data])"
TAP = """async () => {
  const [notification] = await self.registration.getNotifications();
  const opened = new Promise((resolve) => (self.clients.openWindow = async (path) => resolve(path)));
  self.dispatchEvent(new NotificationEvent("notificationclick", { notification }));
  return opened;
}"""


@pytest.fixture(scope="module")
def service() -> Iterator[PushService]:
    with push_service() as started:
        yield started


@pytest.fixture(scope="module")
def told_server(service: PushService) -> Iterator[Server]:
    with running(environment={"PUSH_SERVICES": service.origin}) as started:
        yield started


@pytest.fixture
def open_page(browser_of: OpenPage, told_server: Server) -> Callable[..., Page]:
    """Open a page of a person whose browser is `device` and may show messages."""

    def come(who: Person, device: Browser, **options: Any) -> Page:
        page = browser_of(who, server=told_server, **{"permissions": ["notifications"], **options})
        page.context.add_init_script(SUBSCRIBES % json.dumps(device.subscription))
        return page

    return come


def deliver(page: Page, content: dict[str, Any]) -> Worker:
    """Deliver to the real service worker, as the browser vendor would."""
    cdp = page.context.new_cdp_session(page)
    found: list[dict[str, Any]] = []
    cdp.on("ServiceWorker.workerRegistrationUpdated", lambda event: found.extend(event["registrations"]))
    cdp.send("ServiceWorker.enable")
    quietly_until(page, lambda: bool(found))
    registration = found[0]
    cdp.send(
        "ServiceWorker.deliverPushMessage",
        {
            "origin": registration["scopeURL"].rstrip("/"),
            "registrationId": registration["registrationId"],
            "data": json.dumps(content),
        },
    )
    return page.context.service_workers[0]


def quietly_until(page: Page, holds: Callable[[], bool]) -> None:
    """Wait while the page is polled, because browser events arrive then."""
    until(lambda: page.evaluate("new Promise(requestAnimationFrame)") and holds())


@asks
def test_a_customer_who_left_the_queue_is_called_back_by_a_push_message(
    told_server: Server, service: PushService, open_page: Callable[..., Page]
) -> None:
    (who,), (mechanic,) = told_server.enroll(1, "leaver-"), told_server.enroll(1, "finder-", mechanics=True)
    phone = service.browser("leaver")
    customer = Customer(open_page(who, phone), who)
    session_id = quietly.request(told_server, who)
    customer.goes_to(session_id).sees("Looking for your mechanic")
    inspect(customer.page, "queue-tell-me")
    customer.button(NOTIFY_OF_ACCEPTANCE).click()
    customer.sees(MAY_CLOSE)
    inspect(customer.page, "queue-told")
    customer.page.reload()
    customer.sees(MAY_CLOSE)
    customer.page.goto("/")

    quietly.accept(told_server, mechanic, session_id)
    service.wait(lambda: bool(service.for_browser(phone)))
    (told,) = service.for_browser(phone)
    assert told["title"] == "Finder- 0 has accepted"

    worker = deliver(customer.page, told)
    quietly_until(customer.page, lambda: bool(worker.evaluate(SHOWN)))
    assert worker.evaluate(SHOWN) == [["Finder- 0 has accepted", f"/sessions/{session_id}/"]]
    customer.page.goto(worker.evaluate(TAP))
    customer.sees("Finder- 0 has accepted")
    assert worker.evaluate(SHOWN) == []


@asks
def test_a_visible_page_shows_the_news_instead_of_a_push_message(
    told_server: Server, service: PushService, open_page: Callable[..., Page]
) -> None:
    (who,), (mechanic,) = told_server.enroll(1, "stayer-"), told_server.enroll(1, "seer-", mechanics=True)
    phone = service.browser("stayer")
    customer = Customer(open_page(who, phone), who)
    session_id = quietly.request(told_server, who)
    customer.goes_to(session_id).button(NOTIFY_OF_ACCEPTANCE).click()
    customer.sees(MAY_CLOSE)
    quietly.accept(told_server, mechanic, session_id)
    customer.sees("A mechanic has accepted. Join now")
    service.wait(lambda: bool(service.for_browser(phone)))
    worker = deliver(customer.page, service.for_browser(phone)[0])
    other = {"title": "Other", "body": "", "path": "/elsewhere/", "topic": "other", "seen_at": ["/elsewhere/"]}
    deliver(customer.page, other)
    quietly_until(customer.page, lambda: bool(worker.evaluate(SHOWN)))
    assert worker.evaluate(SHOWN) == [["Other", "/elsewhere/"]]


@asks
def test_a_mechanic_gets_push_messages_of_requests_until_switching_them_off(
    told_server: Server, service: PushService, open_page: Callable[..., Page]
) -> None:
    (who,), (buyer, second) = told_server.enroll(1, "hearer-", mechanics=True), told_server.enroll(2, "buyer-")
    laptop = service.browser("hearer")
    mechanic = Mechanic(open_page(who, laptop, viewport=DESKTOP), who)
    page = mechanic.waits_for_requests().page
    inspect(page, "dashboard-tell-me")
    mechanic.button(NOTIFY_OF_REQUESTS).click()
    mechanic.sees(NOTIFIES_OF_REQUESTS)
    quietly.request(told_server, buyer)
    service.wait(lambda: bool(service.for_browser(laptop)))
    assert service.for_browser(laptop)[0]["body"] == "Quick Chat, 30 minutes. You earn $6.99."

    page.goto("/account/devices/")
    mechanic.sees("Chrome on Linux")
    inspect(page, "devices")
    mechanic.button("Remove Chrome on Linux").click()
    mechanic.sees("No device yet")
    mechanic.waits_for_requests().sees(NOTIFIES_OF_REQUESTS)  # still wanted here: it asks anew
    mechanic.button("Turn off").click()
    mechanic.sees(NOTIFY_OF_REQUESTS)
    page.goto("/account/devices/")
    mechanic.sees("No device yet")
    count = len(service.for_browser(laptop))
    mechanic.waits_for_requests()
    session_id = quietly.request(told_server, second)
    expect(mechanic.request(session_id)).to_be_visible()
    assert len(service.for_browser(laptop)) == count


@asks
def test_a_switch_waits_for_the_server_and_keeps_the_focus(
    told_server: Server, service: PushService, open_page: Callable[..., Page]
) -> None:
    (who,) = told_server.enroll(1, "patient-")
    page = open_page(who, service.browser("patient"))
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.goto("/account/devices/")
    customer = Customer(page, who)
    customer.button(TURN_ON).press("Enter")
    customer.sees(IS_ON)
    expect(customer.button("Turn off")).to_be_focused()
    page.route("**/api/push/subscriptions/*", hold)
    customer.button("Turn off").press("Enter")
    customer.sees("One moment")
    assert not customer.button(TURN_ON).is_visible()
    quietly_until(page, lambda: bool(held))
    held[0].continue_()
    expect(customer.button(TURN_ON)).to_be_focused()
    page.reload()
    customer.sees("No device yet")


@asks
def test_a_browser_with_blocked_notifications_says_how_to_allow_them(
    told_server: Server, service: PushService, open_page: Callable[..., Page]
) -> None:
    (who,) = told_server.enroll(1, "denier-")
    page = open_page(who, service.browser("denier"), permissions=[])
    page.context.add_init_script("Object.defineProperty(Notification, 'permission', { get: () => 'denied' });")
    page.goto("/account/devices/")
    customer = Customer(page, who)
    customer.sees("Notifications are blocked in this browser.").sees(re.compile("click the icon left of the address"))
    inspect(page, "devices-denied")


@asks
def test_the_next_person_to_sign_in_gets_no_push_messages_of_the_one_before(
    told_server: Server, service: PushService, open_page: Callable[..., Page]
) -> None:
    first, second = told_server.enroll(2, "sharer-")
    page = open_page(first, service.browser("shared"))
    page.goto("/account/devices/")
    Customer(page, first).button(TURN_ON).click()
    Customer(page, first).sees(IS_ON)
    page.context.add_cookies([{"name": "sessionid", "value": second.cookies["sessionid"], "url": told_server.url}])
    page.goto("/account/devices/")
    Customer(page, second).sees("No device yet").button(TURN_ON).hover()
    assert page.evaluate("sessionStorage.getItem('subscribed')") is None  # before the second one asks for any
    Customer(page, second).button(TURN_ON).click()
    Customer(page, second).sees(IS_ON)
    assert told_server.sql("SELECT count(*) FROM push_pushsubscription WHERE endpoint LIKE %s", "%shared") == [(1,)]


def test_sounds_are_switched_off_for_all_pages(told_server: Server, browser_of: OpenPage) -> None:
    (who,) = told_server.enroll(1, "quiet-")
    page = browser_of(who, server=told_server)
    page.goto("/dashboard/")
    page.get_by_label("Your account").click()
    sounds = page.get_by_role("switch", name="Sounds")
    expect(sounds).to_be_checked()
    sounds.click()
    expect(sounds).not_to_be_checked()
    inspect(page, "menu-sounds")
    page.goto("/account/")
    page.get_by_label("Your account").click()
    expect(page.get_by_role("switch", name="Sounds")).not_to_be_checked()
