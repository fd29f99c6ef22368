"""How a handover stands, for the session's page: on the laptop, and on the phone."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from urllib.parse import urlsplit

from django.conf import settings

from autodoctor.accounts.models import User
from autodoctor.core.raw_sql import rows
from autodoctor.handover.models import Handover, Stage
from autodoctor.sessions.models import Connection, Session
from autodoctor.sessions.states import TERMINAL, State


@dataclass(frozen=True)
class HandoverPanel:
    """`person`: the participant who looks, if it is one; `phone`: that this page is on."""

    session: Session
    person: User | None
    phone: Handover | None
    now: datetime

    @cached_property
    def current(self) -> Handover | None:
        """Return the one that is under way; None also for everybody but a participant with an account here."""
        if self.person is None or self.phone or not self._is_time:
            return None
        condition = "session_id = %s AND person_id = %s AND ended_at IS NULL"
        for found in rows(Handover, condition, self.session.id, self.person.id):
            found.session, found.person = self.session, self.person
            return found if found.stage(self.now) is not Stage.OVER else None
        return None

    @property
    def is_offered(self) -> bool:
        """Return whether this page can hand its session to a phone."""
        return self.person is not None and self.phone is None and self._is_time and not self.is_connected

    @property
    def _is_time(self) -> bool:
        """Return whether it is after the payment and before the end."""
        return self.session.state != State.DRAFT and self.session.state not in TERMINAL

    @property
    def site(self) -> str:
        """Return the host that people type."""
        return str(urlsplit(settings.SITE_URL).netloc)

    @property
    def is_under_way(self) -> bool:
        return self.current is not None

    @property
    def is_asked(self) -> bool:
        return self.current is not None and self.current.stage(self.now) is Stage.ASKED

    @property
    def is_connected(self) -> bool:
        return self.current is not None and self.current.confirmed_at is not None

    @property
    def has_phone_the_call(self) -> bool:
        """Return whether the viewer's phone has the call, and this page is another one."""
        return self.current is not None and self.current.has_call

    @cached_property
    def is_phone_here(self) -> bool:
        """Return whether the phone's page is open."""
        pages = Connection.objects.filter(session=self.session, user=self.person, is_phone=True)
        return pages.filter(process__expires_at__gt=self.now).exists()
