"""What a page says of the call: whether the other side's media arrive."""

from uuid import UUID

from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.core.acting import acting_as
from autodoctor.sessions.lifecycle import media


def store(session_id: str, user_id: str, receiving: bool | None, join_number: int) -> None:
    with acting_as(user_id):
        user, now = User.objects.get(pk=user_id), timezone.now()
        media.report_media(
            session_id=UUID(session_id), by=user, receiving=receiving, now=now, join_number=join_number or None
        )
