"""Summaries: closed to strangers, without locations, and user text stays text everywhere."""

import io
from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any

import pypdfium2
import pytest
from asgiref.sync import async_to_sync
from django.core import mail
from django.test import Client
from django.utils import timezone
from PIL import Image

from autodoctor.accounts.models import User
from autodoctor.files.tests.samples import photo, position_in
from autodoctor.scheduler.loop import run_due
from autodoctor.summaries.content import PartLine
from autodoctor.summaries.models import Correction, Draft, Summary
from autodoctor.summaries.tests.desk import CONTENT, FORM, Desk
from tests.attacks.test_markup import ALL, MARK, PAYLOADS, read

TYPST = '#read("/data.json") #panic("x") #import "/etc/passwd": * #raw(sys.inputs) $x$ *b* <l> @r'
ATTACK = f"{ALL} {TYPST}"
ADDRESSES = ("", "draft/", "preview/", "corrections/", "summary.pdf", "workshop/", "parts/0/")


@pytest.fixture
def desk(customer: User, mechanic: User) -> Desk:
    return Desk(customer, mechanic)


@pytest.fixture
def poisoned(desk: Desk) -> Desk:
    """A summary whose every text is an attack."""
    for person, payload in ((desk.customer, PAYLOADS[0]), (desk.mechanic, PAYLOADS[1])):
        person.name = payload
        person.save()
    part = PartLine(PAYLOADS[0], PAYLOADS[1], 1, 100)
    file = desk.photo(f"{PAYLOADS[0]}.jpg")
    texts = dict.fromkeys(("findings", "steps", "next_steps", "safe_why"), ATTACK)
    session = desk.session
    session.vehicle = {"year": 2013, "make": PAYLOADS[0][:40], "model": PAYLOADS[1]}
    session.plan_name = PAYLOADS[0]
    session.save()
    desk.submit(**texts, parts=(part,), photos=(file.id,))
    desk.correct(ATTACK)
    return desk


def test_every_address_of_a_summary_is_a_404_for_a_stranger(desk: Desk, stranger: User, mechanic2: User) -> None:
    for submitted in (False, True):
        if submitted:
            desk.submit()
        for person in (stranger, mechanic2):
            client = desk.client(person)
            for address in ADDRESSES:
                for answer in (client.get(desk.page + address), client.post(desk.page + address, FORM)):
                    assert answer.status_code in {404, 405}, address
            found = client.get(desk.page)
            nowhere = client.get("/sessions/00000000-0000-4000-8000-000000000000/summary/")
            assert (found.status_code, len(found.content)) == (nowhere.status_code, len(nowhere.content))
            assert client.get(desk.api).status_code == 404
            sent = client.post(desk.api, {**_body(), "safe_why": "x"}, content_type="application/json")
            assert sent.status_code == 404
    assert Summary.objects.count() == 1
    assert not Draft.objects.exists()
    assert not Correction.objects.exists()


def _body() -> dict[str, str]:
    return {name: getattr(CONTENT, name) for name in ("findings", "steps", "next_steps", "safe", "safe_why")}


def test_a_photo_of_another_session_is_refused_in_a_summary(desk: Desk, stranger: User, mechanic2: User) -> None:
    theirs = Desk(stranger, mechanic2).photo()
    answer = desk.client().post(desk.page, {**FORM, "photos": [str(theirs.id)]})
    assert answer.status_code == 422
    assert str(theirs.id) not in answer.content.decode()
    sent = desk.client().post(desk.api, {**_body(), "photos": [str(theirs.id)]}, content_type="application/json")
    assert sent.status_code == 422
    assert not Summary.objects.exists()


def test_no_copy_that_is_stored_or_sent_says_where_a_photo_was_taken(desk: Desk, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    taken = photo(size=(2000, 1500))
    assert position_in(taken)
    sent = desk.client().post(f"/api/sessions/{desk.id}/files", {"file": io.BytesIO(taken)})
    desk.client().post(desk.page, {**FORM, "photos": [sent.json()["id"]]})
    run_due(timezone.now())
    letter = message_from_bytes(mail.outbox[-1].message().as_bytes(), policy=policy.default)
    pictures = [part.get_content() for part in letter.walk() if part.get_content_maintype() == "image"]
    (pdf,) = (part.get_content() for part in letter.walk() if part.get_content_subtype() == "pdf")
    pictures += _pictures_in(pdf)
    shown = desk.client(desk.customer).get(desk.api).json()["photos"][0]
    for name in ("url", "thumbnail_url"):
        answer = desk.client(desk.customer).get(shown[name].removeprefix("http://testserver"))
        pictures.append(b"".join(_chunks(answer)))
    assert len(pictures) == 4
    for picture in pictures:
        assert position_in(picture) == {}
        assert b"Secret Camera Company" not in picture
        with Image.open(io.BytesIO(picture)) as image:
            assert image.width > 50
    assert b"Secret Camera Company" not in pdf


def _chunks(answer: Any) -> Any:
    """A file is streamed asynchronously; the test client reads it to its end."""
    if not answer.streaming:
        return [answer.content]

    async def all_of_it() -> list[bytes]:
        return [chunk async for chunk in answer.streaming_content]

    return async_to_sync(all_of_it)()


def _pictures_in(pdf: bytes) -> list[bytes]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        found = []
        for page in document:
            for image in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]):
                held = io.BytesIO()
                image.extract(held, fb_format="jpeg")
                found.append(held.getvalue())
        return found
    finally:
        document.close()


def test_pages_show_markup_of_a_summary_as_text(poisoned: Desk, support: User) -> None:
    workshop = read(poisoned.client(poisoned.customer).get(f"{poisoned.page}workshop/").content)
    assert (workshop.acting, workshop.inline) == ([], [])
    paths = (poisoned.page, f"/sessions/{poisoned.id}/", "/dashboard/", f"/sessions/{poisoned.id}/transcript/")
    for person in (poisoned.customer, poisoned.mechanic, support):
        for path in paths:
            watchman = read(poisoned.client(person).get(path).content)
            assert (path, watchman.acting, watchman.inline) == (path, [], [])
            assert watchman.text or path == "/dashboard/"
    again = poisoned.client().post(poisoned.page, {**FORM, "findings": ATTACK, "part_name": [ATTACK]})
    watchman = read(again.content)
    assert (again.status_code, watchman.acting, watchman.inline) == (409, [], [])


def test_the_summary_form_and_its_preview_show_markup_as_text(desk: Desk) -> None:
    form = {**FORM, "findings": ATTACK, "steps": ATTACK, "safe_why": ALL, "part_name": [PAYLOADS[3]] * 4}
    assert desk.client().post(f"{desk.page}draft/", {**form, "part_price": [PAYLOADS[1]]}).status_code == 303
    shown = [desk.client().get(desk.page)]
    shown.append(desk.client().post(desk.page, {**form, "version": "1", "safe": PAYLOADS[0]}))
    desk.client().post(f"{desk.page}preview/", {**form, "version": str(Draft.objects.get().version)})
    shown.append(desk.client().get(f"{desk.page}preview/"))
    for answer in shown:
        watchman = read(answer.content)
        assert watchman.text or MARK in answer.content.decode()
        assert (answer.request["PATH_INFO"], watchman.acting, watchman.inline) == (answer.request["PATH_INFO"], [], [])


def test_the_admin_shows_markup_of_a_summary_as_text(poisoned: Desk, support: User) -> None:
    client = Client()
    client.force_login(support)
    for path in ("", f"{poisoned.id}/change/", f"{poisoned.id}/history/"):
        answer = client.get(f"/admin/summaries/summary/{path}")
        assert (path, answer.status_code, read(answer.content).acting) == (path, 200, [])
    assert client.post(f"/admin/summaries/summary/{poisoned.id}/change/", {"findings": "x"}).status_code == 403


def test_mails_show_markup_of_a_summary_as_text(poisoned: Desk, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    run_due(timezone.now() + timedelta(days=1))
    letters = [message_from_bytes(each.message().as_bytes(), policy=policy.default) for each in mail.outbox]
    letters = [letter for letter in letters if letter.get_content_type() == "multipart/mixed"]
    assert len(letters) == 2
    for letter in letters:
        assert len(letter.get_all("Subject", [])) == 1
        html = letter.get_body(("html",))
        assert html
        watchman = read(html.get_content().encode())
        assert watchman.acting == []
        assert not [found for found in watchman.inline if " on" in found or "javascript:" in found]
        assert watchman.text


def test_the_pdf_prints_markup_of_a_summary_as_text(poisoned: Desk) -> None:
    content = poisoned.client(poisoned.customer).get(f"{poisoned.page}summary.pdf").content
    document = pypdfium2.PdfDocument(content)
    try:
        words = "".join(page.get_textpage().get_text_range() for page in document)
        said = "".join(words.split()).replace("\u200b", "").replace("\ufffe", "")
        for expected in (TYPST, PAYLOADS[0], PAYLOADS[5]):
            assert "".join(expected.split()) in said
        assert b"/JavaScript" not in content
        assert b"/Launch" not in content
    finally:
        document.close()
