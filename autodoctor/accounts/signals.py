"""Signals about changed access."""

from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.dispatch import Signal, receiver
from django.http import HttpRequest

# Sent after commit with `user_id: UUID` and `session_key: str | None`: what this person may do has changed, so whoever
# holds something open for them looks again. With a session key only that one browser is meant, without one all.
access_changed = Signal()


@receiver(user_logged_out)
def announce_sign_out(sender: object, request: HttpRequest, user: Any, **kwargs: object) -> None:
    if user is None:
        return
    session_key = request.session.session_key
    # Django empties the session only after this signal: by then the news would have found it still valid.
    request.session.flush()
    access_changed.send_robust(sender=type(user), user_id=user.pk, session_key=session_key)
