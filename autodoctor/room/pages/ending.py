"""The end of a session: the price of ending now, and the next steps. Amounts in integer cents."""

from datetime import datetime
from functools import cached_property

from autodoctor.accounts.models import Role
from autodoctor.room.pages.viewing import Panel
from autodoctor.sessions import end_reasons
from autodoctor.sessions.queries import mechanic_share, pending_summaries
from autodoctor.sessions.rules import settlement, shares, triggers
from autodoctor.sessions.rules.triggers import duration
from autodoctor.sessions.states import RUNNING


class PricePanel(Panel):
    @property
    def agreed_cents(self) -> int:
        """Return the price if the session lasts its full time, with the extensions so far, in cents."""
        added = self.view.receipt.added_parts if self.session.extended_at else []
        return settlement.agreed_cents(self.session) + sum(part.amount_cents for part in added)

    @property
    def earns_cents(self) -> int:
        """Return what the mechanic earns if the session lasts its full time, in cents: of what runs with them."""
        if self.session.state in RUNNING and (self.session.extended_at or self.session.handed_over):
            before = shares.chain(self.view.situation.released)
            return mechanic_share.full_cents(self.session, before, self.view.receipt.payments)
        return settlement.mechanic_share_cents(self.agreed_cents)

    @property
    def used_cents(self) -> int:
        """Return the price of the time used until now, or until the end, in cents."""
        return self.view.receipt.used_cents(self.view.now)

    @property
    def used_given_up(self) -> str:
        """Return why less than the price of the time used is charged; empty if all of it is."""
        return self.view.receipt.used_given_up(self.view.now)

    @property
    def full_given_up(self) -> str:
        """Return why less than is due is charged if the customer ends the session; empty if all of it is."""
        return self.view.receipt.full_given_up(self.view.now)

    @property
    def used_seconds(self) -> int:
        return self.view.receipt.used_so_far(self.view.now)

    @property
    def full_cents(self) -> int:
        """Return the charge if the customer ends the session now, in cents."""
        return self.view.receipt.full_cents(self.view.now)

    @property
    def ending_cents(self) -> int:
        """Return what the customer's button to end the session says that it charges, in cents."""
        is_lost = triggers.mechanic_lost_since(self.view.situation) and self._offer_stands
        return self.used_cents if is_lost else self.full_cents

    @property
    def _offer_stands(self) -> bool:
        offered_at = triggers.used_share_from(self.view.situation)
        return offered_at is not None and offered_at <= self.view.now


class EndedPanel(Panel):
    @cached_property
    def summary_due_at(self) -> datetime | None:
        """Return the deadline of the written summary while it is missing, else None."""
        return pending_summaries.due_at(self.session)

    @property
    def writes_summary(self) -> bool:
        return self.view.role == Role.MECHANIC and self.summary_due_at is not None

    @property
    def heading(self) -> str:
        """Return why the session is over, for this viewer."""
        return end_reasons.heading(self.session, self.view.role, cap_seconds=duration("cap").total_seconds())
