"""Which device has the call of a person whose phone is connected. In memory the newest joined page has it (`room/hub`);
here it is kept for pages that load anew, and so that the laptop's page counts as long as it is open.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, F, OuterRef

from autodoctor.handover.models import Handover, Stage
from autodoctor.sessions.models import Connection, Participant

_CONNECTED = {"confirmed_at__isnull": False, "ended_at": None}


def note_joins(joins: Mapping[UUID, int]) -> None:
    """These pages have joined, each as its person's join of this number. The person's last one has the call: a server
    that gets to its note after that says nothing of it any more.
    """
    if not joins:
        return
    pages = Connection.objects.filter(
        pk__in=joins,
        session__handovers__person=F("user"),
        **{f"session__handovers__{name}": value for name, value in _CONNECTED.items()},
    )
    for page in sorted(pages, key=lambda page: joins[page.pk]):
        own = Handover.objects.filter(session_id=page.session_id, person_id=page.user_id, **_CONNECTED)
        later = Participant.objects.filter(
            session_id=OuterRef("session_id"), user_id=OuterRef("person_id"), joins__gt=joins[page.pk]
        )
        own.exclude(Exists(later)).update(has_call=page.is_phone)
        if page.is_phone:
            # The laptop's page takes part with the phone: while either is open, nobody is missing.
            Connection.objects.filter(session_id=page.session_id, user_id=page.user_id).update(joined=True)


def filming(session_ids: Collection[UUID], now: datetime) -> set[tuple[UUID, UUID]]:
    """Return session and person of each call that a phone has."""
    if not session_ids:
        return set()
    phones = Handover.objects.select_related("session", "person").filter(
        session_id__in=session_ids, has_call=True, **_CONNECTED
    )
    return {(phone.session_id, phone.person_id) for phone in phones if phone.stage(now) is Stage.OPEN}
