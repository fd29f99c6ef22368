from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone

if TYPE_CHECKING:
    from autodoctor.accounts.models import User


@pytest.fixture
def letters(db: None) -> Callable[[], list[EmailMessage]]:
    """Return a function that sends the queued mails and returns those sent since its last call."""
    from autodoctor.scheduler.loop import run_due

    def send() -> list[EmailMessage]:
        mail.outbox.clear()
        run_due(timezone.now())
        return list(mail.outbox)

    return send


@pytest.fixture
def code(letters: Callable[[], list[EmailMessage]]) -> Callable[[], str]:
    """The code in the one mail that was just posted."""

    def read() -> str:
        (letter,) = letters()
        return letter.subject.removeprefix("Your code: ")

    return read


@pytest.fixture
def access_news() -> "Iterator[list[tuple[User, str | None]]]":
    """Record each change of access as (user id, session key)."""
    from autodoctor.accounts.signals import access_changed

    heard: list[Any] = []

    def hear(user_id: object, session_key: str | None, **kwargs: object) -> None:
        heard.append((user_id, session_key))

    access_changed.connect(hear)
    yield heard
    access_changed.disconnect(hear)


@pytest.fixture
def sign_in(client: Client) -> Callable[..., Any]:
    """Sign in through the form."""

    def post(email: str, password: str = "demo", **more: str) -> Any:
        return client.post("/sign-in/", {"login": email, "password": password, **more})

    return post
