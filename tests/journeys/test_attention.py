"""Calls for attention on an open page: full screen, sound, and the title of a hidden page."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys import quietly
from tests.journeys.conftest import Crowd
from tests.journeys.inspection import inspect
from tests.journeys.people import Customer
from tests.journeys.test_dashboards import COUNT_TONES, IN_THE_BACKGROUND
from tests.kit.server import Server

Come = Callable[..., Customer]
# No other element covers the toast.
ON_TOP = """() => {
  const { x, y, width, height } = document.querySelector(".toast__text").getBoundingClientRect();
  return Boolean(document.elementFromPoint(x + width / 2, y + height / 2)?.closest(".toast"));
}"""
OPEN_DIALOG = "document.body.appendChild(document.createElement('dialog')).showModal()"
RECENT = """
from datetime import timedelta
from uuid import uuid4
from django.utils import timezone
from autodoctor.accounts.models import User
from autodoctor.sessions.models import Session
now = timezone.now()
someone = User.objects.get(email="customer2@example.com")
for minutes in (1, 2, 2, 3, 3, 4, 5, 7, 9):
    at = now - timedelta(days=2, minutes=minutes)
    Session.objects.create(id=uuid4(), kind="chat", state="completed", customer=someone, plan_slug="chat",
        plan_name="Quick Chat", price_cents=999, granted_seconds=1800, concern="-", waiver_at=at, created_at=at,
        state_at=at, payable_until=at, requested_at=at, accepted_at=at + timedelta(minutes=minutes), ended_at=now,
        end_reason="time_up")
"""


def test_a_waiting_customer_is_called_back_to_the_tab(server: Server, a_customer: Come, crowd: Crowd) -> None:
    customer = a_customer()
    page = customer.page
    page.context.add_init_script(IN_THE_BACKGROUND + COUNT_TONES)
    customer.goes_to(quietly.request(server, customer.who)).sees("Looking for your mechanic")
    page.get_by_role("heading", name="Looking for your mechanic").click()
    quietly.accept(server, crowd.mechanic(), customer.session_id)
    expect(page.locator(".toast")).to_contain_text("A mechanic has accepted. Join now")
    expect(page).to_have_title(re.compile("^● A mechanic has accepted. Join now – Quick Chat: Accepted · "))
    assert page.evaluate("window.tones") > 0
    page.evaluate("document.hasFocus = () => true; dispatchEvent(new Event('focus'))")
    expect(page).to_have_title(re.compile("^Quick Chat: Accepted · "))


def test_the_room_makes_no_sound_once_sounds_are_switched_off(server: Server, a_customer: Come, crowd: Crowd) -> None:
    customer = a_customer()
    page = customer.page
    page.context.add_init_script(COUNT_TONES)
    customer.goes_to(quietly.request(server, customer.who)).sees("Looking for your mechanic")
    page.get_by_label("Your account").click()
    page.get_by_role("switch", name="Sounds").click()
    quietly.accept(server, crowd.mechanic(), customer.session_id)
    expect(page.locator(".toast")).to_contain_text("A mechanic has accepted")
    assert page.evaluate("window.tones") == 0


def test_only_a_page_that_has_news_may_be_the_one_that_sounds(a_customer: Come) -> None:
    """A page loads scripts that others share, and must not claim by that what it has no use for."""
    customer = a_customer()
    for address, claims in (("/account/devices/", False), ("/dashboard/", True)):
        customer.page.goto(address)
        customer.page.wait_for_load_state("load")
        locks = customer.page.evaluate("navigator.locks.query()")
        names = {lock["name"] for lock in [*locks["held"], *locks["pending"]]}
        assert ("calls-attention" in names) is claims


def test_toasts_are_seen_above_a_full_screen(browser_of: Callable[..., Page]) -> None:
    page = browser_of(None)
    page.goto("/")
    page.evaluate(
        """addEventListener("click", () => document.querySelector("header").requestFullscreen(), { once: true })"""
    )
    page.locator("body").click(position={"x": 5, "y": 5})
    page.wait_for_function("() => document.fullscreenElement")  # a function: our policy forbids strings
    page.evaluate("document.querySelector('toast-list').say('Look here', 'error')")
    expect(page.locator(".toast")).to_be_visible()
    assert page.evaluate(ON_TOP)
    page.get_by_role("button", name="Dismiss").click()


def test_a_toast_is_taken_away_by_a_tap_anywhere_on_it(browser_of: Callable[..., Page]) -> None:
    page = browser_of(None)
    page.goto("/")
    toast = page.locator(".toast")
    for level in ("error", "info"):
        page.evaluate("level => document.querySelector('toast-list').say('Over a button', level)", level)
        toast.get_by_text("Over a button").click()
        expect(toast).to_have_count(0)


def test_a_toast_is_held_by_who_reads_it_not_by_a_mouse_that_lies_there(browser_of: Callable[..., Page]) -> None:
    page = browser_of(None)
    page.clock.install()
    page.goto("/")
    toast = page.locator(".toast")
    say = "document.querySelector('toast-list').say('Good news', 'info')"
    page.evaluate(say)
    toast.hover(position={"x": 40, "y": 20})
    toast.hover()
    page.clock.fast_forward(60_000)
    expect(toast).to_be_visible()
    page.evaluate(say)  # in the place of the first, below the mouse
    expect(toast).to_have_count(1)
    page.clock.fast_forward(60_000)
    expect(toast).to_have_count(0)


def test_a_toast_beside_a_dialog_can_be_dismissed_and_outlives_it(browser_of: Callable[..., Page]) -> None:
    page = browser_of(None)
    page.goto("/")
    toast, dismiss = page.locator(".toast"), page.locator(".toast").get_by_role("button", name="Dismiss")
    page.evaluate("document.querySelector('toast-list').say('Before', 'error')")
    page.evaluate(OPEN_DIALOG)
    page.evaluate("document.querySelector('toast-list').say('Beside', 'error')")
    dismiss.first.click()
    expect(toast).to_have_text(re.compile("Beside"))
    assert page.evaluate(ON_TOP)
    place = toast.bounding_box()  # the buttons of a dialog are at its foot
    assert place
    assert place["y"] < 100
    page.evaluate("document.querySelector('dialog:modal').close()")
    dismiss.click()
    expect(toast).to_have_count(0)
    page.evaluate(OPEN_DIALOG)
    page.evaluate("window.toasts = document.querySelector('toast-list'); toasts.say('Inside', 'error')")
    expect(toast).to_be_visible()
    page.evaluate("document.querySelector('dialog:modal').remove()")
    expect(toast).to_have_count(0)
    page.evaluate("toasts.say('After', 'error')")
    dismiss.last.click()
    expect(toast).to_have_text(re.compile("Inside"))


def test_the_queue_says_how_long_the_wait_usually_is(
    start_server: Callable[..., Server], browser_of: Callable[..., Page]
) -> None:
    server = start_server()
    (who,) = server.enroll(1, "asker-")
    customer = Customer(browser_of(who, server=server), who)
    customer.goes_to(quietly.request(server, who)).sees("Looking for your mechanic")
    customer.sees_no_more(re.compile("Usually"))
    server.shell(RECENT)
    customer.page.reload()
    customer.sees("Usually 2–5 minutes").sees("based on the last 9 requests at this time of day")
    inspect(customer.page, "queue-estimate")
