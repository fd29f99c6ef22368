"""From a charge to the mechanic's account: waits, Stripe's onboarding, and the CSV file."""

import csv
import re
from collections.abc import Callable
from uuid import UUID

from playwright.sync_api import Page, expect

from tests.journeys import staging
from tests.journeys.conftest import Crowd
from tests.journeys.inspection import inspect
from tests.journeys.people import Mechanic
from tests.kit.scene import key
from tests.kit.server import Person as SignedIn
from tests.kit.server import Server
from tests.kit.waiting import until

ACCOUNT_READY = "Your payout account is ready"
WAITS_FOR_ACCOUNT = "Waits for your payout account"
WAITS_FOR_SUMMARY = "Waits for your summary"

ComeMechanic = Callable[..., Mechanic]
DAY = 25 * 60 * 60


def charged(server: Server, customer: SignedIn, mechanic: SignedIn) -> str:
    """A session that is over, with its summary."""
    session_id = staging.over(server, customer, mechanic)
    until(lambda: bool(earned(server, session_id)))
    return session_id


def earned(server: Server, session_id: str) -> list[tuple[str, ...]]:
    return server.sql(
        "SELECT e.id, p.id FROM payments_earning e JOIN payments_payment p ON p.id = e.payment_id "
        "WHERE p.owner_id = %s",
        key(server, UUID(session_id)),
    )


def summarize(server: Server, session_id: str) -> None:
    server.shell(
        "from django.utils import timezone\n"
        "from autodoctor.sessions.lifecycle.summaries import submit_summary\n"
        "from autodoctor.sessions.models import Session\n"
        f"session = Session.objects.get(id='{session_id}')\n"
        "submit_summary(session_id=session.id, by=session.mechanic, now=timezone.now(), data={})"
    )


def pass_a_day(server: Server, session_id: str) -> None:
    """Move the end of the session a day back."""
    ((earning_id, payment_id),) = earned(server, session_id)
    moved = "strftime('%Y-%m-%d %H:%M:%f', {0}, '-{1} seconds')"
    server.sql(
        f"UPDATE payments_earning SET completed_at = {moved.format('completed_at', DAY)} WHERE id = %s", earning_id
    )
    due = ", ".join(f"{name} = {moved.format(name, DAY)}" for name in ("due_at", "run_at"))
    server.sql(f"UPDATE scheduler_job SET {due} WHERE kind = 'earning.advance' AND key = %s", str(UUID(payment_id)))


def comes_back_until(page: Page, text: str) -> None:
    until(lambda: bool(page.reload()) and page.get_by_text(text).count() > 0)


def test_a_mechanic_sets_up_payouts_and_is_paid_for_a_charged_session(
    server: Server, crowd: Crowd, a_mechanic: ComeMechanic
) -> None:
    mechanic = a_mechanic()
    session_id = charged(server, crowd.customer(), mechanic.who)
    sees_why_the_earning_waits(mechanic)
    summarize(server, session_id)
    sets_up_payouts(mechanic)
    pass_a_day(server, session_id)
    sees_the_payout(mechanic)
    finds_the_session_in_the_csv_file(mechanic, session_id)
    mechanic.page.goto("/sandbox/stripe/")
    mechanic.sees("takes transfers")
    inspect(mechanic.page, "sandbox-with-accounts")


def sees_why_the_earning_waits(mechanic: Mechanic) -> None:
    page = mechanic.page
    page.goto("/dashboard/")
    inspect(page, "dashboard-mechanic-earned")
    page.get_by_role("link", name="$6.99 earned this month").click()
    mechanic.sees(WAITS_FOR_SUMMARY).sees(WAITS_FOR_ACCOUNT).sees(re.compile("Not before"))
    inspect(page, "earnings-waiting")


def sets_up_payouts(mechanic: Mechanic) -> None:
    """Leave Stripe's form once, finish it without a document, then with it."""
    page = mechanic.page
    mechanic.button("Set up payouts").click()
    expect(page).to_have_url(re.compile("/sandbox/stripe/onboarding/"))
    inspect(page, "onboarding")
    mechanic.button("Leave").click()
    mechanic.sees("You have not finished setting up payouts").button("Continue").click()
    mechanic.button("Finish, but a document is missing").click()
    mechanic.sees("Stripe needs more information").sees_no_more(WAITS_FOR_SUMMARY)
    inspect(page, "earnings-restricted")
    mechanic.button("Answer Stripe").click()
    mechanic.button("Finish").click()
    mechanic.sees(ACCOUNT_READY).sees(re.compile("Payable on"))
    mechanic.sees_no_more(WAITS_FOR_ACCOUNT)


def sees_the_payout(mechanic: Mechanic) -> None:
    page = mechanic.page
    comes_back_until(page, ACCOUNT_READY)
    page.get_by_role("link", name=re.compile(r"^\w+ 20\d\d$")).first.click()
    until(lambda: bool(page.reload()) and page.locator(".badge--good", has_text="Paid").count() == 1)
    inspect(page, "earnings-paid")


def finds_the_session_in_the_csv_file(mechanic: Mechanic, session_id: str) -> None:
    page = mechanic.page
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    head, row = csv.reader(download.value.path().read_text("utf-8-sig").splitlines())
    assert (row[1], row[7], row[8], row[9]) == (session_id, "6.99", "6.99", "Paid")
    assert len(head) == len(row)
    page.get_by_role("link", name="2014 Volvo V60").click()
    expect(page).to_have_url(re.compile(session_id))
