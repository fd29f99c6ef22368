"""Files of questions without a session: who may send them, who sees them, and how they end."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from autodoctor.accounts.models import User
from autodoctor.conversations import answering, asking, links, thread_files
from autodoctor.conversations.models import Conversation
from autodoctor.conversations.tests.conftest import NOON
from autodoctor.files import errors, listing, storage
from autodoctor.files.models import StoredFile
from autodoctor.files.tests.samples import PDF, photo, position_in, upload
from autodoctor.scheduler.loop import run_due

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


@pytest.fixture(autouse=True)
def places(settings: Settings, tmp_path: Path) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    stored = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path / "stored"}}
    settings.STORAGES = settings.STORAGES | {"files": stored}


@pytest.fixture
def visitor(of_visitor: Conversation) -> Client:
    """The browser of a visitor whose address is confirmed."""
    client = opened_by(of_visitor)
    client.post(f"/help/{of_visitor.pk}/confirm/")
    return client


def opened_by(asked: Conversation) -> Client:
    client = Client()
    client.get(links.opening_path(asked))
    return client


def objects() -> int:
    return sum(path.is_file() for path in storage.directory().rglob("*")) if storage.directory().exists() else 0


def send(client: Client, asked: Conversation, *files: tuple[str, bytes], text: str = "Look") -> int:
    form = {"text": text, "client_id": str(uuid4()), "file": [upload(name, content) for name, content in files]}
    return client.post(f"/help/{asked.pk}/", form).status_code


def of(asked: Conversation) -> StoredFile:
    return listing.files_of(asked.pk).get()


def test_a_photo_from_the_form_is_drawn_anew_and_stands_in_the_conversation(
    asked: Conversation, customer: User, support: User, client_of: ClientOf
) -> None:
    assert send(client_of(customer), asked, ("screen.jpg", photo()), ("setup.exe", b"MZ" + bytes(200))) == 303
    with listing.open_file(of(asked)) as stored:
        assert position_in(stored.read()) == {}
    assert of(asked).uploader == customer
    for client, page in ((client_of(customer), "/help/{}/"), (client_of(support), "/support/conversations/{}/")):
        shown = client.get(page.format(asked.pk)).content.decode()
        assert f"/help/{asked.pk}/files/{of(asked).pk}/thumbnail/" in shown
        assert "setup.exe was not taken" in " ".join(shown.split())


def test_a_first_question_of_a_member_brings_its_files(customer: User, client_of: ClientOf) -> None:
    form = {"topic": "account", "text": "See this", "client_id": str(uuid4()), "file": [upload("a.pdf", PDF)]}
    for _ in range(2):
        assert client_of(customer).post("/help/", form | {"file": [upload("a.pdf", PDF)]}).status_code == 303
    assert of(Conversation.objects.get()).name == "a.pdf"
    assert objects() == 1  # the second form leaves nothing


def test_a_confirmed_visitor_sends_files_without_an_account(visitor: Client, of_visitor: Conversation) -> None:
    assert send(visitor, of_visitor, ("leak.jpg", photo())) == 303
    assert of(of_visitor).uploader is None
    assert "leak.jpg" in visitor.get(f"/help/{of_visitor.pk}/").content.decode()
    assert visitor.get(f"/help/{of_visitor.pk}/files/{of(of_visitor).pk}/").status_code == 302


def test_nothing_of_a_visitor_is_stored_before_the_address_is_confirmed(of_visitor: Conversation) -> None:
    client = opened_by(of_visitor)
    assert "you can add photos and files" in client.get(f"/help/{of_visitor.pk}/").content.decode()
    assert send(client, of_visitor, ("leak.jpg", photo())) == 303
    assert "You can add photos and files once" in Client().get("/help/").content.decode()
    first = {"topic": "booking", "text": "Hello?", "name": "Vera", "email": "v@example.com", "file": [upload("a", PDF)]}
    assert Client().post("/help/", first).status_code in {409, 422}
    assert (StoredFile.objects.count(), objects(), Conversation.objects.count()) == (0, 0, 1)


def test_a_file_is_seen_by_its_asker_and_support_only(
    asked: Conversation,
    of_visitor: Conversation,
    visitor: Client,
    customer: User,
    support: User,
    mechanic: User,
    stranger: User,
    client_of: ClientOf,
) -> None:
    send(client_of(customer), asked, ("mine.jpg", photo()))
    send(visitor, of_visitor, ("theirs.jpg", photo()))
    clients = [*map(client_of, (customer, support, mechanic, stranger)), visitor, Client()]
    seen = [
        [client.get(f"/help/{one.pk}/files/{of(one).pk}/{part}").status_code for part in ("", "thumbnail/")]
        for one in (asked, of_visitor)
        for client in clients
    ]
    found, missing = [302, 302], [404, 404]
    to_sign_in = found
    assert seen[:6] == [found, found, missing, missing, to_sign_in, to_sign_in]
    assert seen[6:] == [missing, found, missing, missing, found, to_sign_in]
    assert visitor.get(f"/help/{asked.pk}/files/{of(asked).pk}/").headers["Location"].startswith("/sign-in/")
    assert visitor.get(f"/help/{of_visitor.pk}/files/{of(asked).pk}/").status_code == 404
    assert client_of(support).get(f"/help/{asked.pk}/files/{of(of_visitor).pk}/").status_code == 404


def test_a_refused_message_leaves_no_file(asked: Conversation, customer: User, client_of: ClientOf) -> None:
    assert send(client_of(customer), asked, ("a.jpg", photo()), text="y" * 2001) == 422
    assert (StoredFile.objects.count(), objects()) == (0, 0)


def test_a_message_brings_ten_files_and_a_conversation_holds_fifty(
    asked: Conversation, customer: User, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, notes = client_of(customer), [(f"{number}.txt", b"a note") for number in range(11)]
    send(client, asked, *notes)
    assert listing.count(asked.pk)[0] == thread_files.MOST_AT_ONCE
    assert "10.txt was not taken: A message can bring up to 10 files" in shown(client, asked)
    monkeypatch.setattr(errors, "MAX_FILES", 12)
    send(client, asked, *notes)
    assert listing.count(asked.pk)[0] == 12


def test_files_of_one_asker_are_limited_over_all_conversations(
    asked: Conversation, customer: User, client_of: ClientOf, settings: Settings
) -> None:
    settings.LIMITS = {"help_files": [1, 60]}
    client = client_of(customer)
    other = asking.ask(asking.Question(topic="other", text="And this"), by=customer, now=timezone.now())
    send(client, asked, ("a.pdf", PDF))
    send(client, other, ("b.pdf", PDF))
    assert StoredFile.objects.count() == 1
    assert "b.pdf was not taken: You sent many files" in shown(client, other)


def test_the_files_of_an_expired_conversation_are_deleted_with_it(
    of_visitor: Conversation, visitor: Client, support: User, wait: Callable[[timedelta], object]
) -> None:
    send(visitor, of_visitor, ("leak.jpg", photo()))
    address = visitor.get(f"/help/{of_visitor.pk}/files/{of(of_visitor).pk}/").headers["Location"]
    assert visitor.get(address).status_code == 200
    now = timezone.now()
    answering.close(conversation_id=of_visitor.pk, by=support, note="Done", now=now)
    Conversation.objects.filter(pk=of_visitor.pk).update(state_at=NOON)
    wait(now - NOON + timedelta(days=91))
    assert not Conversation.objects.filter(pk=of_visitor.pk).exists()
    assert visitor.get(address).status_code == 404
    run_due(now + timedelta(days=92))
    assert (StoredFile.objects.count(), objects()) == (0, 0)


def shown(client: Client, asked: Conversation) -> str:
    return " ".join(client.get(f"/help/{asked.pk}/").content.decode().split())
