"""Attacks by files that come in pieces."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.files.models import StoredFile
from autodoctor.files.tests.samples import PDF
from autodoctor.room.tests.live_session import live_session
from autodoctor.sessions.lifecycle import substitutes, transitions
from tests.attacks.test_files import HOSTILE_NAMES

ClientOf = Callable[[User], Client]


def test_uploads_of_other_people_are_the_same_404_as_unknown_ones(
    customer: User, mechanic: User, stranger: User, mechanic2: User, client_of: ClientOf
) -> None:
    session = live_session(customer, mechanic)
    given = {"client_id": str(uuid4()), "name": "a.mp4", "size": 100_000}
    begun = client_of(customer).post(f"/api/sessions/{session.id}/uploads", given, content_type="application/json")
    theirs = f"/api/sessions/{session.id}/uploads/{begun.json()['id']}"
    for person in (mechanic, stranger, mechanic2):
        client = client_of(person)
        unknown = f"/api/sessions/{session.id if person == mechanic else uuid4()}/uploads/{uuid4()}"
        assert pieces_at(client, theirs) == pieces_at(client, unknown)
        assert {status for status, _ in pieces_at(client, theirs)} == {404}
    assert client_of(customer).get(theirs).json()["offset"] == 0


def test_a_mechanic_who_left_finishes_no_file_that_they_had_begun(
    customer: User, mechanic: User, mechanic2: User, client_of: ClientOf
) -> None:
    session = live_session(customer, mechanic)
    given = {"client_id": str(uuid4()), "name": "a.pdf", "size": len(PDF)}
    base = f"/api/sessions/{session.id}/uploads"
    begun = client_of(mechanic).post(base, given, content_type="application/json").json()
    substitutes.ask_for_substitute(session_id=session.id, by=mechanic, note="Look at the coil", now=timezone.now())
    asked, sent, dropped = [status for status, _ in pieces_at(client_of(mechanic), f"{base}/{begun['id']}")]
    assert (asked, sent, dropped) == (404, 404, 204)  # what they had sent goes with them
    transitions.accept_request(session_id=session.id, mechanic=mechanic2, now=timezone.now())
    assert client_of(mechanic).post(base, given, content_type="application/json").status_code == 404
    assert not StoredFile.objects.filter(owner_id=session.id).exists()


def pieces_at(client: Client, address_: str) -> list[tuple[int, bytes]]:
    """Return everything that a person is answered at the address of an upload."""
    octets = "application/offset+octet-stream"
    asked = [
        client.get(address_),
        client.patch(address_, bytes(100_000), content_type=octets, headers={"Upload-Offset": "0"}),
        client.delete(address_),
    ]
    return [(answer.status_code, answer.content) for answer in asked]


@pytest.mark.parametrize("offset", ["-1", "1.5", "", "9" * 30, "0; 1"])
def test_a_piece_with_a_made_up_place_is_refused(
    customer: User, mechanic: User, client_of: ClientOf, offset: str
) -> None:
    session = live_session(customer, mechanic)
    client = client_of(customer)
    given = {"client_id": str(uuid4()), "name": "a.mp4", "size": 100_000}
    begun = client.post(f"/api/sessions/{session.id}/uploads", given, content_type="application/json").json()
    address_ = f"/api/sessions/{session.id}/uploads/{begun['id']}"
    sent = client.patch(address_, bytes(50_000), content_type="image/png", headers={"Upload-Offset": offset})
    assert sent.status_code == 422
    assert client.get(address_).json()["offset"] == 0


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_the_name_of_a_file_in_pieces_is_as_harmless(
    customer: User, mechanic: User, client_of: ClientOf, name: str
) -> None:
    session = live_session(customer, mechanic)
    client = client_of(customer)
    given = {"client_id": str(uuid4()), "name": name, "size": len(PDF)}
    begun = client.post(f"/api/sessions/{session.id}/uploads", given, content_type="application/json").json()
    address_ = f"/api/sessions/{session.id}/uploads/{begun['id']}"
    sent = client.patch(address_, PDF, content_type="text/html", headers={"Upload-Offset": "0"})
    assert sent.json()["file"]["name"] == HOSTILE_NAMES[name]
