"""Search, people, failed jobs and applications: support's pages, actions and records."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from pytest_django import Settings

from autodoctor.accounts.models import MechanicProfile, User
from autodoctor.conversations import asking
from autodoctor.conversations.models import Conversation
from autodoctor.payments.models import Payment, StripeEvent
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.models import Job
from autodoctor.sessions.jobs import chats
from autodoctor.sessions.lifecycle.transitions import PlanTerms
from autodoctor.sessions.tests.story import Story
from autodoctor.support import search, staff_actions
from autodoctor.support.models import StaffAction

ClientOf = Callable[[User], Client]
NOW = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)
VIN = "YV1RS61R722123456"
CALL = PlanTerms(slug="video", name="Standard Video", kind="video", seconds=45 * 60, price_cents=2999)


@pytest.fixture
def desk(support: User, client_of: ClientOf) -> Client:
    return client_of(support)


def words(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


def parked(**changes: Any) -> Job:
    facts = {
        "kind": "mail.send",
        "key": "k",
        "payload": {},
        "attempts": 30,
        "last_error": "SMTPServerDisconnected: gone",
    }
    return Job.objects.create(due_at=NOW, run_at=NOW, lane=Lane.STRIPE, parked_at=NOW, **(facts | changes))


# Search


@pytest.mark.parametrize(
    "query",
    ["casey", "CASEY CUST", "customer@exam", "volvo", "XC7", VIN, VIN[:8].lower(), "morgan"],
)
def test_sessions_are_found_by_people_and_vehicles(query: str, story: Story, desk: Client) -> None:
    vehicle = {"make": "Volvo", "model": "XC70", "year": 2002, "vin": VIN}
    session = story.session
    session.vehicle = vehicle
    session.save()
    story.pay().accept()
    text = words(desk.get("/support/search/", {"q": query}))
    assert "Casey Customer · Morgan Mechanic" in text


@pytest.mark.parametrize(
    "query", ["Özlem", "özlem", "ÖZLEM", "ozlem", "Ozlem Or", "ørsted", "škoda", "SKODA", "citroen"]
)
def test_search_ignores_accents_and_case(query: str, story: Story, desk: Client) -> None:
    story.customer.name = "Özlem Ørsted"
    story.customer.save(update_fields=["name"])
    session = story.session
    session.vehicle = {"make": "Škoda", "model": "Citroën"}
    session.save(update_fields=["vehicle"])
    assert f"/support/sessions/{story.id}/" in desk.get("/support/search/", {"q": query}).content.decode()


@pytest.mark.parametrize("query", ["P0301", "p0301", "PO301", "U0100", "u0100-00", "P0420 U0100"])
def test_sessions_are_found_by_their_trouble_codes(query: str, story: Story, desk: Client) -> None:
    session = story.session
    session.trouble_codes = ["P0301", "U0100-00"]
    session.save(update_fields=["trouble_codes"])
    assert f"/support/sessions/{story.id}/" in desk.get("/support/search/", {"q": query}).content.decode()


def test_sessions_are_found_by_trouble_codes_of_their_chat(
    story: Story, desk: Client, customer: User, settings: Settings
) -> None:
    settings.CLOCK_HANDLERS = "autodoctor.sessions.tests.story.HANDLERS"
    story.live().say(customer, "The reader says p0455").end(customer)
    here = f"/support/sessions/{story.id}/"
    assert here not in desk.get("/support/search/", {"q": "P0455"}).content.decode()
    chats.read(Job(kind="sessions.read_chats", key="all"), story.now)
    assert here in desk.get("/support/search/", {"q": "P0455"}).content.decode()


@pytest.mark.parametrize("query", ["P0302", "P030", "U0100-01", "0301"])
def test_sessions_are_not_found_by_parts_of_trouble_codes_or_others(query: str, story: Story, desk: Client) -> None:
    session = story.session
    session.trouble_codes = ["P0301", "U0100-00"]
    session.save(update_fields=["trouble_codes"])
    assert f"/support/sessions/{story.id}/" not in desk.get("/support/search/", {"q": query}).content.decode()


def test_a_session_is_found_by_its_id_or_its_beginning(story: Story, desk: Client) -> None:
    here = f"/support/sessions/{story.id}/"
    assert desk.get("/support/search/", {"q": str(story.id)}).headers["Location"] == here
    for beginning in (str(story.id)[:8], str(story.id)[:13].upper(), story.id.hex[:12]):
        assert here in desk.get("/support/search/", {"q": beginning}).content.decode()
    other = UUID(int=story.id.int ^ (0xF << 124))
    assert here not in desk.get("/support/search/", {"q": str(other)[:8]}).content.decode()


@pytest.mark.parametrize("name", ["intent_id", "checkout_id", "charge_id"])
def test_ids_of_stripe_lead_to_the_session(name: str, story: Story, desk: Client) -> None:
    Payment.objects.filter(owner_id=story.id).update(**{name: "xx_1234567890"})
    StripeEvent.objects.create(
        id="evt_1", type="charge.updated", object_id="ch_1", payment_id=story.payment.id, received_at=NOW
    )
    for query in ("xx_1234567890", str(story.payment.id), "evt_1"):
        answer = desk.get("/support/search/", {"q": query})
        assert answer.headers["Location"] == f"/support/sessions/{story.id}/"


@pytest.mark.parametrize("query", ["", " ", "a", "\0", "%", "' OR 1=1 --", "x" * 5000, "ffff", "{}", "zz_none"])
def test_a_search_without_results_says_so(query: str, story: Story, desk: Client) -> None:
    answer = desk.get("/support/search/", {"q": query})
    assert answer.status_code == 200
    assert "Casey" not in words(answer)


def test_results_of_a_search_are_paged(story: Story, desk: Client) -> None:
    for _ in range(24):
        Story(story.customer, story.mechanic)
    first, second = (desk.get("/support/search/", {"q": "casey", "page": page}).content.decode() for page in (1, 2))
    assert first.count("/support/sessions/") == 20
    assert second.count("/support/sessions/") == 5


def test_a_search_says_when_there_may_be_more(story: Story, desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    Story(story.customer, story.mechanic)
    assert "There may be more" not in words(desk.get("/support/search/", {"q": "casey"}))
    monkeypatch.setattr(search, "MOST", 2)
    assert "we look at the newest 2 of each kind" in words(desk.get("/support/search/", {"q": "casey"}))


# People


def test_the_page_of_a_person_shows_sessions_charges_and_profile(story: Story, desk: Client) -> None:
    story.pay().accept()
    Payment.objects.filter(owner_id=story.id).update(captured_cents=999, state="captured")
    text = words(desk.get(f"/support/people/{story.customer.id}/"))
    for part in ("Casey Customer", "customer@example.com", "Quick Chat", "$9.99", "Charged", "Ban"):
        assert part in text
    assert "Engines and electrics" in words(desk.get(f"/support/people/{story.mechanic.id}/"))


def test_a_ban_needs_a_reason_is_written_down_and_lifted(story: Story, support: User, desk: Client) -> None:
    story.live()
    address = f"/support/people/{story.mechanic.id}/"
    desk.post(address, {"act": "ban", "reason": " "})
    assert User.objects.get(pk=story.mechanic.id).is_active
    desk.post(address, {"act": "ban", "reason": "asked for cash"})
    banned = User.objects.get(pk=story.mechanic.id)
    assert not banned.is_active
    assert banned.banned_at
    (event,) = story.events("support.banned")
    assert (event.actor_id, event.audience, event.data["reason"]) == (support.id, "support", "asked for cash")
    assert "asked for cash" in words(desk.get(f"/support/people/{story.mechanic.id}/"))

    desk.post(address, {"act": "lift", "reason": "mistaken identity"})
    assert User.objects.get(pk=story.mechanic.id).is_active
    found = (
        StaffAction.objects.filter(subject=str(story.mechanic.id)).order_by("id").values_list("kind", "by", "reason")
    )
    assert list(found) == [
        ("account.banned", support.id, "asked for cash"),
        ("account.unbanned", support.id, "mistaken identity"),
    ]


def test_whoever_is_banned_while_only_their_media_arrive_was_there_until_then(
    customer: User, mechanic: User, support: User
) -> None:
    call = Story(customer, mechanic, CALL).live().leave(mechanic).wait(minutes=5)
    staff_actions.ban(user=mechanic, by=support, reason="rude", now=call.now)
    session = call.wait(seconds=10).session
    assert (session.state, call.minutes_since_noon(session.paused_at)) == ("reconnecting", 5)


def test_support_cannot_shut_support_out(colleague: User, desk: Client) -> None:
    desk.post(f"/support/people/{colleague.id}/", {"act": "ban", "reason": "rival"})
    assert User.objects.get(pk=colleague.id).is_active
    assert not StaffAction.objects.exists()


# Failed jobs


def test_a_job_that_was_given_up_is_shown_with_its_session(story: Story, desk: Client) -> None:
    parked(session_id=story.id)
    parked(
        kind="payment.capture",
        key=str(story.payment.id),
        session_id=story.id,
        last_error="CardError: card_declined " + "x" * 400,
    )
    parked(kind="media.lost", key=str(story.id), session_id=story.id)
    Job.objects.create(kind="mail.send", key="waits", due_at=NOW, run_at=NOW)
    answer = desk.get("/support/jobs/")
    text = words(answer)
    assert text.count("The session") == 3
    assert "SMTPServerDisconnected: gone" in text
    assert "x" * 400 in text
    assert "waits" not in text
    assert f"/support/sessions/{story.id}/" in answer.content.decode()


def test_a_stripe_event_that_matches_no_payment_can_be_dismissed(desk: Client, support: User) -> None:
    StripeEvent.objects.create(id="evt_lost", type="charge.captured", object_id="ch_lost", received_at=NOW)
    job = parked(kind="stripe.event", key="evt_lost", last_error="UnknownPayment: pi_lost")
    assert "The event matches no payment" in words(desk.get("/support/jobs/"))
    desk.post(f"/support/jobs/{job.pk}/", {"act": "dismiss", "reason": "another shop's"})
    event = StripeEvent.objects.get()
    assert (event.outcome, event.processed_at is None) == ("dismissed", False)
    assert not Job.objects.filter(pk=job.pk).exists()
    action = StaffAction.objects.get()
    assert (action.kind, action.subject, action.by, action.reason) == (
        "job.dismissed",
        "stripe.event evt_lost",
        support,
        "another shop's",
    )


def test_retrying_and_dismissing_a_job_stand_in_the_sessions_log(story: Story, desk: Client, support: User) -> None:
    again = parked(kind="payment.release", key=str(story.payment.id), session_id=story.id)
    desk.post(f"/support/jobs/{again.pk}/", {"act": "retry"})
    again.refresh_from_db()
    assert (again.parked_at, again.attempts) == (None, 0)
    assert desk.post(f"/support/jobs/{again.pk}/", {"act": "retry"}).status_code == 404

    off = parked(session_id=story.id)
    desk.post(f"/support/jobs/{off.pk}/", {"act": "dismiss", "reason": ""})
    assert Job.objects.filter(pk=off.pk).exists()
    desk.post(f"/support/jobs/{off.pk}/", {"act": "dismiss", "reason": "told by telephone"})
    assert not Job.objects.filter(pk=off.pk).exists()
    events = story.events("support.job_retried", "support.job_dismissed")
    assert [(event.kind, event.actor_id, event.data["reason"]) for event in events] == [
        ("support.job_retried", support.id, ""),
        ("support.job_dismissed", support.id, "told by telephone"),
    ]


# Applications


@pytest.fixture
def applicant(stranger: User) -> MechanicProfile:
    return MechanicProfile.objects.create(
        user=stranger, headline="Diesels", years_experience=11, skills="Injection\nTurbos", certifications="ASE A8"
    )


def test_an_application_is_read_and_approved(applicant: MechanicProfile, desk: Client, support: User) -> None:
    text = words(desk.get("/support/mechanics/"))
    for part in ("Sam Stranger", "Diesels", "11 years", "Turbos", "ASE A8"):
        assert part in text
    desk.post(f"/support/mechanics/{applicant.pk}/", {"act": "approve"})
    applicant.refresh_from_db()
    assert (applicant.state, applicant.decided_by) == ("approved", support)
    assert Job.objects.get(kind="mail.send").payload["template"].endswith("application_approved")
    assert StaffAction.objects.get().kind == "mechanic.approved"
    desk.post(f"/support/mechanics/{applicant.pk}/", {"act": "approve"})
    assert StaffAction.objects.count() == 1


def test_every_application_is_on_a_page_and_a_refused_answer_stays_on_it(desk: Client) -> None:
    """The fifty-first is behind fifty others, and what was typed for it is not lost."""
    people = [User.objects.create_user(f"{n}@example.com", name=f"Applicant {n:02}") for n in range(51)]
    profiles = [
        MechanicProfile.objects.create(user=one, headline="Diesels", years_experience=1, skills="All") for one in people
    ]
    for number, profile in enumerate(profiles):
        MechanicProfile.objects.filter(pk=profile.pk).update(applied_at=NOW + timedelta(hours=number))
    first, second = desk.get("/support/mechanics/"), desk.get("/support/mechanics/?page=2")
    assert "Applicant 50" not in words(first)
    assert 'href="/support/mechanics/?page=2"' in first.content.decode()
    assert re.findall(r"Applicant \d\d", words(second))[0] == "Applicant 50"
    StaffAction.objects.create(
        kind="person.signed_out", at=NOW, by=User.objects.get(is_staff=True), subject=str(people[50].pk), reason="Lost"
    )
    typed = {"act": "decline", "reason": "No certificate yet", "seen": "0", "page": "2"}
    refused = desk.post(f"/support/mechanics/{profiles[50].pk}/", typed)
    assert refused.status_code == 409
    assert 'value="No certificate yet"' in refused.content.decode()


def test_all_payments_and_questions_of_a_person_are_on_pages(desk: Client, customer: User) -> None:
    for number in range(21):
        ask(customer, NOW + timedelta(days=number))
        Payment.objects.create(
            owner_id=uuid4(),
            payer=customer,
            purpose="session",
            description=f"Chat {number:02}",
            amount_cents=999,
            seconds=60,
            created_at=NOW + timedelta(hours=number),
        )
    address = f"/support/people/{customer.id}/"
    first = desk.get(address).content.decode()
    assert f'href="{address}?payments=2"' in first
    assert f'href="{address}?questions=2"' in first
    assert "Chat 00" not in first
    assert "Chat 00" in desk.get(f"{address}?payments=2").content.decode()
    assert desk.get(f"{address}?questions=2").content.decode().count("/support/conversations/") == 1
    ask(customer, NOW + timedelta(days=22))
    question = Conversation.objects.latest("created_at")
    others = desk.get(f"/support/conversations/{question.id}/").content.decode()
    assert f'href="/support/conversations/{question.id}/?questions=2"' in others


def ask(person: User, at: datetime) -> None:
    asking.ask(asking.Question(topic="account", text="Where?"), by=person, now=at)


def test_declining_an_application_needs_a_reason_that_is_mailed(applicant: MechanicProfile, desk: Client) -> None:
    desk.post(f"/support/mechanics/{applicant.pk}/", {"act": "decline", "reason": ""})
    applicant.refresh_from_db()
    assert applicant.state == "applied"
    desk.post(f"/support/mechanics/{applicant.pk}/", {"act": "decline", "reason": "No certificate yet"})
    applicant.refresh_from_db()
    assert applicant.state == "declined"
    mail = Job.objects.get(kind="mail.send").payload
    assert mail["context"] == {"reason": "No certificate yet"}
    assert StaffAction.objects.get().reason == "No certificate yet"
