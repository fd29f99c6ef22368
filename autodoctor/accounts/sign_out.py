"""Sign a person out of all browsers but the one that they act in."""

from django.contrib.auth import update_session_auth_hash
from django.db import transaction
from django.http import HttpRequest

from autodoctor.accounts.models import User


def end_other_sessions(request: HttpRequest, user: User) -> None:
    """End every session of this person but this browser's.

    This browser's ends, too, if support or a new password has ended it since the request began: it does not let itself
    in again.
    """
    with transaction.atomic():
        now = User.objects.select_for_update().only("password", "sign_in_epoch").get(pk=user.pk)
        is_over = now.get_session_auth_hash() != user.get_session_auth_hash()
        user.end_sessions()
    if not is_over:
        update_session_auth_hash(request, user)
