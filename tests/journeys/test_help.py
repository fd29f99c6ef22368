""" "Get help": from any page of a session to the support desk, and the answer back to the asker."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import quietly, staging
from tests.journeys.calls import DEVICES, call_of_checked
from tests.journeys.inspection import inspect
from tests.journeys.people import Customer, Mechanic, Person
from tests.kit.server import Server

SUPPORT_IS_NOTIFIED = "We have notified our support team"

Come = Callable[..., Customer]
ComeMechanic = Callable[..., Mechanic]
OpenPage = Callable[..., Page]
ANSWERED = re.compile("support team has answered you")


@pytest.fixture
def support(browser_of: OpenPage) -> Page:
    return browser_of("support@example.com")


def opens_help(person: Person) -> None:
    person.page.get_by_role("link", name="Get help").click()
    expect(person.page.get_by_role("dialog", name="Get help")).to_be_visible()


def asks(person: Person, reason: str, text: str) -> None:
    person.page.get_by_label("What is it about?").select_option(reason)
    person.page.locator("#help-text").fill(text)
    person.button("Ask support").click()
    expect(person.page.locator(".help__words .bubble--mine", has_text=text)).to_be_visible()
    expect(person.page.locator("#help-text")).to_have_value("")


def closes_help(person: Person) -> None:
    person.page.locator("#help-dialog").get_by_role("button", name="Close").click()


def answers(support: Page, session_id: str, asked: str, text: str) -> None:
    support.goto(f"/support/sessions/{session_id}/help/")
    expect(support.locator(".help", has_text=asked)).to_be_visible()
    support.get_by_label(re.compile(r"^\s*Answer ")).fill(text)
    support.get_by_role("button", name="Send the answer").click()
    expect(support.locator(".bubble", has_text=text)).to_be_visible()


def is_answered(person: Person, text: str) -> None:
    """Check that the asker is notified and can read the answer."""
    person.sees(ANSWERED)
    expect(person.page.locator("session-room[data-help-unread] .room-help__mark")).to_be_visible()
    opens_help(person)
    expect(person.page.locator(".help__words .bubble--support", has_text=text)).to_be_visible()
    expect(person.page.locator(".room-help__mark")).to_be_hidden()
    closes_help(person)


def test_a_participant_asks_support_during_a_session_and_after_it(
    server: Server, a_customer: Come, a_mechanic: ComeMechanic, support: Page, axe: Callable[[Page], None]
) -> None:
    customer, mechanic = a_customer(), a_mechanic()
    session_id = staging.live(server, customer, mechanic)
    opens_help(customer)
    axe(customer.page)
    asks(customer, "How I am being treated", "He is rude to me")
    closes_help(customer)

    answers(support, session_id, "He is rude to me", "I am reading along now")
    is_answered(customer, "I am reading along now")
    customer.says("Can we go on?")
    mechanic.reads("Can we go on?")
    opens_help(mechanic)
    mechanic.sees_no_more("He is rude to me").sees_no_more("I am reading along now").sees_no_more(ANSWERED)
    expect(mechanic.page.locator("session-room[data-help-unread]")).to_have_count(0)
    closes_help(mechanic)

    customer.ends().is_shown_the_end()
    opens_help(customer)
    mechanic.is_shown_the_end().button("Stay here").click()
    asks(customer, "Payment or price", "Why the full price?")
    closes_help(customer)
    answers(support, session_id, "Why the full price?", "You get it back")
    is_answered(customer, "You get it back")
    opens_help(mechanic)
    mechanic.sees_no_more("You get it back")


def test_a_typed_question_survives_a_reload_and_a_refusal(server: Server, a_customer: Come) -> None:
    customer = a_customer()
    session_id = quietly.request(server, customer.who)
    customer.goes_to(session_id)
    opens_help(customer)
    customer.page.locator("#help-text").fill("Nobody comes")
    customer.page.reload()
    opens_help(customer)
    expect(customer.page.locator("#help-text")).to_have_value("Nobody comes")
    asks(customer, "Something else", "Nobody comes")
    customer.sees(SUPPORT_IS_NOTIFIED)


def test_a_participant_asks_support_without_scripts(server: Server, a_customer: Come, support: Page) -> None:
    customer = a_customer(java_script_enabled=False)
    session_id = quietly.request(server, customer.who)
    customer.goes_to(session_id).page.get_by_role("link", name="Get help").click()
    expect(customer.page).to_have_url(re.compile(f"/sessions/{session_id}/help/$"))
    customer.page.get_by_label("What is it about?").select_option("Payment or price")
    customer.page.get_by_label("What happened?").fill("Was I charged?")
    customer.button("Ask support").click()
    customer.sees("Was I charged?").sees(SUPPORT_IS_NOTIFIED)
    answers(support, session_id, "Was I charged?", "Not yet")
    customer.page.reload()
    customer.sees("Not yet")


def test_help_of_support_is_one_tap_away_in_a_running_call(
    server: Server, a_customer: Come, a_mechanic: ComeMechanic
) -> None:
    customer, mechanic = a_customer(permissions=DEVICES), a_mechanic(permissions=DEVICES)
    call_of_checked(server, customer, mechanic)
    opens_help(customer)
    asks(customer, "Sound, picture or connection", "The picture is dark")
    closes_help(customer)
    expect(customer.page.locator("video-stage[data-hears]")).to_have_attribute("data-call", "connected")
    customer.ends()


MAIL = """
from uuid import UUID
from email.message import EmailMessage
from django.test import override_settings
from django.utils import timezone
from autodoctor.accounts.models import User
from autodoctor.files.tests.samples import PDF, photo
from autodoctor.mail import incoming, replies
from autodoctor.support import inbound_mail

with override_settings(INBOUND_ADDRESS="help@in.example.com"):
    person, message = User.objects.get(email="{email}"), EmailMessage()
    message["From"], message["Message-ID"] = person.email, "<1@x.example>"
    message["To"] = replies.address_for(UUID("{session_id}"), person.pk)
    message.set_content("Here is the leak.")
    message.add_attachment(photo(), maintype="image", subtype="jpeg", filename="leak.jpg")
    message.add_attachment(PDF, maintype="application", subtype="pdf", filename="quote of the workshop.pdf")
    message.add_attachment(b"MZ" + bytes(99), maintype="application", subtype="octet-stream", filename="scan.exe")
    print(inbound_mail.take(incoming.parse(message.as_bytes()), now=timezone.now()).value)
"""


def test_mailed_photo_stands_in_the_thread_of_its_sender_and_at_the_desk(
    server: Server, a_customer: Come, a_mechanic: ComeMechanic, support: Page
) -> None:
    customer, mechanic = a_customer(), a_mechanic()
    session_id = staging.live(server, customer, mechanic)
    answer = server.shell(MAIL.format(email=customer.who.email, session_id=session_id))
    assert answer.strip() == "taken"
    customer.goes_to(session_id)
    opens_help(customer)
    shows_mailed_files(customer.page)
    customer.page.locator(".help__words a.picture").click()
    expect(customer.page.get_by_role("dialog").locator("img.light-box__media")).to_be_visible()
    for page, whose in ((customer.page, ""), (support, "/support")):
        address = f"{whose}/sessions/{session_id}/help/"
        page.goto(address)
        shows_mailed_files(page)
        inspect(page, address)
    mechanic.sees_no_more("leak.jpg")


def shows_mailed_files(page: Page) -> None:
    thread = page.locator(".help__words")
    picture = thread.locator("a.picture img")
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("image => image.naturalWidth") > 0
    expect(thread.get_by_role("link", name="quote of the workshop.pdf")).to_be_visible()
    expect(thread).to_contain_text("scan.exe was not taken: This type of file cannot be shared.")
