"""Favorite mechanics: the customer's own list, who leads to it, and the news that one is back."""

import html
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from autodoctor.accounts import actions as accounts
from autodoctor.accounts import favorites
from autodoctor.accounts.models import Favorite, User
from autodoctor.mail.rendering import render
from autodoctor.push.models import PushSubscription
from autodoctor.scheduler.models import Job
from autodoctor.sessions.lifecycle import rating
from autodoctor.sessions.notify.mechanic_back import tell_of_return
from autodoctor.sessions.queries.dashboards import favorite_mechanics
from autodoctor.sessions.tests.story import NOON, Story
from tests.kit.meanwhile import at_every_moment

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


def text(answer: Any) -> str:
    return " ".join(html.unescape(answer.content.decode()).split())


def press(client: Client, mechanic: User, act: str) -> Any:
    return client.post(f"/mechanics/{mechanic.id}/favorite/", {"act": act}, follow=True)


@pytest.fixture
def over(customer: User, mechanic: User) -> Story:
    return Story(customer, mechanic).live().wait(minutes=10).end(customer)


# The list


def test_a_favorite_is_kept_and_removed_with_one_press_each(
    customer: User, mechanic: User, client_of: ClientOf
) -> None:
    client = client_of(customer)
    assert "Your mechanics" not in text(client.get("/dashboard/"))
    for _ in range(2):
        assert "Your mechanics" in text(press(client, mechanic, "keep"))
    page = text(client.get("/dashboard/"))
    assert f'href="/book/?ask={mechanic.id}"' in page
    assert "Takes sessions now" in page
    assert "Your mechanics" not in text(press(client, mechanic, "remove"))
    assert not Favorite.objects.exists()


def test_the_list_of_favorites_ends_somewhere(
    customer: User, mechanic: User, mechanic2: User, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(favorites, "MOST", 1)
    client = client_of(customer)
    press(client, mechanic, "keep")
    assert "You have 1 favorites. Remove one first." in text(press(client, mechanic2, "keep"))
    press(client, mechanic, "tell")  # is there already
    assert [favorite.mechanic for favorite in Favorite.objects.all()] == [mechanic]


def test_a_favorite_who_is_no_mechanic_any_more_can_still_be_removed(
    customer: User, mechanic: User, client_of: ClientOf
) -> None:
    client = client_of(customer)
    press(client, mechanic, "keep")
    accounts.ban_user(user=mechanic, now=NOON)
    page = text(client.get("/dashboard/"))
    assert "No longer a mechanic here" in page
    assert f"ask={mechanic.id}" not in page
    press(client, mechanic, "remove")
    assert not Favorite.objects.exists()


def test_a_long_list_of_favorites_costs_no_more_queries(customer: User, mechanic: User, mechanic2: User) -> None:
    def queries(*mechanics: User) -> int:
        for each in mechanics:
            favorites.add(customer=customer, mechanic=each, now=NOON)
        with CaptureQueriesContext(connection) as found:
            assert len(favorite_mechanics(customer, NOON)) == Favorite.objects.count()
        return len(found)

    assert queries(mechanic) == queries(mechanic2)


# Where it is asked for


def test_every_row_of_the_history_asks_its_mechanic_again(over: Story, customer: User, client_of: ClientOf) -> None:
    ask = f'href="/book/?ask={over.mechanic.id}&plan=chat"'
    assert ask in text(client_of(customer).get("/dashboard/"))
    assert ask not in text(client_of(over.mechanic).get("/dashboard/"))
    accounts.ban_user(user=over.mechanic, now=NOON)
    assert ask not in text(client_of(customer).get("/dashboard/"))


@pytest.mark.parametrize(("stars", "leads_on"), [(5, True), (4, True), (3, False), (1, False)])
def test_a_good_rating_leads_to_the_same_mechanic(
    stars: int, leads_on: bool, over: Story, customer: User, client_of: ClientOf
) -> None:
    rating.rate_session(session_id=over.id, by=customer, stars=stars, line="", now=over.now)
    page = text(client_of(customer).get(f"/sessions/{over.id}/"))
    assert ("Ask Morgan Mechanic again" in page) == leads_on


def test_a_mechanics_page_says_who_they_are_and_how_they_stand(
    over: Story, customer: User, stranger: User, client_of: ClientOf
) -> None:
    page = text(client_of(customer).get(f"/mechanics/{over.mechanic.id}/"))
    for words in ("Morgan Mechanic", "Diagnosis, engines, electrics", "Here since", "Sessions here", "12 years"):
        assert words in page
    assert "Ask Morgan Mechanic again" in page
    unknown = text(client_of(stranger).get(f"/mechanics/{over.mechanic.id}/"))
    assert "Ask Morgan Mechanic" in unknown
    assert "Ask Morgan Mechanic again" not in unknown


def test_support_and_the_mechanic_read_the_page_without_its_buttons(
    mechanic: User, support: User, client_of: ClientOf
) -> None:
    for person in (mechanic, support):
        page = text(client_of(person).get(f"/mechanics/{mechanic.id}/"))
        assert "Morgan Mechanic" in page
        assert "/book/?ask=" not in page
    assert press(client_of(support), mechanic, "keep").status_code == 404


# The news of a return


@pytest.fixture
def away(mechanic: User) -> User:
    accounts.set_taking_sessions(mechanic=mechanic, taking=False, now=NOON)
    return mechanic


def tell(now: Any = NOON) -> list[dict[str, Any]]:
    """Run the job, and return the mails about a return."""
    tell_of_return(Job(kind="mechanic.back", key="all"), now)
    mails = Job.objects.filter(kind="mail.send", payload__template="sessions/mail/mechanic_back").order_by("id")
    return [job.payload["context"] for job in mails]


def comes_back(mechanic: User) -> None:
    accounts.set_taking_sessions(mechanic=mechanic, taking=True, now=NOON)


def test_a_customer_hears_once_by_mail_and_push_when_a_mechanic_is_back(
    customer: User, away: User, client_of: ClientOf
) -> None:
    PushSubscription.objects.create(
        user=customer, endpoint="https://push.example/1", p256dh="", auth="", browser="", created_at=NOON
    )
    client = client_of(customer)
    assert "Do not tell me any more" in text(
        client.post(f"/mechanics/{away.id}/favorite/", {"act": "tell", "back": f"/mechanics/{away.id}/"}, follow=True)
    )
    Favorite.objects.update(tell_until=NOON + timedelta(days=1))
    assert not tell()
    comes_back(away)
    (mail,) = tell()
    assert (mail["mechanic"], mail["path"], mail["waits"]) == ("Morgan Mechanic", f"/book/?ask={away.id}", "")
    (push,) = [job.payload for job in Job.objects.filter(kind="push.send")]
    assert (push["title"], push["path"]) == ("Morgan Mechanic is back", f"/book/?ask={away.id}")
    assert len(tell()) == 1
    assert Favorite.objects.get().tell_until is None


def test_the_mail_of_a_return_can_be_read(customer: User, away: User) -> None:
    for waits in ("", "yes"):
        facts = {"mechanic": "Morgan Mechanic", "path": f"/book/?ask={away.id}", "waits": waits}
        rendered = render("sessions/mail/mechanic_back", facts | {"to_name": customer.name}, time_zone="UTC")
        assert "Morgan Mechanic is back" in rendered.subject
        assert f"/book/?ask={away.id}" in rendered.text


def test_a_return_leads_to_the_request_that_waits(customer: User, away: User) -> None:
    story = Story(customer, away).asks_for(away, only=True, minutes=20).wait(seconds=1).pay()
    comes_back(away)
    (mail,) = tell(story.now)
    assert (mail["path"], mail["waits"]) == (f"/sessions/{story.id}/", "yes")


def test_a_mechanic_who_is_out_of_a_session_is_back(customer: User, stranger: User, mechanic: User) -> None:
    busy = Story(stranger, mechanic).pay().accept()
    favorites.tell_when_back(customer=customer, mechanic=mechanic, now=NOON)
    assert not tell()
    busy.cancels()
    assert len(tell()) == 1


@pytest.mark.parametrize("change", ["hush", "remove", "too late", "banned"])
def test_nobody_hears_who_does_not_want_to_or_may_not(
    change: str, customer: User, away: User, client_of: ClientOf
) -> None:
    favorites.tell_when_back(customer=customer, mechanic=away, now=NOON)
    if change == "banned":
        accounts.ban_user(user=customer, now=NOON)
    elif change != "too late":
        press(client_of(customer), away, change)
    comes_back(away)
    assert not tell(NOON + favorites.TELL_FOR if change == "too late" else NOON)


def test_the_news_is_told_by_one_of_two_who_run_at_once(customer: User, mechanic: User) -> None:
    favorite = favorites.tell_when_back(customer=customer, mechanic=mechanic, now=timezone.now())
    assert (favorites.mark_told(favorite), favorites.mark_told(favorite)) == (True, False)


# Removed meanwhile


@pytest.mark.django_db(transaction=True)
@pytest.mark.on_postgres
def test_a_favorite_that_is_removed_while_its_customer_asks_for_news_is_kept_anew(
    customer: User, mechanic: User, client_of: ClientOf
) -> None:
    client = client_of(customer)
    answers = at_every_moment(
        Favorite,
        prepare=lambda: favorites.add(customer=customer, mechanic=mechanic, now=NOON),
        act=lambda _favorite: client.post(f"/mechanics/{mechanic.id}/favorite/", {"act": "tell"}).status_code,
        other=lambda _favorite: favorites.remove(customer=customer, mechanic_id=mechanic.id),
    )
    assert set(answers) == {303}
    assert Favorite.objects.get().tell_until
