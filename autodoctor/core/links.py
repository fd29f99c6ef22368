"""Addresses of pages that lower capabilities lead to. They know a page by its name; who answers there is above them."""

from uuid import UUID

from django.conf import settings
from django.urls import reverse


def room_page(session_id: UUID) -> str:
    return reverse("room", args=[session_id])


def summary_page(session_id: UUID) -> str:
    return reverse("summary", args=[session_id])


def question_page(session_id: UUID) -> str:
    return reverse("question", args=[session_id])


def follow_up_page(session_id: UUID) -> str:
    return reverse("follow_up", args=[session_id])


def receipt_page(session_id: UUID) -> str:
    return reverse("receipt", args=[session_id])


def support_case(session_id: UUID) -> str:
    return reverse("support_case", args=[session_id])


def support_conversation(conversation_id: UUID) -> str:
    return reverse("support_conversation", args=[conversation_id])


def support_board() -> str:
    return reverse("support_board")


def help_page() -> str:
    return reverse("help_page")


def mechanic_page(mechanic_id: UUID) -> str:
    return reverse("mechanic", args=[mechanic_id])


def ask(mechanic_id: UUID) -> str:
    """The intake of a request for this mechanic."""
    return f"{reverse('book')}?ask={mechanic_id}"


def dashboard() -> str:
    return reverse("dashboard")


def earnings() -> str:
    return reverse("earnings")


def absolute(path: str) -> str:
    """The whole address, for mails and documents."""
    return f"{settings.SITE_URL}{path}"
