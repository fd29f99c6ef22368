"""The actions of the page's buttons."""

from typing import TYPE_CHECKING

import pytest
from django.utils.html import escape

from autodoctor.room.tests.page_story import JSON, ClientOf

if TYPE_CHECKING:
    from autodoctor.accounts.models import User
    from autodoctor.room.tests.page_story import ClientOf
    from autodoctor.sessions.tests.story import Story

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_the_deadlines_run")]


ACTIONS = ["accept", "release", "start", "end", "cancel", "solved"]


def test_forms_without_scripts_lead_a_session_from_acceptance_to_the_end(
    story: "Story", customer: "User", mechanic: "User", client_of: ClientOf
) -> None:
    story.pay()
    page = f"/sessions/{story.id}/"

    def press(person: "User", action: str) -> None:
        answer = client_of(person).post(f"{page}{action}/")
        assert (answer.status_code, answer["Location"]) == (303, page)

    press(mechanic, "accept")
    story.join()
    press(mechanic, "start")
    assert story.session.state == "live"
    press(customer, "end")
    press(customer, "end")  # the answer shows the present state
    assert story.session.end_reason == "ended_by_customer"


def test_a_script_that_acts_on_a_session_gets_json(story: "Story", mechanic: "User", client_of: ClientOf) -> None:
    story.pay()
    answer = client_of(mechanic).post(f"/sessions/{story.id}/accept/", headers=JSON)
    assert answer.status_code == 200
    assert answer.json()["session"]["state"] == "accepted"


def test_a_forbidden_action_is_a_409_with_a_sentence(story: "Story", mechanic: "User", client_of: ClientOf) -> None:
    story.pay().accept()
    answer = client_of(mechanic).post(f"/sessions/{story.id}/start/", headers=JSON)
    assert answer.status_code == 409
    assert answer.json() == {
        "error": "invalid_transition",
        "current": "accepted",
        "requested": "live",
        "allowed": ["cancelled", "expired", "requested", "waiting"],
        "detail": "This is no longer possible. The session is now: Accepted.",
    }


def test_a_refused_action_is_explained_on_the_page_of_the_session(
    story: "Story", mechanic: "User", client_of: ClientOf
) -> None:
    story.pay().accept()
    answer = client_of(mechanic).post(f"/sessions/{story.id}/start/", follow=True)
    assert answer.status_code == 200
    assert "This is no longer possible" in answer.content.decode()


def test_a_refused_note_for_the_next_mechanic_stands_in_its_field_again(story: "Story", client_of: ClientOf) -> None:
    story.live()
    client, page = client_of(story.mechanic), f"/sessions/{story.id}/"
    note = "Look at the coil, <b>first</b>. " * 20
    answer = client.post(f"{page}substitute/", {"note": note}, follow=True)
    assert f">{escape(note.strip())}</textarea>" in answer.content.decode()
    assert "Look at the coil" not in client.get(page).content.decode()


def test_a_note_that_has_no_field_any_more_is_shown(story: "Story", client_of: ClientOf) -> None:
    story.live().end(story.mechanic)
    client, page = client_of(story.mechanic), f"/sessions/{story.id}/"
    answer = client.post(f"{page}substitute/", {"note": "Look at the coil"}, follow=True)
    assert "Look at the coil" in answer.content.decode()


def test_a_mechanic_who_accepts_too_late_is_sent_to_the_dashboard_with_a_sentence(
    story: "Story", mechanic2: "User", client_of: ClientOf
) -> None:
    story.pay().accept()
    client = client_of(mechanic2)
    assert client.post(f"/sessions/{story.id}/accept/", headers=JSON).json()["error"] == "already_taken"
    answer = client.post(f"/sessions/{story.id}/accept/")
    assert (answer.status_code, answer["Location"]) == (303, "/dashboard/")
    assert "Another mechanic has just taken this request." in client.get("/dashboard/").content.decode()


def test_giving_a_request_back_needs_one_of_the_reasons(story: "Story", mechanic: "User", client_of: ClientOf) -> None:
    story.pay().accept()
    client = client_of(mechanic)
    for reason in ("", "because <b>", "mechanic_away"):
        answer = client.post(f"/sessions/{story.id}/release/", {"reason": reason}, headers=JSON)
        assert (answer.status_code, answer.json()["error"]) == (422, "no_reason")
    assert story.session.state == "accepted"
    client.post(f"/sessions/{story.id}/release/", {"reason": "not_my_field"})
    assert story.session.state == "requested"
    assert client.post(f"/sessions/{story.id}/release/", {"reason": "not_my_field"}).status_code == 303


def test_the_customer_may_ask_for_another_mechanic(story: "Story", customer: "User", client_of: ClientOf) -> None:
    story.pay().accept()
    client_of(customer).post(f"/sessions/{story.id}/release/", {"reason": "no_answer"})
    assert story.session.state == "requested"


def test_the_question_whether_it_is_solved_takes_yes_or_no_only(
    story: "Story", customer: "User", client_of: ClientOf
) -> None:
    story.live().end(story.mechanic)
    answer = client_of(customer).post(f"/sessions/{story.id}/solved/", {"solved": "perhaps"}, headers=JSON)
    assert answer.status_code == 422
    assert story.session.solved is None


@pytest.mark.parametrize("action", ACTIONS)
def test_actions_of_a_session_are_refused_by_get(
    story: "Story", customer: "User", client_of: ClientOf, action: str
) -> None:
    assert client_of(customer).get(f"/sessions/{story.id}/{action}/").status_code == 405
