"""The numbers are those of the log and the ledger, in few queries however many sessions there were."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from autodoctor.accounts.models import User
from autodoctor.conversations import answering, asking
from autodoctor.conversations.messages import Answer
from autodoctor.payments.models import Payment, Refund
from autodoctor.scheduler.models import Job
from autodoctor.sessions.jobs import chats
from autodoctor.sessions.lifecycle import help_requests
from autodoctor.sessions.lifecycle import support_actions as desk_acts
from autodoctor.sessions.models import Session
from autodoctor.sessions.tests.story import HANDLERS, NOON, Story
from autodoctor.support.statistics import Numbers, Period, Tally
from autodoctor.support.statistics_table import MOST_MAKES_SHOWN, bars, make_rows, trouble_code_rows

pytestmark = pytest.mark.django_db
DAY = NOON.date()
RANGE = f"?first={DAY}&last={DAY}"


@pytest.fixture(autouse=True)
def quiet(settings: Settings) -> None:
    settings.CLOCK_HANDLERS = "autodoctor.sessions.tests.story.HANDLERS"
    assert HANDLERS


@pytest.fixture
def desk(client_of: Callable[[User], Client], support: User) -> Client:
    return client_of(support)


def numbers() -> Numbers:
    return Numbers(Period(DAY, DAY))


def test_the_time_to_acceptance_counts_from_the_request_for_the_first_to_accept(
    customer: User, stranger: User, mechanic: User, mechanic2: User
) -> None:
    Story(customer, mechanic).pay().wait(minutes=2).accept().join().start()
    other = Story(stranger, mechanic2).pay().wait(minutes=1).accept()
    other.wait(minutes=11)  # mechanic2 did not come
    Story(stranger, mechanic2).pay()
    found = numbers()
    assert found.of(mechanic.id).waits == [120]
    assert found.of(mechanic2.id).waits == [60]
    assert found.of(mechanic2.id).mechanic_no_shows == 1
    assert found.on(DAY).wait == 90
    assert found.on(DAY).sessions == 3
    assert found.of(None).sessions == 2  # given back, and never taken
    assert found.mechanics[-1] is None


def test_an_assigned_session_counts_for_its_mechanic(customer: User, mechanic: User, support: User) -> None:
    story = Story(customer, mechanic).pay().wait(minutes=4)
    desk_acts.assign(session_id=story.id, by=support, mechanic_id=mechanic.id, reason="Knows it", now=story.now)
    assert numbers().of(mechanic.id).waits == [240]
    assert numbers().mechanics == [mechanic.id]


def test_statistics_count_a_customer_who_does_not_come(customer: User, mechanic: User) -> None:
    Story(customer, mechanic).pay().accept().join(mechanic).wait(minutes=11)
    assert numbers().of(mechanic.id).customer_no_shows == 1


def test_statistics_count_drops_and_the_time_lost(customer: User, mechanic: User) -> None:
    story = Story(customer, mechanic).live().wait(minutes=5)
    story.leave(mechanic).wait(seconds=65)
    story.join(mechanic).wait(minutes=1)
    story.leave(customer).wait(seconds=30)
    story.end(mechanic)
    tally = numbers().of(mechanic.id)
    assert tally.drops == 2
    assert tally.lost_seconds == pytest.approx(95, abs=1)  # also the pause in which it ended


def test_leaving_before_the_start_does_not_count_as_a_drop(customer: User, mechanic: User) -> None:
    Story(customer, mechanic).pay().accept().join().leave(customer).wait(seconds=10)
    assert numbers().of(mechanic.id).drops == 0


def test_statistics_count_refunds_and_ratings(customer: User, mechanic: User, support: User) -> None:
    story = Story(customer, mechanic).live().wait(minutes=3).end(customer)
    Session.objects.filter(id=story.id).update(stars=4)
    Payment.objects.filter(owner_id=story.id).update(state="captured", captured_cents=999)
    for cents, state in ((300, "issued"), (100, "requested"), (200, "failed")):
        Refund.objects.create(
            payment=story.payment, amount_cents=cents, reason="x", requested_by=support, state=state, created_at=NOON
        )
    tally = numbers().of(mechanic.id)
    assert (tally.refunded_cents, tally.rating) == ({"usd": 400}, 4)


def test_statistics_leave_out_sessions_of_other_days(customer: User, mechanic: User) -> None:
    Story(customer, mechanic).pay()
    assert not Numbers(Period(DAY + timedelta(days=1), DAY + timedelta(days=30))).tallies
    assert not Numbers(Period(DAY - timedelta(days=30), DAY - timedelta(days=1))).tallies


def test_statistics_use_days_of_the_viewers_time_zone(
    customer: User, mechanic: User, support: User, desk: Client
) -> None:
    Story(customer, mechanic).pay()  # noon in UTC: an hour after midnight in Auckland
    User.objects.filter(id=support.id).update(time_zone="Pacific/Auckland")
    next_day = DAY + timedelta(days=1)
    assert rows_of(desk.get(f"/support/numbers/numbers.csv?first={next_day}&last={next_day}"))


@pytest.mark.parametrize("by", ["mechanic", "day"])
def test_statistics_take_six_queries_however_many_sessions(
    customer: User,
    mechanic: User,
    mechanic2: User,
    desk: Client,
    by: str,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(3):
        Story(customer, mechanic).live().wait(minutes=1).end(customer)
        Story(customer, mechanic2).live().wait(minutes=1).end(customer)
    with django_assert_num_queries(7):
        numbers()
    address = f"/support/numbers/{RANGE}&by={by}"
    desk.get(address)
    with django_assert_num_queries(9):  # two queries: the person and the browser's session
        page = desk.get(address).content.decode()
    assert page.count('role="row"') == (4 if by == "mechanic" else 3)


def test_the_statistics_page_says_what_happened(customer: User, mechanic: User, desk: Client) -> None:
    Story(customer, mechanic).pay().wait(minutes=2, seconds=5).accept()
    page = desk.get(f"/support/numbers/{RANGE}").content.decode()
    assert "2:05" in page
    assert mechanic.name in page
    assert f"/mechanics/{mechanic.id}/" in page


def test_the_statistics_page_says_when_there_were_no_sessions(desk: Client) -> None:
    assert "Nothing was requested or asked in these days." in desk.get("/support/numbers/").content.decode()


@pytest.mark.parametrize(
    "asked",
    [
        "?first=2026-03-02&last=2026-03-01",
        "?first=2020-01-01&last=2026-01-01",
        "?first=x",
        "?by=nobody",
        "?last=0001-01-01",
        "?last=9999-12-31",
    ],
)
def test_an_invalid_range_of_days_is_explained_and_the_usual_one_shown(desk: Client, asked: str) -> None:
    answer = desk.get("/support/numbers/" + asked)
    assert answer.status_code == 200
    assert "Showing the last 30 days." in answer.content.decode()
    assert desk.get("/support/numbers/numbers.csv" + asked).status_code == 200


def rows_of(answer: Any) -> list[dict[str, str]]:
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


def test_the_statistics_file_has_a_line_for_each_mechanic_and_day(customer: User, mechanic: User, desk: Client) -> None:
    Story(customer, mechanic).pay().wait(minutes=2).accept()
    mechanic.name = '=HYPERLINK("x")'
    mechanic.save()
    (row,) = rows_of(desk.get(f"/support/numbers/numbers.csv{RANGE}"))
    assert row["day"] == str(DAY)
    assert row["mechanic"] == '\'=HYPERLINK("x")'
    assert (row["sessions"], row["median_seconds_to_acceptance"], row["rating"]) == ("1", "120.0", "")


def test_statistics_count_sessions_by_trouble_code(
    customer: User, stranger: User, mechanic: User, desk: Client
) -> None:
    for person, codes in ((customer, ["P0301", "U0100-00", "U0100-01"]), (stranger, ["P0301", "P1234"])):
        story = Story(person, mechanic)
        session = story.session
        session.trouble_codes = codes
        session.save(update_fields=["trouble_codes"])
        story.pay()
    assert numbers().on(DAY).trouble_codes == {"P0301": 2, "U0100": 1, "P1234": 1}
    page = " ".join(desk.get("/support/numbers/" + RANGE).content.decode().split())
    assert "Misfire in cylinder 1" in page
    assert "A code of the car&#x27;s maker" in page
    assert "2 sessions" in page
    (row,) = rows_of(desk.get(f"/support/numbers/numbers.csv{RANGE}"))
    assert row["trouble_codes"] == "P0301 2; P1234 1; U0100 1"


def test_a_code_of_intake_and_chat_counts_once(customer: User, mechanic: User) -> None:
    story = Story(customer, mechanic)
    session = story.session
    session.trouble_codes = ["P0301"]
    session.save(update_fields=["trouble_codes"])
    story.live().say(customer, "P0301 and P0455").say(mechanic, "p0455-00 is the tank's").end(mechanic)
    assert numbers().on(DAY).trouble_codes == {"P0301": 1}
    chats.read(Job(kind="sessions.read_chats", key="all"), story.now)
    assert numbers().on(DAY).trouble_codes == {"P0301": 1, "P0455": 1}


def test_adding_two_tallies_sums_their_counts() -> None:
    assert Tally(1, [2.0], stars=[5]) + Tally(2, [4.0], drops=1) == Tally(3, [2.0, 4.0], drops=1, stars=[5])


def test_bars_of_the_statistics_are_proportional_to_their_days() -> None:
    assert bars([2, None, 1, 0]) == "M0.5 20v-20.0M2.5 20v-10.0"
    assert bars([None, 0]) == ""
    assert bars([1000, 1]).endswith("v-1.0")  # a day with something is seen


def test_statistics_count_questions_in_sessions_and_in_conversations(
    customer: User, mechanic: User, support: User
) -> None:
    story = Story(customer, mechanic).pay().accept()
    asks = {"session_id": story.id, "by": customer, "reason": "other"}
    for minutes in (0, 1):
        at = story.now + timedelta(minutes=minutes)
        help_requests.ask_support(**asks, text="Hello?", now=at)  # type: ignore[arg-type]
    to_customer = help_requests.Answer(to="customer", text="Yes")
    after = story.now + timedelta(minutes=4)
    help_requests.answer_help_request(session_id=story.id, by=support, answer=to_customer, now=after)
    asked = asking.ask(asking.Question(topic="other", text="Hello?"), by=customer, now=NOON)
    answer = Answer(text="Yes")
    answering.answer(conversation_id=asked.pk, by=support, answer=answer, now=NOON + timedelta(minutes=2))
    asking.write(conversation_id=asked.pk, text="And now?", now=NOON + timedelta(minutes=3))
    unconfirmed = asking.Question(topic="other", text="Hello?")
    asking.ask_as_visitor(unconfirmed, name="V", email="v@example.com", now=NOON)
    found = numbers()
    assert (found.of(mechanic.id).questions, found.of(mechanic.id).answer_waits) == (1, [240])
    assert (found.of(None).questions, found.of(None).answer_waits) == (2, [120])
    assert (found.on(DAY).questions, found.on(DAY).answer_wait) == (3, 180)


def answered(story: Story, answer: str, **facts: Any) -> None:
    """A week later the customer has said whether the repair held."""
    session = story.session
    vars(session).update(follow_up=answer, **facts)
    session.save()


def test_the_solved_rate_counts_by_mechanic_make_and_trouble_code(
    customer: User, stranger: User, mechanic: User, mechanic2: User, desk: Client
) -> None:
    first = Story(customer, mechanic).live().end(customer)
    answered(first, "yes", vehicle={"make": " VOLVO"}, trouble_codes=["P0301", "P0301-00"])
    second = Story(customer, mechanic).live().end(customer)
    answered(second, "no", vehicle={"make": "Volvo"}, trouble_codes=["P0301"])
    third = Story(stranger, mechanic2).live().end(stranger)
    answered(third, "yes", vehicle={"make": "bmw"}, trouble_codes=[])
    fourth = Story(stranger, mechanic2).live().end(stranger)
    answered(fourth, "not_yet", vehicle={"make": "BMW"}, trouble_codes=["P0420"])

    found = numbers()

    assert (found.of(mechanic.id).solved_rate, found.of(mechanic2.id).solved_rate) == (0.5, 1.0)
    assert found.of(None).solved_rate is None
    assert make_rows(found) == [("Volvo", "50% (2)"), ("BMW", "100% (1)")]
    assert {str(card.code): solved for card, _sessions, solved in trouble_code_rows(found)} == {
        "P0301": "50% (2)",
        "P0420": "",
    }
    page = desk.get(f"/support/numbers/{RANGE}").content.decode()
    assert "solved: 50% (2)" in page
    assert "67% (3)" in page  # of all
    rows = list(csv.DictReader(io.StringIO(desk.get(f"/support/numbers/numbers.csv{RANGE}").content.decode())))
    assert {row["mechanic"]: (row["solved"], row["unsolved"]) for row in rows} == {
        mechanic.name: ("1", "1"),
        mechanic2.name: ("1", "0"),
    }


def test_the_list_of_makes_is_bounded(customer: User, mechanic: User) -> None:
    for number in range(MOST_MAKES_SHOWN + 2):
        answered(Story(customer, mechanic).live().end(customer), "yes", vehicle={"make": f"Maker {number}"})
    assert len(make_rows(numbers())) == MOST_MAKES_SHOWN
