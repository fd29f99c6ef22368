"""What a phone is recognized by after its person has let it in: a cookie that opens one session and nothing else.

It is no sign-in: no page of the account asks for it. It ends with the session, when it is taken back, and with
whatever signs the person out everywhere: a new password, "sign out everywhere", a ban.
"""

from collections.abc import Collection
from datetime import datetime

from django.db.models import QuerySet
from django.utils.crypto import constant_time_compare

from autodoctor.core import acting
from autodoctor.handover import codes
from autodoctor.handover.models import Handover, Stage

NAME = "phone-"  # of a pass, where others have the key of a sign-in


def belongs_to(handover: Handover, token: str) -> bool:
    stored = handover.token_hash or ""
    return bool(token) and constant_time_compare(stored, codes.hash_of(token))


def name_of(handover: Handover) -> str:
    return f"{NAME}{handover.pk.hex}"


@acting.system
def find(token: str, now: datetime) -> Handover | None:
    """Return the handover that this token opens now, with session and person."""
    return find_all({token}, now).get(token)


def find_all(tokens: Collection[str], now: datetime) -> dict[str, Handover]:
    """Return the open handovers of these tokens."""
    by_hash = {codes.hash_of(token): token for token in tokens if token}
    if not by_hash:
        return {}
    found = _confirmed().filter(token_hash__in=by_hash)
    return {by_hash[one.token_hash]: one for one in found if one.token_hash and is_good(one, now)}


def still_good(names: Collection[str], now: datetime) -> set[str]:
    """Return those of these names whose pass is still good."""
    ids = [name.removeprefix(NAME) for name in names if name.startswith(NAME)]
    found = _confirmed().filter(pk__in=ids) if ids else ()
    return {name_of(one) for one in found if is_good(one, now)}


def is_good(handover: Handover, now: datetime) -> bool:
    person = handover.person
    return handover.stage(now) is Stage.OPEN and person.is_active and not person.is_staff


def _confirmed() -> QuerySet[Handover]:
    people = "session__customer", "session__mechanic", "person__mechanic_profile"
    return Handover.objects.select_related(*people).filter(confirmed_at__isnull=False, ended_at=None)
