"""Ratings: permission, period, bounds, and other people's view."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.utils import timezone

from autodoctor.core.errors import Refused
from autodoctor.sessions.lifecycle import rating
from autodoctor.sessions.queries import ratings

if TYPE_CHECKING:
    from autodoctor.accounts.models import User
    from autodoctor.sessions.models import Session
    from autodoctor.sessions.tests.story import Story

pytestmark = pytest.mark.django_db

ClientOf = Callable[["User"], Client]


@pytest.fixture
def over(story: "Story") -> "Story":
    return story.live().end(story.customer)


@pytest.fixture
def just_over(over: "Story") -> "Session":
    """Return a session that has just ended in real time, as views see it."""
    session = over.session
    session.ended_at = timezone.now()
    session.save()
    return session


def give(story: "Story", stars: int = 5, line: str = "", by: "User | None" = None) -> "Session":
    return rating.rate_session(session_id=story.id, by=by or story.customer, stars=stars, line=line, now=story.now)


def refusal(story: "Story", stars: int = 5, line: str = "", by: "User | None" = None) -> tuple[str, int]:
    with pytest.raises(Refused) as refused:
        give(story, stars, line, by)
    assert story.session.stars is None
    return refused.value.code, refused.value.status


def test_a_rating_is_changed_only_so_often(over: "Story", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rating, "MOST_GIVEN", 3)
    for stars in (5, 4, 3):
        give(over, stars)
    with pytest.raises(Refused, match="too_many"):
        give(over, 2)
    give(over, 3)  # the same once more changes nothing
    assert (over.session.stars, len(over.events("rating.given"))) == (3, 3)


def test_a_rating_is_stored_and_shown_to_both(over: "Story") -> None:
    give(over, 4, "Found it in five minutes.")

    session = over.session
    assert (session.stars, session.rating_line, session.rated_at) == (4, "Found it in five minutes.", over.now)
    (event,) = over.events("rating.given")
    assert (event.audience, event.actor_role) == ("both", "customer")
    assert (event.data["stars"], event.data["line"]) == (4, "Found it in five minutes.")


def test_the_mechanic_and_support_do_not_rate_and_a_stranger_finds_nothing(
    over: "Story", stranger: "User", support: "User"
) -> None:
    assert refusal(over, by=over.mechanic) == ("not_the_customer", 403)
    assert refusal(over, by=support) == ("not_the_customer", 403)
    with pytest.raises(over.session.DoesNotExist):
        give(over, by=stranger)


@pytest.mark.parametrize("begin", ["draft", "requested", "live", "cancelled"])
def test_only_a_session_that_took_place_can_be_rated(story: "Story", begin: str) -> None:
    if begin != "draft":
        story.pay()
    if begin == "live":
        story.accept().join().start()
    if begin == "cancelled":
        story.wait(minutes=21)
    assert refusal(story) == ("not_completed", 409)


@pytest.mark.parametrize("stars", [0, 6, -1, 5_000_000])
def test_a_rating_has_one_to_five_stars(over: "Story", stars: int) -> None:
    assert refusal(over, stars) == ("stars", 422)


def test_the_line_of_a_rating_is_one_line_of_at_most_200_characters(over: "Story") -> None:
    assert refusal(over, 5, "x" * 201) == ("line", 422)
    give(over, 5, "  Great\r\nBcc:\x00 me\u202e  " + "x" * 180)
    assert over.session.rating_line == "Great Bcc: me " + "x" * 180


def test_a_rating_may_change_for_14_days_and_counts_once(over: "Story", mechanic: "User") -> None:
    give(over, 1, "Too slow")
    over.now += timedelta(days=14) - timedelta(seconds=1)
    give(over, 5, "It held, after all")
    give(over, 5, "It held, after all")  # pressed twice: nothing new

    assert len(over.events("rating.given")) == 2
    assert ratings.rating_average(mechanic) == ratings.RatingAverage(5.0, 1)

    over.now += timedelta(seconds=1)
    with pytest.raises(Refused) as refused:
        give(over, 1)
    assert (refused.value.code, over.session.stars) == ("rating_closed", 5)


def test_a_mechanics_rating_is_the_average_and_latest_lines_of_all_sessions(
    over: "Story", customer: "User", mechanic: "User", mechanic2: "User"
) -> None:
    from autodoctor.sessions.tests.story import Story

    give(over, 4, "Knows old Volvos")
    again = Story(customer, mechanic).live().end(customer)
    again.now += timedelta(hours=1)
    give(again, 5)
    elsewhere = Story(customer, mechanic2).live().end(customer)
    give(elsewhere, 1, "Somebody else")

    assert ratings.rating_average(mechanic) == ratings.RatingAverage(4.5, 2)
    assert ratings.rating_averages([mechanic, mechanic2, customer, None]).keys() == {mechanic.id, mechanic2.id}
    assert [opinion["rating_line"] for opinion in ratings.latest_reviews(mechanic)] == ["Knows old Volvos"]


# The pages


def post(client: Client, session: "Session", **form: str) -> tuple[int, str]:
    answer = client.post(f"/sessions/{session.id}/rating/", form)
    return answer.status_code, answer.headers.get("Location", "")


def test_the_rating_form_leads_back_to_its_page(just_over: "Session", client_of: ClientOf) -> None:
    client = client_of(just_over.customer)
    here = f"/sessions/{just_over.id}/"
    assert 'name="stars"' in client.get(here).content.decode()
    assert post(client, just_over, stars="4", line="Kind", back=here) == (303, here)
    page = client.get(here).content.decode()
    assert "4 stars of 5" in page
    assert "Kind" in page


@pytest.mark.parametrize("back", ["//evil.example/", "https://evil.example/", "javascript:alert(1)", "\\\\evil", ""])
def test_rating_redirects_only_within_the_site(just_over: "Session", client_of: ClientOf, back: str) -> None:
    assert post(client_of(just_over.customer), just_over, stars="4", back=back) == (303, "/dashboard/")


@pytest.mark.parametrize("stars", ["", "0", "6", "five", "５", "4.5", "1e0", "4\x00"])
def test_an_invalid_number_of_stars_is_refused(just_over: "Session", client_of: ClientOf, stars: str) -> None:
    client = client_of(just_over.customer)
    assert post(client, just_over, stars=stars)[0] == 303
    assert "Choose one to five stars" in client.get("/dashboard/").content.decode()
    just_over.refresh_from_db()
    assert just_over.stars is None


def test_a_refused_rating_stands_in_the_form_again(just_over: "Session", client_of: ClientOf) -> None:
    client = client_of(just_over.customer)
    here = f"/sessions/{just_over.id}/"
    post(client, just_over, line="No stars yet", back=here)
    assert 'value="No stars yet"' in client.get(here).content.decode()
    post(client, just_over, stars="5", line="From one window", seen="", back=here)
    post(client, just_over, stars="2", line="From another one", seen="", back=here)
    page = client.get(here).content.decode()
    assert 'value="From another one"' in page
    assert re.search(r'value="2"\s+required\s+checked', page)
    assert '<details class="rating__change" open>' in page
    assert 'value="From one window"' in client.get(here).content.decode()


def test_the_mechanic_sees_the_rating_and_has_no_rating_form(
    just_over: "Session", client_of: ClientOf, mechanic: "User"
) -> None:
    post(client_of(just_over.customer), just_over, stars="2", line="Cut off twice")
    page = client_of(mechanic).get(f"/sessions/{just_over.id}/").content.decode()
    assert "Cut off twice" in page
    assert 'name="stars"' not in page
    dashboard = client_of(mechanic).get("/dashboard/").content.decode()
    assert "2 stars of 5" in dashboard
    assert "(1 rating)" in dashboard


def test_the_history_asks_for_a_rating_until_it_is_given(just_over: "Session", client_of: ClientOf) -> None:
    client = client_of(just_over.customer)
    assert "Rate Morgan Mechanic" in client.get("/dashboard/").content.decode()
    post(client, just_over, stars="5")
    dashboard = client.get("/dashboard/").content.decode()
    assert "Rate Morgan" not in dashboard
    assert "5 stars of 5" in dashboard


def test_a_mechanics_page_tells_what_customers_say_but_not_who(
    just_over: "Session", client_of: ClientOf, stranger: "User", mechanic: "User"
) -> None:
    post(client_of(just_over.customer), just_over, stars="5", line="Patient & clear")
    page = client_of(stranger).get(f"/mechanics/{mechanic.id}/").content.decode()
    assert "Engines and electrics" in page
    assert "Patient &amp; clear" in page
    assert "5.0" in page
    assert just_over.customer.name not in page
    assert mechanic.email not in page


def test_only_approved_mechanics_have_a_page(
    client_of: ClientOf, customer: "User", stranger: "User", mechanic: "User"
) -> None:
    client = client_of(customer)
    assert client.get(f"/mechanics/{stranger.id}/").status_code == 404
    mechanic.is_active = False
    mechanic.save()
    assert client.get(f"/mechanics/{mechanic.id}/").status_code == 404
    assert Client().get(f"/mechanics/{mechanic.id}/").status_code == 302


def test_a_rating_from_a_stale_window_is_refused_and_keeps_the_stored_line(over: "Story") -> None:
    seen = rating.version(over.session)
    give(over, 5, "Patient and clear")
    context: dict[str, Any] = {"session_id": over.id, "by": over.customer, "now": over.now}
    with pytest.raises(Refused, match="meanwhile"):
        rating.rate_session(**context, stars=4, line="", seen=seen)
    assert over.session.rating_line == "Patient and clear"
    rating.rate_session(**context, stars=5, line="Patient and clear", seen=seen)  # the same form twice
    rating.rate_session(**context, stars=4, line="", seen=rating.version(over.session))
    assert over.session.stars == 4
