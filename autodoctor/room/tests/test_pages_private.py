"""The page of a request that waits for one mechanic: what each reads, and what they press."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from autodoctor.core.formatting import time_of_day
from autodoctor.room.tests.page_story import JSON, ClientOf, Reads, buttons
from autodoctor.sessions.models import Session

if TYPE_CHECKING:
    from autodoctor.accounts.models import User
    from autodoctor.sessions.tests.story import Story

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_the_deadlines_run")]


def until(story: "Story") -> str:
    return time_of_day(story.session.private_until)


@pytest.fixture
def private(story: "Story") -> "Story":
    return story.asks_for(story.mechanic, minutes=20).pay()


def test_the_customer_reads_whom_we_ask_and_for_how_long(private: "Story", customer: "User", reads: Reads) -> None:
    page = reads(customer)
    assert "Asking Morgan Mechanic" in page
    assert f"alone until {until(private)}. Then every mechanic sees it, by itself." in page
    assert "Your place in the queue" not in page
    assert "After 20 minutes every available mechanic sees your request." in page
    Session.objects.filter(pk=private.id).update(asked_only=True)
    assert "If they do not take it, it ends and you pay nothing." in reads(customer)


def test_the_customer_asks_everybody_with_one_press(
    private: "Story", customer: "User", mechanic2: "User", client_of: ClientOf, reads: Reads
) -> None:
    for _ in range(2):
        answer = client_of(customer).post(f"/sessions/{private.id}/release/", {"reason": "asked_everybody"})
        assert (answer.status_code, answer["Location"]) == (303, f"/sessions/{private.id}/")
    page = reads(customer)
    assert "Morgan Mechanic did not take your request. Now every mechanic sees it." in page
    assert "accept" in buttons(client_of(mechanic2), private)


def test_a_mechanic_passes_with_one_press_and_goes_on_to_other_requests(
    private: "Story", mechanic: "User", client_of: ClientOf
) -> None:
    client = client_of(mechanic)
    assert buttons(client, private) == ["accept", "release"]
    answer = client.post(f"/sessions/{private.id}/release/", {"reason": "passed"})
    assert (answer.status_code, answer["Location"]) == (303, "/dashboard/")
    assert "You passed. It does not count as a missed request." in client.get("/dashboard/").content.decode()
    assert "You passed." in client.get(f"/sessions/{private.id}/").content.decode()
    assert "Pass" not in client.get("/dashboard/queue/").content.decode()


def test_a_pass_by_script_is_answered_as_json(private: "Story", mechanic: "User", client_of: ClientOf) -> None:
    answer = client_of(mechanic).post(f"/sessions/{private.id}/release/", {"reason": "passed"}, headers=JSON)
    assert answer.json()["session"]["state"] == "requested"


def test_a_pass_that_comes_too_late_says_so(private: "Story", mechanic: "User", client_of: ClientOf) -> None:
    private.wait(minutes=20)
    answer = client_of(mechanic).post(f"/sessions/{private.id}/release/", {"reason": "passed"}, headers=JSON)
    assert (answer.status_code, answer.json()["error"]) == (409, "opened")
    assert private.session.state == "requested"


def test_a_press_to_ask_everybody_releases_no_mechanic_who_was_faster(
    private: "Story", customer: "User", client_of: ClientOf
) -> None:
    private.accept()
    client_of(customer).post(f"/sessions/{private.id}/release/", {"reason": "asked_everybody"})
    assert (private.session.state, private.session.mechanic) == ("accepted", private.mechanic)


def test_a_mechanic_reads_what_they_wrote_last(
    private: "Story", customer: "User", mechanic: "User", client_of: ClientOf
) -> None:
    from autodoctor.summaries.models import Summary

    before = type(private)(customer, mechanic).live().end(customer)
    Summary.objects.create(
        session_id=before.id,
        author=mechanic,
        findings="The minus clamp is corroded.",
        steps="s",
        next_steps="n",
        safe="yes",
        submitted_at=timezone.now() - timedelta(days=9),
    )
    client = client_of(mechanic)
    for address in (f"/sessions/{private.id}/", "/dashboard/queue/"):
        page = client.get(address).content.decode()
        assert "Asked for you" in page
        assert "The minus clamp is corroded." in page
        assert f'href="/sessions/{before.id}/summary/"' in page


def test_a_mechanic_in_a_session_reads_why_they_cannot_accept(
    private: "Story", stranger: "User", mechanic: "User", client_of: ClientOf
) -> None:
    type(private)(stranger, mechanic).pay().accept()
    assert buttons(client_of(mechanic), private) == ["release"]


def test_support_sees_for_whom_a_request_waits(private: "Story", support: "User", client_of: ClientOf) -> None:
    client = client_of(support)
    case = client.get(f"/support/sessions/{private.id}/").content.decode()
    assert "The customer asked for Morgan Mechanic" in case
    assert "Waiting for the mechanic whom the customer asked for" in client.get("/support/").content.decode()
    private.releases(private.mechanic)
    case = client.get(f"/support/sessions/{private.id}/").content.decode()
    assert "Open to all mechanics: the mechanic who was asked for passed" in case


def test_the_end_says_that_only_one_mechanic_was_wanted(story: "Story", customer: "User", reads: Reads) -> None:
    story.asks_for(story.mechanic, only=True, minutes=20).pay().wait(minutes=20)
    page = reads(customer)
    assert "Morgan Mechanic could not take your session" in page
    assert "we tell you by email and push when they are back" in page


def test_the_lists_of_the_customer_say_whom_we_ask(private: "Story", customer: "User", client_of: ClientOf) -> None:
    page = " ".join(client_of(customer).get("/dashboard/").content.decode().split())
    assert f"Asking Morgan Mechanic until {until(private)}" in page
