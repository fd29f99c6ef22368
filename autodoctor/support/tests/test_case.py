"""The page of a session for support: contents and forms."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.core.formatting import time_of_day
from autodoctor.payments.job_kinds import PaymentJob
from autodoctor.payments.models import Dispute, Payment, Refund
from autodoctor.receipts.receipt import receipt_of
from autodoctor.scheduler.queue import schedule
from autodoctor.sessions.event_kinds import EVENT_DATA
from autodoctor.sessions.lifecycle import substitutes
from autodoctor.sessions.lifecycle import support_actions as acts
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.states import EventKind
from autodoctor.sessions.tests.story import Story
from autodoctor.support.case_file import Case
from autodoctor.support.case_presence import attendance
from autodoctor.support.case_timeline import WORDS, lines
from autodoctor.support.case_timeline import Line as TimelineLine
from autodoctor.support.event_facts import READINGS

pytestmark = pytest.mark.django_db
WHY = "The picture froze"


def page_of(story: Story) -> str:
    return f"/support/sessions/{story.id}/"


def press(desk: Client, story: Story, name: str, **given: Any) -> Any:
    return desk.post(f"{page_of(story)}{name}/", {"token": str(uuid4()), "reason": WHY, **given})


def dispute(story: Story, outcome: str = "") -> Dispute:
    return Dispute.objects.create(
        payment=story.payment,
        stripe_id="du_1",
        amount_cents=999,
        currency="usd",
        reason="product_unacceptable",
        status=outcome or "needs_response",
        outcome=outcome,
        opened_at=story.now,
        evidence_due_at=story.now + timedelta(days=7),
    )


def test_the_page_of_a_case_shows_people_terms_and_events(desk: Client, charged: Story, support: User) -> None:
    acts.send_message(session_id=charged.id, by=support, text="Call your bank <b>", to="customer", now=charged.now)
    schedule(PaymentJob.REFUND, str(charged.payment.id), timezone.now() + timedelta(days=1), session_id=charged.id)
    page = desk.get(page_of(charged)).content.decode()

    for words in (
        "Casey Customer",
        "Morgan Mechanic",
        "Quick Chat",
        "It rattles",
        "The session ended: by the customer",
    ):
        assert words in page
    assert "Call your bank &lt;b&gt;" in page
    assert "customer only" in page
    assert "10:00" in page  # used
    assert "$9.99" in page
    assert "payment.refund" in page
    assert page.count('class="log__line"') == charged.session.seq


def test_the_log_can_be_filtered_by_group(desk: Client, charged: Story) -> None:
    page = desk.get(page_of(charged), {"show": "presence"}).content.decode()
    assert 'data-kind="participant.joined"' in page
    assert 'data-kind="session.ended"' not in page


def test_the_live_part_of_a_case_answers_only_after_new_events(desk: Client, charged: Story) -> None:
    live = f"{page_of(charged)}live/"
    assert desk.get(live, {"seen": charged.session.seq}).status_code == 204
    news = desk.get(live, {"seen": charged.session.seq - 1})
    assert news.status_code == 200
    assert 'data-kind="session.ended"' in news.content.decode()


@pytest.mark.parametrize(
    ("prepare", "offered"),
    [
        ("draft", {"message", "cancel"}),
        ("requested", {"message", "assign", "cancel"}),
        ("accepted", {"message", "assign", "release", "cancel"}),
        ("live", {"message", "extend", "substitute", "end"}),
        ("charged", {"message", "refund"}),
    ],
)
def test_only_the_acts_that_the_state_allows_are_offered_to_support(
    desk: Client, request: pytest.FixtureRequest, story: Story, prepare: str, offered: set[str]
) -> None:
    steps = {"requested": story.pay, "accepted": lambda: story.pay().accept(), "live": story.live}
    if prepare in steps:
        steps[prepare]()
    elif prepare == "charged":
        request.getfixturevalue("charged")
    assert {offer.act.name for offer in desk.get(page_of(story)).context["offers"]} == offered


def test_ending_a_session_asks_support_to_confirm_and_keeps_the_typed_reason(desk: Client, story: Story) -> None:
    story.live()
    answer = press(desk, story, "end")
    assert answer.status_code == 422
    assert WHY in answer.content.decode()
    assert "Confirm this first" in answer.content.decode()
    assert story.session.state == "live"

    assert press(desk, story, "end", sure="on").status_code == 303
    assert story.session.end_reason == "ended_by_support"


def test_a_refused_act_of_support_is_explained_beside_its_form_and_keeps_the_text(desk: Client, story: Story) -> None:
    story.live().end(story.customer)
    answer = press(desk, story, "end", sure="on")
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "The session is now: Completed." in page
    assert WHY in page


def test_both_participants_read_why_support_ended_the_session(client: Client, desk: Client, story: Story) -> None:
    story.live()
    press(desk, story, "end", sure="on")
    for person in (story.customer, story.mechanic):
        client.force_login(person)
        page = client.get(f"/sessions/{story.id}/").content.decode()
        assert "Our support team ended the session" in page
        assert WHY in page


def test_a_refund_form_sent_twice_refunds_once_and_never_more_than_was_charged(desk: Client, charged: Story) -> None:
    given = {"payment": str(charged.payment.id), "amount": "4.00", "borne_by": "mechanic", "sure": "on"}
    token = str(uuid4())
    for _ in range(2):  # a double click
        assert press(desk, charged, "refund", token=token, **given).status_code == 303
    kept = Refund.objects.get()
    assert (kept.amount_cents, kept.borne_by, kept.reason) == (400, "mechanic", WHY)

    answer = press(desk, charged, "refund", **given | {"amount": "6.00"})
    assert answer.status_code == 409
    assert "more than the rest of the charge" in answer.content.decode()
    assert "−$4.00" in desk.get(page_of(charged)).content.decode()


@pytest.mark.parametrize("amount", ["", "0", "-1", "1.005", "many", "1e9", "NaN", "Infinity"])
def test_an_invalid_amount_of_a_refund_is_refused(desk: Client, charged: Story, amount: str) -> None:
    given = {"payment": str(charged.payment.id), "amount": amount, "borne_by": "platform", "sure": "on"}
    assert press(desk, charged, "refund", **given).status_code == 422
    assert not Refund.objects.exists()


def test_no_refund_is_possible_while_a_charge_is_disputed(desk: Client, charged: Story) -> None:
    dispute(charged)
    page = desk.get(page_of(charged)).content.decode()
    assert "disputes a charge" in page
    assert "act-refund" not in page
    given = {"payment": str(charged.payment.id), "amount": "1.00", "borne_by": "platform", "sure": "on"}
    assert press(desk, charged, "refund", **given).status_code == 422
    assert not Refund.objects.exists()


def test_support_and_customer_read_the_same_sum_where_more_went_back_than_was_charged(
    desk: Client, charged: Story
) -> None:
    """A bank may take back the whole charge after a part of it was refunded."""
    give = {"payment": charged.payment, "amount_cents": 300, "reason": "x", "created_at": charged.now}
    Refund.objects.create(state=Refund.State.ISSUED, stripe_id="re_1", **give)
    lost = dispute(charged, outcome="lost")
    Payment.objects.filter(pk=lost.payment_id).update(disputed_at=charged.now)
    assert receipt_of(charged.session).paid_cents == Case(charged.session, charged.now).kept_cents == -300
    assert re.search(r"Net charge</dt><dd[^>]*>−\$3\.00<", desk.get(page_of(charged)).content.decode())


def test_a_disputed_charge_says_what_is_still_sent_of_it(desk: Client, charged: Story) -> None:
    """What was sent to the mechanic before stays sent."""
    dispute(charged)
    page = desk.get(page_of(charged)).content.decode()
    assert "Nothing more of this charge is sent to a mechanic until the bank decides." in page


def test_an_unknown_act_on_a_case_is_a_404(desk: Client, story: Story) -> None:
    assert press(desk, story, "explode").status_code == 404


@pytest.mark.parametrize("person", ["customer", "mechanic", "stranger"])
def test_the_page_of_a_case_is_a_404_for_everybody_but_support(
    client: Client, request: pytest.FixtureRequest, story: Story, person: str
) -> None:
    story.live()
    client.force_login(request.getfixturevalue(person))
    for path in ("", "live/", "evidence.pdf", "evidence.zip"):
        assert client.get(page_of(story) + path).status_code == 404
    assert client.post(f"{page_of(story)}end/", {"reason": WHY, "sure": "on"}).status_code == 404
    assert story.session.state == "live"


def test_pauses_in_a_case_are_shown_to_the_second(story: Story) -> None:
    story.live().wait(minutes=10).leave(story.mechanic).wait(minutes=2)
    case = Case(story.session, story.now)
    assert (case.paused_seconds, case.used_seconds) == (120, 600)
    story.join(story.mechanic).wait(minutes=1)
    case = Case(story.session, story.now)
    assert (case.paused_seconds, case.used_seconds) == (120, 660)


# The log in words


def documented_kinds() -> list[str]:
    """Return the kinds of events in `docs/protocol.md`; `session.requested, accepted` names two."""
    text = (settings.BASE_DIR / "docs/protocol.md").read_text().partition("## Event kinds")[2].partition("\n\n")[0]
    groups = re.findall(r"`([a-z]+)\.([a-z_,\s]+)`", text)
    return [f"{family}.{name.strip()}" for family, names in groups for name in names.split(",")]


@pytest.mark.parametrize("kind", documented_kinds())
def test_every_kind_of_entry_in_a_case_has_words(kind: str) -> None:
    line = TimelineLine(SessionEvent(kind=kind, data={"text": "It rattles"}))
    assert line.words
    assert line.words != kind


def test_no_line_of_a_case_lacks_a_value(charged: Story) -> None:
    assert not [line.words for line in lines(charged.session) if "%(" in line.words or "–" in line.words]


@pytest.mark.parametrize("kind", ["session.thawed", "alert.support", "nudge.mechanic", "extension.failed", "x"])
def test_an_event_of_an_unknown_kind_or_without_data_can_be_read_in_a_case(kind: str) -> None:
    line = TimelineLine(SessionEvent(kind=kind, data={}))
    assert line.words
    assert line.group
    assert line.details == [("kind", kind)]


def test_presence_is_counted_from_the_log(story: Story) -> None:
    """Ten minutes both, then the customer is away for five, back for five."""
    story.live().wait(minutes=10).leave(story.customer).wait(minutes=5).join(story.customer).wait(minutes=5)
    events = SessionEvent.objects.filter(session_id=story.id).order_by("seq")
    found = attendance(events, story.now)
    assert found.present["mechanic"] == 20 * 60
    assert 15 * 60 <= found.present["customer"] <= 15 * 60 + 5
    assert found.connected <= found.together == found.present["customer"]


# Evidence


def test_every_kind_of_event_has_words_for_support() -> None:
    assert set(WORDS) == set(EventKind) - {EventKind.MESSAGE_POSTED}  # the alert's words suffice


EXTENSION = {"extension": {"id": None, "seconds": 900, "stands": "declined"}}
CHECKUP: dict[str, Any] = {"mode": "video", "checks": {"camera": "failed"}, "network": {}, "passed": False}
QUESTION: dict[str, Any] = {"reason": "other", "text": "Look"}
DISPUTE = {
    **dict.fromkeys(("owner_id", "purpose", "payment_id", "dispute_id", "reason"), "1"),
    "outcome": "won",
    "amount_cents": 500,
    "currency": "usd",
}


@pytest.mark.parametrize(
    ("kind", "data", "said"),
    [
        (
            "session.released",
            {"reason": "no_time", "released": "1"},
            ": something came up for the mechanic",
        ),
        (
            "extension.failed",
            {"extension": {"id": None, "seconds": 900, "stands": "declined"}},
            "15 minutes was not paid: declined",
        ),
        ("extension.allowed", {"seconds": None}, "as long as it takes"),
        (
            "preflight.reported",
            CHECKUP,
            "camera failed",
        ),
        ("payment.dispute_closed", DISPUTE, "$5.00 was won"),
        ("support.extended", {"seconds": 600, "reason": "outage"}, "gave 10 minutes for free: outage"),
        ("support.assigned", {"mechanic": "Morgan", "reason": "asked for"}, "to Morgan: asked for"),
        (
            "help.asked",
            {"reason": "other", "text": "Look", "files": [{"name": "leak.jpg"}]},
            "asked support: Look · leak.jpg",
        ),
        (
            "help.asked",
            {"reason": "other", "text": "", "refused": [{"name": "a.exe", "why": "no"}]},
            "asked support: a.exe",
        ),
        ("file.shared", {"file": {"name": "tire.jpg"}}, "shared tire.jpg"),
    ],
)
def test_line_says_what_the_data_of_its_kind_declares(kind: str, data: dict[str, Any], said: str) -> None:
    assert said in TimelineLine(SessionEvent(kind=kind, data=data, actor_name="Alex")).words


def test_every_shape_of_data_that_a_line_names_is_read() -> None:
    unread = {
        kind: facts
        for kind, words in WORDS.items()
        if (facts := set(re.findall(r"%\((\w+)\)", str(words))) - {"who", "end"})
        and not any(reading.shape in EVENT_DATA[EventKind(kind)] for reading in READINGS)
    }
    assert unread == {}


def test_support_reads_that_a_mechanic_left_with_too_little_time_for_another(story: Story, mechanic: User) -> None:
    story.live().wait(minutes=29, seconds=31)
    substitutes.ask_for_substitute(session_id=story.id, by=mechanic, note="I have to go", now=story.now)
    said = [line.words for line in lines(story.session)]
    assert "The session ended: the mechanic had to leave" in said


def test_support_has_another_mechanic_go_on_and_sees_who_had_it(
    desk: Client, story: Story, mechanic: User, mechanic2: User
) -> None:
    story.now = timezone.now()
    Session.objects.filter(pk=story.id).update(payable_until=story.now + timedelta(minutes=30))
    story.live()
    press(desk, story, "substitute", sure="on")
    assert story.session.state == "handing_over"
    page = desk.get(page_of(story)).content.decode()
    assert f"{mechanic.name}" in page
    assert "Another mechanic is needed: by support" in page
    until = time_of_day(story.now + timedelta(minutes=10))
    assert f"looked for until {until}" in " ".join(page.split())
    press(desk, story, "substitute", mechanic=str(mechanic2.id), sure="on")
    assert (story.session.state, story.session.mechanic_id) == ("reconnecting", mechanic2.id)
    page = desk.get(page_of(story)).content.decode()
    assert "had the session until" in page
    join_by = time_of_day(story.session.state_at + timedelta(minutes=2))
    assert f"{mechanic2.name} took the session over and has to join by {join_by}" in " ".join(page.split())
    assert f"assigned the session to {mechanic2.name}" in page


def test_words_of_support_may_be_as_long_as_their_fields_let_them_become(desk: Client, story: Story) -> None:
    """A browser counts a line break as one character, and sends two."""
    story.live()
    assert press(desk, story, "message", to="both", text="\r\n".join(["wait a bit"] * 363)).status_code == 303
    assert len(story.events("message.posted")[-1].data["text"]) == 3992
    assert press(desk, story, "end", reason="\r\n".join(["froze"] * 83), sure="on").status_code == 303
