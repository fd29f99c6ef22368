from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core import mail
from pytest_django import Settings

from tests.kit.smtp import Sink, smtp

if TYPE_CHECKING:
    from autodoctor.accounts.models import User

NOW = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)
LETTERS = Path(__file__).parent / "templates"


@pytest.fixture(autouse=True)
def own_letters(settings: Settings) -> None:
    engine = settings.TEMPLATES[0]
    settings.TEMPLATES = [{**engine, "DIRS": [*engine["DIRS"], LETTERS]}]
    settings.SITE_URL, settings.SUPPORT_EMAIL = "https://doctor.example", "help@doctor.example"


@pytest.fixture
def sink(settings: Settings) -> Iterator[Sink]:
    """A real mail server that mail now goes to."""
    with smtp() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server


@pytest.fixture
def send(db: None) -> "Callable[..., mail.EmailMessage]":
    """Post one invitation and have it sent; returns it."""
    from autodoctor.mail.queue import queue_mail
    from autodoctor.scheduler.loop import run_due

    def sent(to: "User | str", key: str = "invitation:1", **facts: Any) -> mail.EmailMessage:
        context = {"who": "Morgan", "begins_at": NOW.isoformat()} | facts
        queue_mail("letters/invitation", to=to, context=context, key=key, now=NOW)
        run_due(NOW)
        return mail.outbox[-1]

    return sent
