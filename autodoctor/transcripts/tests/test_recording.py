"""Pieces of a voice: taken once, from a participant, while both agree and the session runs, and within bounds."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.core.errors import Refused
from autodoctor.core.request_limits import VOICE_BYTES
from autodoctor.sessions.models import Session
from autodoctor.transcripts import recording
from autodoctor.transcripts.models import Piece, Voice
from autodoctor.transcripts.recording import Said, container_of
from autodoctor.transcripts.tests.call_story import SOUND, TAKE, CallStory, stored

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


def refusal(act: Callable[[], object]) -> tuple[str, int]:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code, refused.value.status


def test_a_piece_that_comes_again_is_the_same_piece(story: CallStory, customer: User) -> None:
    story.on_air()
    story.wait(seconds=20)
    assert story.says(customer).pk == story.says(customer).pk
    assert (Piece.objects.count(), len(stored())) == (1, 1)
    assert Voice.objects.get(user=customer).pieces_taken == 1


def test_a_piece_that_comes_twice_at_once_is_the_same_piece(
    story: CallStory, customer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page sends it again when no answer came, while the first is on its way."""
    story.on_air().wait(seconds=20)
    check, other = recording._check_sound, []

    def meanwhile(said: Said, sound: bytes) -> None:
        monkeypatch.setattr(recording, "_check_sound", check)
        other.append(story.says(customer))

    monkeypatch.setattr(recording, "_check_sound", meanwhile)
    assert story.says(customer).pk == other[0].pk
    assert (Piece.objects.count(), len(stored())) == (1, 1)
    assert Voice.objects.get(user=customer).pieces_taken == 1


def test_each_has_pieces_of_their_own(story: CallStory, customer: User, mechanic: User) -> None:
    story.on_air().wait(seconds=20)
    story.says(customer)
    story.says(mechanic)
    assert sorted(Piece.objects.values_list("voice__role", flat=True)) == ["customer", "mechanic"]


def test_nothing_is_taken_without_the_consent_of_both(story: CallStory, customer: User, mechanic: User) -> None:
    story.live()
    assert refusal(lambda: story.says(customer, ago=0)) == ("not_agreed", 409)
    story.agree(customer)
    assert refusal(lambda: story.says(customer, ago=0)) == ("not_agreed", 409)
    story.agree(mechanic)
    story.says(customer, ago=0)
    story.stop(mechanic)
    assert refusal(lambda: story.says(customer, 1, ago=0)) == ("not_agreed", 409)
    assert len(stored()) == 1


def test_nothing_is_taken_that_was_said_before_both_agreed(story: CallStory, customer: User) -> None:
    story.live().wait(minutes=2)
    story.agree()
    assert refusal(lambda: story.says(customer, ago=10)) == ("not_agreed", 409)


def test_the_last_words_come_shortly_after_the_end_and_nothing_later(story: CallStory, customer: User) -> None:
    story.on_air().wait(minutes=2)
    story.end(customer).wait(seconds=20)
    story.says(customer, 0, ago=25)
    assert refusal(lambda: story.says(customer, 1, ago=5)) == ("not_agreed", 409)  # it was over by then
    story.wait(seconds=20)
    assert refusal(lambda: story.says(customer, 2, ago=45)) == ("session_closed", 409)


def test_nothing_is_taken_before_the_start(story: CallStory, customer: User) -> None:
    story.pay().accept().join().connect()
    story.agree()
    assert refusal(lambda: story.says(customer, ago=0)) == ("session_closed", 409)


def test_strangers_and_support_are_not_recorded(story: CallStory, stranger: User, support: User) -> None:
    story.on_air().wait(seconds=20)
    with pytest.raises(Session.DoesNotExist):
        story.says(stranger)
    assert refusal(lambda: story.says(support)) == ("not_a_party", 403)
    assert stored() == set()


@pytest.mark.parametrize(
    ("sound", "code"),
    [
        (b"", "wrong_type"),
        (b"MZ and so on", "wrong_type"),
        (b"#EXTM3U\nfile:///etc/passwd", "wrong_type"),
        (b"\x1a\x45\xdf\xa3" + bytes(VOICE_BYTES), "too_large"),
    ],
)
def test_what_no_browser_records_is_refused(story: CallStory, customer: User, sound: bytes, code: str) -> None:
    story.on_air().wait(seconds=20)
    assert refusal(lambda: story.says(customer, sound=sound))[0] == code
    assert stored() == set()


def test_a_person_can_fill_only_so_much(story: CallStory, customer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    story.on_air().wait(seconds=20)
    monkeypatch.setattr(recording, "MOST_PIECES", 2)
    for number in range(2):
        story.says(customer, number)
    assert refusal(lambda: story.says(customer, 2)) == ("too_many", 409)
    monkeypatch.setattr(recording, "MOST_PIECES", 3)
    monkeypatch.setattr(recording, "MOST_BYTES", 3 * SOUND.stat().st_size - 1)
    assert refusal(lambda: story.says(customer, 2)) == ("too_many", 409)
    assert len(stored()) == 2


@pytest.mark.parametrize("seconds", [0.0, -1.0, 41.0, float("nan"), float("inf")])
def test_a_piece_has_a_length(story: CallStory, customer: User, seconds: float) -> None:
    story.on_air().wait(seconds=20)
    said = Said(TAKE, 0, story.now - timedelta(seconds=6), seconds)

    def act() -> object:
        sound = SOUND.read_bytes()
        return recording.take_piece(session_id=story.id, by=customer, said=said, sound=sound, now=story.now)

    assert refusal(act) == ("too_long", 422)


def test_the_formats_of_browsers_are_known() -> None:
    assert container_of(SOUND.read_bytes()) == "matroska"
    assert container_of(b"OggS\0\0") == "ogg"
    assert container_of(b"\0\0\0\x1cftypiso5") == "mp4"


def test_pieces_come_by_the_api(story: CallStory, client_of: ClientOf, stranger: User) -> None:
    story.now = timezone.now()
    Session.objects.filter(pk=story.id).update(payable_until=story.now + timedelta(minutes=30))
    story.on_air()
    client, address = client_of(story.customer), f"/api/sessions/{story.id}/voice"
    form = {"take": str(TAKE), "number": "0", "began_at": timezone.now().isoformat(), "seconds": "5"}

    def sent(**changes: str) -> dict[str, object]:
        return {**form, **changes, "sound": SimpleUploadedFile("voice", SOUND.read_bytes())}

    assert [client.post(address, sent()).status_code for _again in range(2)] == [201, 201]
    assert Piece.objects.count() == 1
    assert client.post(address, sent(take="x")).status_code == 422
    assert client.post(address, sent(number="-1")).status_code == 422
    assert client.post(address, sent(began_at="2026-01-01T00:00:00")).status_code == 422, "a moment has a zone"
    assert client.post(address, form).status_code == 422
    assert client_of(stranger).post(address, sent()).status_code == 404
    assert Client().post(address, sent()).status_code == 401
    answer = client.get(f"/api/sessions/{story.id}/transcript").json()
    assert answer == {"stage": "recording", "on": True, "lines": []}
