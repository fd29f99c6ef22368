"""Help without a session: a visitor asks, support answers on the board, mails lead back and forth, support closes."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys.inspection import inspect
from tests.journeys.people import Customer
from tests.kit.server import Server
from tests.kit.waiting import until

OpenPage = Callable[..., Page]
VISITOR = "vera@example.org"
# Milliseconds since the server sent the page.
SHOWN_FOR = "performance.now() - performance.getEntriesByType('navigation')[0].responseStart"
LINK = re.compile(r"/help/open/\?link=[\w-]+")


def mailed_links(page: Page, subject: str) -> list[str]:
    """Return the links in the visitor's mails with this subject, the latest first; waits for the first."""
    outbox = page.context.new_page()
    rows = outbox.locator(".row", has_text=VISITOR).filter(has_text=subject)
    until(lambda: bool(outbox.goto("/outbox/")) and rows.count() > 0)
    letters = [link.get_attribute("href") or "" for link in rows.get_by_role("link").all()]
    found = [match[0] for path in letters if (match := LINK.search(outbox.request.get(path).text()))]
    outbox.close()
    return found


def asks(page: Page, text: str) -> None:
    page.goto("/")
    page.get_by_role("contentinfo").get_by_role("link", name="Help").click()
    page.get_by_label("What is it about?").select_option("A question before I book")
    page.get_by_label("Your question").fill(text)
    page.get_by_label("Your name").fill("Vera Visitor")
    page.get_by_label("Your email address").fill(VISITOR)
    until(lambda: page.evaluate(SHOWN_FOR) > 2500)  # nobody types so fast
    page.get_by_role("button", name="Send the question").click()
    expect(page.get_by_text(f"We sent a link to {VISITOR}")).to_be_visible()


def test_a_visitor_asks_support_and_reads_the_answer(server: Server, browser_of: OpenPage) -> None:
    visitor, support = browser_of(None), browser_of("support@example.com")
    support.goto("/support/")
    asks(visitor, "Do you know old cars?")
    (link,) = mailed_links(visitor, "Send your question")
    expect(support.get_by_role("link", name="Vera Visitor")).to_have_count(0)
    visitor.goto(link)
    expect(visitor.get_by_text("Do you know old cars?")).to_be_visible()
    inspect(visitor, "help-unconfirmed")
    visitor.get_by_role("button", name="Send my question").click()
    expect(visitor.get_by_text("Our support team has your question")).to_be_visible()
    inspect(visitor, "help-open")

    line = support.locator(".line", has_text="Vera Visitor")
    expect(line).to_contain_text("Visitor")  # the board hears of it
    line.get_by_role("button", name="Take").click()
    expect(line).to_contain_text("You took this question")
    line.get_by_role("link", name="Vera Visitor").click()
    inspect(support, "support-conversation")
    support.get_by_label(re.compile(r"^\s*Answer ")).fill("Yes, send us a photo")
    support.get_by_role("button", name="Send the answer").click()
    expect(support.locator(".bubble--mine", has_text="Yes, send us a photo")).to_be_visible()

    answered = mailed_links(visitor, "has answered you")
    visitor.goto("/help/")
    expect(visitor.get_by_text("New answer")).to_be_visible()
    inspect(visitor, "help-answered")
    visitor.goto(answered[0])
    expect(visitor.locator(".bubble--support", has_text="Yes, send us a photo")).to_be_visible()
    visitor.get_by_label("Write more").fill("It is a 1972 Volvo")
    visitor.get_by_role("button", name="Send").click()

    expect(support.get_by_text("It is a 1972 Volvo")).to_be_visible()  # without a reload
    support.get_by_label(re.compile(r"^\s*Answer ")).fill("We do. Have a safe trip!")
    support.get_by_role("button", name="Send and close").click()
    expect(support.get_by_text("closed this question")).to_be_visible()
    visitor.goto("/help/")
    visitor.get_by_role("link", name="A question before I book").click()
    expect(visitor.get_by_text("We do. Have a safe trip!")).to_be_visible()
    expect(visitor.get_by_label("Still open? Write again")).to_be_visible()


def test_a_customer_sees_the_answer_of_support_without_a_reload(
    server: Server, a_customer: Callable[..., Customer], browser_of: OpenPage
) -> None:
    customer, support = a_customer(), browser_of("support@example.com")
    page = customer.page
    page.goto("/account/")
    page.get_by_role("link", name="Help and your questions").click()
    expect(page.get_by_label("What is it about?")).to_have_value("account")
    page.get_by_label("Your question").fill("How do I change my name?")
    page.get_by_role("button", name="Send the question").click()
    expect(page.get_by_text("Our support team has your question")).to_be_visible()
    page.get_by_label("Write more").fill("Not sent yet")

    support.goto("/support/")
    question = page.url.rstrip("/").rpartition("/")[2]
    support.locator(f"#line-{question}").get_by_role("link").first.click()
    support.get_by_label(re.compile(r"^\s*Answer ")).fill("On this page")
    support.get_by_role("button", name="Send and close").click()
    expect(page.locator(".bubble--support", has_text="On this page")).to_be_visible()
    expect(page.locator("#help-text")).to_have_value("Not sent yet")
