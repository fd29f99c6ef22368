"""Links for a workshop: what they show, how long they work, what their owner sees of them."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.booking.models import Vehicle
from autodoctor.files.tests.samples import PDF, upload
from autodoctor.garage import jobs, sharing, tokens, workshop
from autodoctor.garage.advice import take_from_summary
from autodoctor.garage.models import SharedFile, SharedLink
from autodoctor.garage.tests.stories import FORD
from autodoctor.scheduler.models import Job
from autodoctor.sessions.lifecycle import attachments
from autodoctor.summaries.tests.desk import Desk

ClientOf = Callable[[User], Client]
ALL = {"summaries": "on", "advice": "on", "mileage": "on", "vin": "on"}
TOKEN = re.compile(r"/garage/shared/([A-Za-z0-9_-]+)/")


@pytest.fixture
def told(truck: Vehicle, desk: Desk) -> Desk:
    """The session's summary, with its advice."""
    Vehicle.objects.filter(pk=truck.pk).update(vin=FORD, mileage=84_000, nickname="The old truck")
    desk.submit()
    take_from_summary(desk.id)
    return desk


@pytest.fixture
def share(customer: User, client_of: ClientOf, truck: Vehicle) -> Callable[..., str]:
    """Make a link by the form, and return its path."""

    def made(**said: Any) -> str:
        form = {"days": "7", "form": str(uuid4()), **(said or ALL)}
        answer = client_of(customer).post(f"/garage/{truck.pk}/links/", form)
        assert answer.status_code == 200, answer.content.decode()
        found = TOKEN.search(answer.content.decode())
        assert found
        return f"/garage/shared/{found[1]}/"

    return made


Share = Callable[..., str]


def read(path: str) -> str:
    answer = Client().get(path)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_whoever_has_the_link_reads_what_was_chosen(told: Desk, share: Share) -> None:
    shown = read(share())
    for words in ("2013 Ford F-150", FORD, "84,000", "Drive with care", "The minus clamp is corroded."):
        assert words in shown
    for words in ("Replace the clamp within two weeks.", "Battery clamp, negative", "VOL-31346572", "Steps performed"):
        assert words in shown


@pytest.mark.parametrize("most", ["SUMMARIES_SHOWN", "OPEN_SHOWN"])
def test_the_page_says_when_there_is_more_than_it_shows(
    told: Desk, share: Share, monkeypatch: pytest.MonkeyPatch, most: str
) -> None:
    path, words = share(), "This page shows the latest only."
    assert words not in read(path)
    monkeypatch.setattr(workshop, most, 0)
    assert words in read(path)
    assert words not in read(share(days="7", vin="on")), "of what was chosen"


@pytest.mark.parametrize(
    ("left_out", "words"),
    [
        ("vin", FORD),
        ("mileage", "84,000"),
        ("summaries", "The minus clamp is corroded."),
        ("advice", "VOL-31346572"),
    ],
)
def test_what_was_not_chosen_is_not_shown(told: Desk, share: Share, left_out: str, words: str) -> None:
    said = {name: value for name, value in ALL.items() if name != left_out}
    shown = read(share(days="1", **said))
    assert words not in shown
    assert "2013 Ford F-150" in shown


def test_the_page_holds_no_names_no_chat_no_prices_and_no_file_that_was_not_chosen(
    customer: User, mechanic: User, truck: Vehicle, desk: Desk, share: Share
) -> None:
    customer.name, mechanic.name = "Casey Carter", "Morgan O’Diaz"
    for person in (customer, mechanic):
        person.save()
    photo = desk.photo("casey-at-home.jpg")
    greeting = "Hi Casey, this is Morgan O’Diaz. Carter’s clamp is loose."
    desk.submit(findings=greeting, next_steps="Casey: tighten it.", safe_why="Morgan says so.", photos=(photo.id,))
    desk.correct("Dear Casey Carter, it is the other one.")
    take_from_summary(desk.id)
    Vehicle.objects.filter(pk=truck.pk).update(nickname="Casey’s truck")
    shown = read(share(label="For Bob", **ALL))
    for secret in ("Casey", "Carter", "Morgan", "Diaz", "casey", "Bob", customer.email, "It rattles", "$", "14.50"):
        assert secret not in shown, secret
    assert str(photo.id) not in shown
    assert "Hi […], this is […]. […]’s clamp is loose." in shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tell Ann Lee.", "Tell […]."),
        ("Lee said: Anna", "[…] said: Anna"),
        ("an annual lees", "an annual lees"),
        ("(Ann)", "([…])"),
        ("Bo knows", "Bo knows"),
    ],
)
def test_names_are_taken_out_as_whole_words(text: str, expected: str) -> None:
    assert workshop.without_names(text, ["Ann Lee", "Bo", ".*"]) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ask O\u2019Brien.", "Ask […]."),  # as phones write it
        ("Ask O'Brien.", "Ask […]."),
        ("Marie-Jose\u0301 said so", "[…] said so"),  # the accent as a character of its own
        ("Jos\u00e9 knows, Marie knows", "[…] knows, […] knows"),
        ("Marie\u2011Jos\u00e9", "[…]"),
    ],
)
def test_names_are_found_however_a_keyboard_writes_them(text: str, expected: str) -> None:
    assert workshop.without_names(text, ["Marie-Jos\u00e9 O'Brien"]) == expected


def test_the_page_sets_no_cookie_and_is_to_be_known_by_nobody(told: Desk, share: Share) -> None:
    answer = Client().get(share())
    assert not answer.cookies
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["X-Robots-Tag"] == "noindex, nofollow, noarchive"
    assert "no-store" in answer["Cache-Control"]
    page = answer.content.decode()
    assert '<meta name="robots" content="noindex' in page
    assert "<script" not in page
    assert "<form" not in page


def test_the_page_is_the_same_for_its_owner_and_for_anybody_else_who_is_signed_in(
    customer: User, stranger: User, client_of: ClientOf, told: Desk, share: Share
) -> None:
    path = share()
    assert {client_of(person).get(path).content.decode() for person in (customer, stranger)} == {read(path)}


@pytest.mark.parametrize("days", sharing.LIFETIMES)
def test_a_link_works_as_long_as_was_chosen_and_not_a_moment_longer(told: Desk, share: Share, days: int) -> None:
    token = share(days=str(days), **ALL).split("/")[-2]
    made = SharedLink.objects.get().made_at
    assert sharing.find(token, now=made + timedelta(days=days, seconds=-1), opened=False)
    assert sharing.find(token, now=made + timedelta(days=days), opened=False) is None


@pytest.mark.parametrize("days", ["", "0", "-1", "2", "31", "365", "x", "7.0"])
def test_no_other_lifetime_can_be_chosen(customer: User, client_of: ClientOf, truck: Vehicle, days: str) -> None:
    answer = client_of(customer).post(f"/garage/{truck.pk}/links/", {"days": days, **ALL})
    assert answer.status_code == 422
    assert not SharedLink.objects.exists()


def test_the_owner_sees_when_a_link_was_opened_and_ends_it(
    customer: User, client_of: ClientOf, truck: Vehicle, told: Desk, share: Share
) -> None:
    path = share(label="The corner garage", **ALL)
    client, listed = client_of(customer), f"/garage/{truck.pk}/links/"
    page = client.get(listed).content.decode()
    for words in ("The corner garage", "works until", "not opened yet"):
        assert words in page
    Client().head(path)
    link = SharedLink.objects.get()
    preview = client.get(f"{listed}{link.pk}/")
    assert "This is what the workshop sees." in preview.content.decode()
    assert SharedLink.objects.get().opened_at is None
    read(path)
    assert "last opened" in client.get(listed).content.decode()
    assert client.post(f"{listed}{link.pk}/revoke/")["Location"] == listed
    assert Client().get(path).status_code == 404
    page = client.get(listed).content.decode()
    assert "revoked" in page
    assert "See what it shows" not in page
    ended = SharedLink.objects.get().ends_at
    client.post(f"{listed}{link.pk}/revoke/")
    assert SharedLink.objects.get().ends_at == ended


def test_only_the_hash_of_a_link_is_stored_and_its_address_is_shown_once(
    customer: User, client_of: ClientOf, truck: Vehicle, share: Share
) -> None:
    form = str(uuid4())
    token = share(form=form, **ALL).split("/")[-2]
    link = SharedLink.objects.values().get()
    assert token not in str(link)
    assert link["token_hash"] == tokens.hash_of(token)
    client = client_of(customer)
    again = client.post(f"/garage/{truck.pk}/links/", {"days": "7", "form": form, **ALL}, follow=True)
    assert "Its address was shown once" in again.content.decode()
    assert token not in again.content.decode()
    assert SharedLink.objects.count() == 1


def test_so_many_links_of_a_car_work_at_once(
    customer: User, client_of: ClientOf, truck: Vehicle, share: Share, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "MOST_LINKS", 2)
    for _ in range(2):
        share()
    client, path = client_of(customer), f"/garage/{truck.pk}/links/"
    refused = client.post(path, {"days": "7", **ALL})
    assert refused.status_code == 422
    assert "Revoke one first." in refused.content.decode()
    first = SharedLink.objects.first()
    assert first
    client.post(f"{path}{first.pk}/revoke/")
    share()


def test_chosen_files_are_shown_by_addresses_that_live_minutes_and_say_no_name(
    customer: User, truck: Vehicle, desk: Desk, share: Share
) -> None:
    photo, hidden = desk.photo("casey.jpg"), desk.photo("not-this-one.jpg")
    sent = upload("casey-licence.pdf", PDF)
    document = attachments.share_file(session_id=desk.id, by=desk.mechanic, upload=sent, now=desk.now)
    path = share(chosen=[str(photo.id), str(document.id)])
    page = read(path)
    assert "casey" not in page
    client = Client()
    for part in (f"files/{photo.id}/", f"files/{photo.id}/thumbnail/", f"files/{document.id}/"):
        assert f'"{path}{part}"' in page
        onward = client.get(path + part)
        assert (onward.status_code, onward["Referrer-Policy"]) == (302, "no-referrer")
        served = client.head(onward["Location"])
        assert served.status_code == 200
        assert "casey" not in str(served.headers)
        until = int(re.findall(r"until=(\d+)", onward["Location"])[0])
        assert 200 <= until - timezone.now().timestamp() <= 300
    for part in (f"files/{hidden.id}/", f"files/{uuid4()}/", f"files/{document.id}/thumbnail/"):
        assert client.get(path + part).status_code == 404
    SharedLink.objects.update(revoked_at=timezone.now())
    assert client.get(f"{path}files/{photo.id}/").status_code == 404


def test_a_file_that_is_removed_later_is_not_shown(truck: Vehicle, desk: Desk, share: Share) -> None:
    photo = desk.photo()
    path = share(chosen=[str(photo.id)])
    attachments.remove_file(session_id=desk.id, file_id=photo.id, by=desk.mechanic, now=desk.now)
    assert str(photo.id) not in read(path)
    assert Client().get(f"{path}files/{photo.id}/").status_code == 404


def test_no_more_files_than_a_page_holds_can_be_chosen(
    customer: User, client_of: ClientOf, truck: Vehicle, desk: Desk
) -> None:
    chosen = [str(id_) for id_ in desk.photos(sharing.MOST_FILES + 1)]
    answer = client_of(customer).post(f"/garage/{truck.pk}/links/", {"days": "7", "chosen": chosen})
    assert answer.status_code == 422
    assert "Choose at most 20 files." in answer.content.decode()
    assert not SharedFile.objects.exists()


def test_removing_the_car_ends_its_links(truck: Vehicle, told: Desk, share: Share) -> None:
    path = share()
    truck.delete()
    assert Client().get(path).status_code == 404


def test_links_that_ended_are_deleted_some_weeks_later(truck: Vehicle, desk: Desk, share: Share) -> None:
    share(days="1", chosen=[str(desk.photo().id)])
    ended = SharedLink.objects.get().ends_at
    job = Job(kind=jobs.GarageJob.TIDY, key="", due_at=ended)
    jobs.delete_ended_links(job, ended + sharing.KEPT - timedelta(seconds=1))
    assert SharedLink.objects.exists()
    jobs.delete_ended_links(job, ended + sharing.KEPT)
    assert not SharedLink.objects.exists()
    assert not SharedFile.objects.exists()


def test_a_link_without_the_vin_does_not_call_the_car_by_it(truck: Vehicle, share: Share) -> None:
    """A car of which only the VIN is known: no make and no year is in it."""
    unknown = "AAAAAAAAA0AAAAAAA"
    Vehicle.objects.filter(pk=truck.pk).update(vin=unknown, year=None, make="", model="")
    without = read(share(days="1", summaries="on"))
    assert unknown not in without
    assert "<title>A car ·" in without
    assert unknown in read(share(days="1", vin="on"))


def test_a_link_that_works_is_always_in_the_list(
    customer: User, client_of: ClientOf, truck: Vehicle, share: Share
) -> None:
    """However many were made and revoked since: else nobody could revoke it."""
    share(days="30", label="The first one")
    now = timezone.now()
    for number in range(sharing.LINKS_SHOWN):
        facts = dict.fromkeys(("shows_vin", "shows_mileage", "shows_advice", "shows_summaries"), False)
        made = now + timedelta(minutes=number)
        SharedLink.objects.create(
            car=truck, token_hash=str(number), made_at=made, ends_at=made, revoked_at=made, **facts
        )
    page = client_of(customer).get(f"/garage/{truck.pk}/links/").content.decode()
    assert "The first one" in page
    assert page.count("revoked ") == sharing.LINKS_SHOWN - 1
