"""The desk of a mechanic who has just completed a session."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.files import storage
from autodoctor.files.models import StoredFile
from autodoctor.files.tests.samples import photo, upload
from autodoctor.room.tests.live_session import live_session
from autodoctor.sessions.lifecycle import attachments
from autodoctor.sessions.models import Session
from autodoctor.sessions.states import State
from autodoctor.summaries import actions
from autodoctor.summaries.content import Content, PartLine
from autodoctor.summaries.models import Correction, Summary

CONTENT = Content(
    findings="The minus clamp is corroded.\n\nThe battery itself is fine.",
    steps="Cleaned the clamp with a wire brush.",
    next_steps="Replace the clamp within two weeks.",
    safe="care",
    safe_why="It may not start again.",
    parts=(
        PartLine("Battery clamp, negative", "VOL-31346572", 1, 1450),
        PartLine("Terminal grease", "", 2, 345),
        PartLine("Ground strap", "30659912", 1, None),
    ),
)
FORM = {
    "findings": CONTENT.findings,
    "steps": CONTENT.steps,
    "next_steps": CONTENT.next_steps,
    "safe": "care",
    "safe_why": CONTENT.safe_why,
    "part_name": ["Battery clamp, negative", "Terminal grease", "Ground strap", ""],
    "part_number": ["VOL-31346572", "", "30659912", ""],
    "part_quantity": ["1", "2", "", ""],
    "part_price": ["14.50", "$3.45", "", ""],
}
VEHICLE = {"year": 2014, "make": "Volvo", "model": "V60", "vin": "YV1FW075XE1234567", "mileage": 120_000}


class Desk:
    def __init__(self, customer: User, mechanic: User, **changes: Any) -> None:
        self.customer, self.mechanic = customer, mechanic
        self.now = timezone.now()
        ended = {"state": State.COMPLETED, "ended_at": self.now, "end_reason": "time_up", "vehicle": VEHICLE}
        self.id: UUID = live_session(customer, mechanic, **(ended | changes)).id
        self.page = f"/sessions/{self.id}/summary/"
        self.api = f"/api/sessions/{self.id}/summary"

    @property
    def session(self) -> Session:
        return Session.objects.get(pk=self.id)

    @property
    def summary(self) -> Summary:
        return Summary.objects.get(session_id=self.id)

    def client(self, person: User | None = None) -> Client:
        client = Client()
        client.force_login(person or self.mechanic)
        return client

    def photo(self, name: str = "clamp.jpg", by: User | None = None) -> StoredFile:
        """Share a photo whose metadata holds a position."""
        return attachments.share_file(
            session_id=self.id, by=by or self.mechanic, upload=upload(name, photo()), now=self.now
        )

    def photos(self, count: int) -> tuple[UUID, ...]:
        """Share one photo, and copy its row for the others, which saves the decoding."""
        first = self.photo("photo-0.jpg")
        return (first.id, *(_copy(first, f"photo-{number}.jpg").id for number in range(1, count)))

    def submit(self, **changes: Any) -> Summary:
        content = replace(CONTENT, **changes)
        return actions.submit(session_id=self.id, by=self.mechanic, content=content, now=self.now)

    def correct(self, text: str = "It is the other clamp.", at: datetime | None = None) -> Correction:
        return actions.correct(
            session_id=self.id, by=self.mechanic, text=text, now=at or self.now + timedelta(hours=20)
        )


def _copy(file: StoredFile, name: str) -> StoredFile:
    keys = {field: _copy_object(getattr(file, field)) for field in ("key", "thumbnail_key")}
    same = {field.attname: getattr(file, field.attname) for field in StoredFile._meta.concrete_fields}
    return StoredFile.objects.create(**same | keys | {"id": uuid4(), "name": name})


def _copy_object(key: str) -> str:
    with storage.open_object(key) as opened:
        return storage.storage().save(storage.new_key(timezone.now()), ContentFile(opened.read()))
