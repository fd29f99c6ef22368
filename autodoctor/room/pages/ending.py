"""The end and its money: what ending now costs, and what is left to do afterwards. Amounts in integer cents."""

from datetime import datetime
from functools import cached_property

from autodoctor.accounts.models import Role
from autodoctor.room.pages.viewing import Panel
from autodoctor.sessions import end_reasons
from autodoctor.sessions.queries import pending_summaries
from autodoctor.sessions.rules import settlement
from autodoctor.sessions.rules.triggers import duration


class PricePanel(Panel):
    @property
    def agreed_cents(self) -> int:
        """What the session comes to when all of it takes place."""
        return settlement.agreed_cents(self.session)

    @property
    def earns_cents(self) -> int:
        """What the mechanic earns of that."""
        return settlement.mechanic_share_cents(self.agreed_cents)

    @property
    def used_cents(self) -> int:
        """What the time used comes to: until now, or until the end."""
        return self.view.receipt.used_cents(self.view.now)

    @property
    def used_seconds(self) -> int:
        return self.view.receipt.used_so_far(self.view.now)

    @property
    def full_cents(self) -> int:
        """What is charged when the customer ends now."""
        return self.view.receipt.full_cents(self.view.now)


class EndedPanel(Panel):
    @cached_property
    def summary_due_at(self) -> datetime | None:
        """Until when the customer is promised the written summary, while it is not there."""
        return pending_summaries.due_at(self.session)

    @property
    def writes_summary(self) -> bool:
        return self.view.role == Role.MECHANIC and self.summary_due_at is not None

    @property
    def heading(self) -> str:
        """Why the session is over, as the viewer reads it."""
        return end_reasons.heading(self.session, self.view.role, cap_seconds=duration("cap").total_seconds())
