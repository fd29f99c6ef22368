"""The dashboard of each role, and its number of queries."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from autodoctor.accounts.models import MechanicProfile
from autodoctor.payments.models import Earning, Payment, Refund

if TYPE_CHECKING:
    from autodoctor.accounts.models import User
    from autodoctor.sessions.tests.story import Story

pytestmark = pytest.mark.django_db

ClientOf = Callable[["User"], Client]


@pytest.fixture
def reads(client_of: ClientOf) -> "Callable[..., str]":
    """Return the dashboard's text for this person, without markup."""

    def read(user: "User", path: str = "/dashboard/") -> str:
        answer = client_of(user).get(path)
        assert answer.status_code == 200, path
        text = re.sub(r"<(style|script|template)\b.*?</\1>", "", answer.content.decode(), flags=re.DOTALL)
        return " ".join(re.sub(r"<[^>]+>", " ", text).replace("&#x27;", "'").split())

    return read


def _another(customer: "User", mechanic: "User") -> "Story":
    from autodoctor.sessions.tests.story import Story

    return Story(customer, mechanic)


def test_a_new_customer_is_led_to_booking(customer: "User", reads: Callable[..., str], client_of: ClientOf) -> None:
    assert "No sessions yet" in reads(customer)
    assert 'href="/book/"' in client_of(customer).get("/dashboard/").content.decode()


def test_the_open_session_comes_first_and_says_what_is_held(
    story: "Story", customer: "User", mechanic: "User", reads: Callable[..., str], client_of: ClientOf
) -> None:
    _another(customer, mechanic).pay().accept().join().start().end(customer)
    story.live()

    text = reads(customer)

    assert text.index("Live") < text.index("with Morgan Mechanic · $9.99 held, not charged") < text.index("History")
    assert f'href="/sessions/{story.id}/"' in client_of(customer).get("/dashboard/").content.decode()
    assert "with Casey Customer" in reads(mechanic)


def test_an_unpaid_booking_waits_for_its_payment(story: "Story", customer: "User", client_of: ClientOf) -> None:
    markup = client_of(customer).get("/dashboard/").content.decode()
    assert "Continue to pay $9.99" in markup
    assert f'formaction="/sessions/{story.id}/checkout/"' in markup
    assert "Go to your session" not in markup

    story.pay()
    assert "Continue to pay" not in client_of(customer).get("/dashboard/").content.decode()


def test_the_answer_carries_the_amount_that_it_showed(
    story: "Story", customer: "User", mechanic: "User", client_of: ClientOf
) -> None:
    story.live().wait(minutes=6).end(mechanic)
    client = client_of(customer)
    markup = client.get("/dashboard/").content.decode()
    form = markup.split(f'action="/sessions/{story.id}/solved/"')[1].split("</form>")[0]
    shown = dict(re.findall(r'name="(shown_cents_\w+)" value="(\d+)"', form))
    assert shown == {"shown_cents_yes": "999", "shown_cents_no": "199"}
    Payment.objects.filter(owner_id=story.id).update(amount_cents=1299)
    answer = client.post(f"/sessions/{story.id}/solved/", {"solved": "yes", **shown})
    assert (answer.status_code, story.session.solved) == (303, None)
    assert "The price has changed. It is now $12.99." in client.get(answer["Location"]).content.decode()


def test_the_question_whether_it_is_solved_waits_until_it_is_answered(
    story: "Story", customer: "User", mechanic: "User", reads: Callable[..., str], client_of: ClientOf
) -> None:
    story.live().wait(minutes=6).end(mechanic)

    text = reads(customer)
    assert "Is the problem solved? Morgan Mechanic ended your session early." in text
    assert "no answer within 24 hours: we charge $9.99" in text
    assert "No: you pay only for the time used, $1.99" in text
    assert "$9.99 held until you answer" in text
    assert "The customer’s answer decides your share" in reads(mechanic)
    assert "Is the problem solved?" not in reads(mechanic)

    client_of(customer).post(f"/sessions/{story.id}/solved/", {"solved": "no"})
    assert "Is the problem solved?" not in reads(customer)
    assert "$1.99 charged, $8.00 released" in reads(customer)


@pytest.mark.parametrize(
    ("ending", "customers_words", "mechanics_words"),
    [
        ("time_up", "$9.99 charged", "You earn $6.99"),
        ("mechanic_lost", "$4.99 charged, $5.00 released", "You earn $3.49"),
        ("stopped", "$9.99 released, nothing charged", "Nothing earned"),
    ],
)
def test_the_history_says_what_became_of_the_money(
    story: "Story",
    customer: "User",
    mechanic: "User",
    reads: Callable[..., str],
    ending: str,
    customers_words: str,
    mechanics_words: str,
) -> None:
    if ending == "time_up":
        story.live().wait(minutes=31)
    elif ending == "mechanic_lost":
        story.live().wait(minutes=15).leave(mechanic).wait(minutes=6)
    else:
        from autodoctor.sessions.lifecycle import endings

        story.pay().accept()
        endings.cancel_session(session_id=story.id, by=customer, now=story.now)

    assert customers_words in reads(customer)
    assert mechanics_words in reads(mechanic)


def test_a_refund_is_shown_in_the_history_of_both_participants(
    story: "Story", customer: "User", mechanic: "User", reads: Callable[..., str]
) -> None:
    """A refund at the mechanic's expense, and one that Stripe refused."""
    story.live().end(customer)
    payment = story.payment
    refunds: list[dict[str, Any]] = [{"amount_cents": 400, "state": "issued"}, {"amount_cents": 100, "state": "failed"}]
    for refund in refunds:
        Refund.objects.create(payment=payment, borne_by="mechanic", created_at=story.now, **refund)
    Earning.objects.create(
        payment=payment,
        mechanic=mechanic,
        share_percent=70,
        gross_cents=999,
        borne_cents=400,
        completed_at=story.now,
        payable_at=story.now,
        awaits_summary=False,
        created_at=story.now,
    )
    assert "$9.99 charged, $4.00 refunded" in reads(customer)
    assert "You earn $4.19" in reads(mechanic)


def test_a_refund_on_its_way_is_not_said_to_be_there(
    story: "Story", customer: "User", reads: Callable[..., str]
) -> None:
    story.live().end(customer)
    Payment.objects.filter(owner_id=story.id).update(state="captured", captured_cents=999)
    given: dict[str, Any] = {"payment": story.payment, "borne_by": "platform", "created_at": story.now}
    Refund.objects.create(amount_cents=400, **given)
    Refund.objects.create(amount_cents=100, state="issued", **given)
    assert "$9.99 charged, $1.00 refunded, a refund of $4.00 is on its way" in reads(customer)
    assert "Refunded $1.00 Refund on its way $4.00" in reads(customer, f"/sessions/{story.id}/")


def test_a_booking_that_was_never_paid_cost_nothing(
    story: "Story", customer: "User", reads: Callable[..., str]
) -> None:
    story.wait(minutes=40)
    assert "Not paid in time Nothing charged" in reads(customer)


def test_the_queue_shows_what_a_mechanic_decides_by(
    story: "Story", mechanic: "User", client_of: ClientOf, reads: Callable[..., str]
) -> None:
    story.pay()

    text, markup = reads(mechanic), client_of(mechanic).get("/dashboard/queue/").content.decode()

    for fact in ("Volvo", "Quick Chat, 30 minutes", "for Casey Customer", "It rattles", "You earn $6.99"):
        assert fact in text
    assert f'formaction="/sessions/{story.id}/accept/"' in markup
    assert 'data-since="2026-03-02T12:00:00+00:00"' in markup


def test_accepting_leads_into_the_session_and_empties_the_queue(
    story: "Story", mechanic: "User", mechanic2: "User", client_of: ClientOf, reads: Callable[..., str]
) -> None:
    story.pay()
    answer = client_of(mechanic).post(f"/sessions/{story.id}/accept/")
    assert answer.headers["Location"] == f"/sessions/{story.id}/"
    for anybody in (mechanic, mechanic2):
        assert "Nobody is waiting" in reads(anybody, "/dashboard/queue/")


def test_a_busy_mechanic_sees_requests_but_cannot_accept(
    story: "Story", stranger: "User", mechanic: "User", mechanic2: "User", client_of: ClientOf
) -> None:
    story.pay().accept()
    _another(stranger, mechanic).pay()

    busy = client_of(mechanic).get("/dashboard/queue/").content.decode()
    free = client_of(mechanic2).get("/dashboard/queue/").content.decode()

    assert "Finish it before you accept another" in busy
    assert (busy.count("disabled"), free.count("disabled")) == (1, 0)


def test_a_request_given_back_is_in_the_queue_of_the_other_mechanics_only(
    story: "Story", mechanic: "User", mechanic2: "User", reads: Callable[..., str]
) -> None:
    from autodoctor.sessions.lifecycle import releases

    story.pay().accept()
    releases.release_request(session_id=story.id, by=mechanic, reason="no_time", now=story.now)

    assert "Given back" in reads(mechanic2, "/dashboard/queue/")
    assert "Nobody is waiting" in reads(mechanic, "/dashboard/queue/")


def test_the_dashboard_shows_whether_the_mechanic_takes_sessions(
    mechanic: "User", client_of: ClientOf, reads: Callable[..., str]
) -> None:
    client = client_of(mechanic)
    assert 'aria-checked="true"' in client.get("/dashboard/").content.decode()

    client.post("/mechanics/taking-sessions/", {})

    markup = client.get("/dashboard/").content.decode()
    assert 'aria-checked="false"' in markup
    assert 'what="queue" alerts' not in markup
    assert "You are not taking sessions" in reads(mechanic)


def test_support_is_redirected_from_the_dashboard_to_its_desk(support: "User", client_of: ClientOf) -> None:
    answer: Any = client_of(support).get("/dashboard/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/support/")


def test_dashboards_show_no_sessions_of_others(
    story: "Story", stranger: "User", mechanic2: "User", reads: Callable[..., str]
) -> None:
    story.live()
    for other in (stranger, mechanic2):
        assert "Volvo" not in reads(other)
        assert "Volvo" not in reads(other, "/dashboard/sessions/")


@pytest.mark.parametrize(
    ("path", "let_in"),
    [
        ("/dashboard/sessions/", {"customer", "mechanic", "support"}),
        ("/dashboard/queue/", {"mechanic"}),
    ],
)
def test_each_list_of_the_dashboard_is_a_404_for_other_roles(
    path: str, let_in: set[str], customer: "User", mechanic: "User", support: "User", client_of: ClientOf
) -> None:
    for role, user in (("customer", customer), ("mechanic", mechanic), ("support", support)):
        assert client_of(user).get(path).status_code == (200 if role in let_in else 404)
    assert Client().get(path).headers["Location"] == f"/sign-in/?next={path}"


def test_markup_typed_by_others_is_shown_as_text_on_dashboards(
    story: "Story", customer: "User", mechanic: "User", support: "User", client_of: ClientOf
) -> None:

    attack = "<script>alert(1)</script>"
    customer.name = attack
    customer.save()
    session = story.session
    session.concern, session.vehicle = attack, {"make": attack}
    session.save()
    story.pay()

    for user in (customer, mechanic, support):
        assert attack not in client_of(user).get("/dashboard/", follow=True).content.decode()


def test_a_request_in_the_queue_shows_its_trouble_codes(
    story: "Story", mechanic: "User", client_of: ClientOf, reads: Callable[..., str]
) -> None:
    session = story.session
    session.trouble_codes_typed, session.trouble_codes = "p0301, p1234", ["P0301", "P1234"]
    session.save()
    story.pay()
    for words in ("P0301", "Stop driving", "Misfire in cylinder 1", "P1234", "A code of the car's maker"):
        assert words in reads(mechanic, "/dashboard/")
    (entry,) = client_of(mechanic).get("/api/queue").json()
    assert entry["codes"] == ["P0301", "P1234"]


def test_an_older_page_of_the_history_stays_reachable(
    customer: "User", mechanic: "User", client_of: ClientOf, reads: Callable[..., str]
) -> None:
    for _ in range(21):
        _another(customer, mechanic).wait(minutes=40)

    markup = client_of(customer).get("/dashboard/").content.decode()
    assert markup.count("row__title") == 20
    assert 'href="/dashboard/?page=2"' in markup
    older = client_of(customer).get("/dashboard/?page=2").content.decode()
    assert older.count("row__title") == 1
    assert 'src="/dashboard/sessions/?page=2"' in older
    assert "No sessions yet" not in reads(customer, "/dashboard/?page=x")


@pytest.mark.parametrize("who", ["customer", "mechanic"])
def test_a_longer_list_on_the_dashboard_takes_no_more_queries(
    who: str, customer: "User", stranger: "User", mechanic: "User", client_of: ClientOf
) -> None:
    user = {"customer": customer, "mechanic": mechanic}[who]
    client = client_of(user)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get("/dashboard/")
        return len(captured)

    def more() -> None:
        _another(customer, mechanic)
        _another(stranger, mechanic).pay()
        _another(customer, mechanic).live().end(customer)
        _another(customer, mechanic).live().wait(minutes=2).end(mechanic)

    more()
    client.get("/dashboard/")
    few = queries()
    for _ in range(4):
        more()

    assert queries() == few <= 21
    assert Payment.objects.count() == 20


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/customer/dashboard", "/dashboard/"),
        ("/mechanic/dashboard", "/dashboard/"),
        ("/mechanic/dashboard/", "/dashboard/"),
        ("/mechanic/login", "/sign-in/"),
    ],
)
def test_older_addresses_of_the_dashboard_redirect(client: Client, old: str, new: str) -> None:
    answer: Any = client.get(old)
    assert (answer.status_code, answer.headers["Location"]) == (301, new)


def test_a_home_screen_leads_to_the_open_session_of_each(
    story: "Story", customer: "User", mechanic: "User", stranger: "User", support: "User", client_of: ClientOf
) -> None:
    def leads(user: "User") -> str:
        return str(client_of(user).get("/sessions/open/")["Location"])

    room, dashboard = f"/sessions/{story.id}/", "/dashboard/"
    assert leads(customer) == dashboard  # not paid yet
    story.pay()
    assert (leads(customer), leads(mechanic)) == (room, dashboard)
    story.accept()
    assert [leads(each) for each in (customer, mechanic, stranger, support)] == [room, room, dashboard, dashboard]
    state = MechanicProfile.State
    MechanicProfile.objects.filter(user=mechanic).update(state=state.DECLINED)  # an open session stays theirs
    assert leads(mechanic) == room
    MechanicProfile.objects.filter(user=mechanic).update(state=state.APPROVED)
    story.join(mechanic, customer).connect().start().end(customer)
    assert (leads(customer), leads(mechanic)) == (dashboard, dashboard)
