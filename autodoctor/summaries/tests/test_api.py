"""The summary over HTTP."""

from typing import Any
from uuid import uuid4

import pytest

from autodoctor.accounts.models import User
from autodoctor.summaries.models import Summary
from autodoctor.summaries.tests.desk import CONTENT, FORM, Desk

BODY = {
    "findings": CONTENT.findings,
    "steps": CONTENT.steps,
    "next_steps": CONTENT.next_steps,
    "safe": "care",
    "safe_why": CONTENT.safe_why,
    "parts": [
        {"name": "Battery clamp, negative", "number": "VOL-31346572", "quantity": 1, "price_cents": 1450},
        {"name": "Terminal grease", "quantity": 2, "price_cents": 345},
        {"name": "Ground strap", "number": "30659912"},
    ],
}


def send(desk: Desk, person: User | None = None, **changes: Any) -> Any:
    return desk.client(person).post(desk.api, BODY | changes, content_type="application/json")


def test_only_the_mechanic_reads_a_summary_draft_by_the_api(desk: Desk, stranger: User, support: User) -> None:
    for person in (desk.customer, desk.mechanic, stranger, support):
        assert desk.client(person).get(desk.api).status_code == 404
    desk.client().post(f"{desk.page}draft/", FORM | {"part_quantity": ["many"], "photos": [str(desk.photo().id)]})
    for person in (desk.customer, stranger, support):
        assert desk.client(person).get(desk.api).status_code == 404
    draft = desk.client().get(desk.api).json()
    assert draft["submitted_at"] is None
    assert draft["findings"].splitlines() == CONTENT.findings.splitlines()
    assert [part["quantity"] for part in draft["parts"]] == [None, 1, 1]
    assert len(draft["photos"]) == 1


def test_a_draft_with_photos_that_are_none_is_shown_without_them(desk: Desk) -> None:
    photo = desk.photo()
    chosen = [str(photo.id), "garbage", "", str(uuid4())]
    assert desk.client().post(f"{desk.page}draft/", FORM | {"photos": chosen}).status_code == 303
    draft = desk.client().get(desk.api)
    assert (draft.status_code, [one["id"] for one in draft.json()["photos"]]) == (200, [str(photo.id)])


def test_a_summary_is_sent_once(desk: Desk, stranger: User, support: User) -> None:
    photo = desk.photo()
    made = send(desk, photos=[str(photo.id)])
    assert made.status_code == 201
    again = send(desk, findings="Something else")
    assert (again.status_code, again.json()["error"]) == (409, "already_submitted")
    assert again.json()["summary"]["findings"] == CONTENT.findings
    for person in (desk.customer, desk.mechanic, support):
        shown = desk.client(person).get(desk.api).json()
        assert shown["parts"] == made.json()["parts"]
        assert (shown["total_cents"], shown["safe"]) == (2140, "care")
        assert shown["photos"][0]["url"].startswith(("/", "http"))
    assert desk.client(stranger).get(desk.api).status_code == 404
    assert desk.summary.content.parts == CONTENT.parts


def test_only_its_mechanic_sends_a_summary_by_the_api(desk: Desk, stranger: User, support: User) -> None:
    assert send(desk, stranger).status_code == 404
    for person in (desk.customer, support):
        assert send(desk, person).json()["error"] == "not_the_mechanic"
    assert send(desk, desk.customer, safe_why="").status_code == 403
    assert not Summary.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("findings", ""),
        ("steps", "   "),
        ("next_steps", "x" * 4001),
        ("safe", "perhaps"),
        ("safe_why", ""),
        ("safe_why", "x" * 1001),
        ("parts", [{"name": "x"}] * 51),
        ("photos", ["00000000-0000-4000-8000-000000000000"] * 21),
    ],
)
def test_an_invalid_summary_names_its_errors(desk: Desk, field: str, value: Any) -> None:
    answer = send(desk, **{field: value})
    assert answer.status_code == 422
    assert field in answer.json()["fields"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("quantity", 0), ("quantity", 1000), ("price_cents", -1), ("price_cents", 10_000_001), ("name", " ")],
)
def test_parts_of_a_summary_outside_their_bounds_are_refused(desk: Desk, field: str, value: Any) -> None:
    answer = send(desk, parts=[{"name": "Clamp", field: value}])
    assert answer.status_code == 422
    assert any(name.endswith(field) for name in answer.json()["fields"])


def test_a_photo_has_to_be_one_of_the_sessions(desk: Desk, mechanic2: User) -> None:
    elsewhere = Desk(desk.customer, mechanic2).photo()
    answer = send(desk, photos=[str(elsewhere.id)])
    assert (answer.status_code, list(answer.json()["fields"])) == (422, ["__all__"])


def test_an_overdue_summary_blocks_acceptance(desk: Desk, stranger: User, client_of: Any) -> None:
    from datetime import timedelta

    from autodoctor.room.tests.live_session import live_session
    from autodoctor.sessions.models import Session
    from autodoctor.sessions.states import State

    Session.objects.filter(pk=desk.id).update(ended_at=desk.now - timedelta(hours=49))
    request = live_session(stranger, None, state=State.REQUESTED, requested_at=desk.now, started_at=None, ends_at=None)
    answer = desk.client().post(f"/api/sessions/{request.id}/accept")
    assert answer.status_code == 409
    assert (answer.json()["error"], answer.json()["link"]) == ("summary_overdue", desk.page)
    assert desk.page in desk.client().get("/dashboard/queue/").content.decode()
    assert desk.page in desk.client().get(f"/sessions/{request.id}/").content.decode()
    led = desk.client().post(f"/sessions/{request.id}/accept/")
    assert (led.status_code, led.headers["Location"]) == (303, desk.page)
