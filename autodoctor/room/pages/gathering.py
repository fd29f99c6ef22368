"""The time between acceptance and start: deadlines to join, who may start, and the price of a cancellation."""

from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from autodoctor.accounts.models import Role
from autodoctor.room.pages.viewing import Panel
from autodoctor.sessions.rules import settlement, spent_time
from autodoctor.sessions.rules.triggers import duration
from autodoctor.sessions.states import ATTENDED, CLAIMED, Kind, State

# Reasons for releasing a request, as each side may choose.
RELEASE_REASONS: dict[str, dict[str, "str | Promise"]] = {
    Role.MECHANIC: {
        "not_my_field": _("This is not my field"),
        "no_time": _("Something came up"),
        "customer_away": _("The customer does not join"),
        "other": _("Another reason"),
    },
    Role.CUSTOMER: {
        "mechanic_away": _("The mechanic does not join"),
        "no_answer": _("I get no answer"),
        "other": _("Another reason"),
    },
}


class GatheringPanel(Panel):
    @property
    def has_joined(self) -> bool:
        """Return whether this person has joined: their page joins by itself, also after a reload."""
        view = self.view
        part = view.me.part if view.takes_part else None
        if view.is_phone_waiting or (view.has_stage and view.handover.has_phone_the_call):
            return False  # another device of theirs has the call, and keeps it
        return bool(part and part.joined_at and self.session.state in ATTENDED)

    @property
    def prepares(self) -> bool:
        """Return whether this person must check their devices before joining."""
        view = self.view
        if view.phone:
            return view.is_phone_waiting and self.session.state in CLAIMED
        return view.has_stage and view.panel == "gather" and not view.me.is_in and not self.has_joined

    @property
    def join_by(self) -> datetime:
        """Return when a mechanic who has not joined loses the request."""
        wait = "substitute_not_in" if self.view.is_taken_over else "mechanic_not_in"
        return self.session.state_at + duration(wait)

    @property
    def sound_at(self) -> datetime:
        """Return when the mechanic's page starts to sound, because the customer waits for the start."""
        return self.session.state_at + duration("start_sound")

    @property
    def awaits_call(self) -> bool:
        """Return whether both are in but do not hear each other yet, so that the mechanic cannot start."""
        is_waiting = self.session.state == State.WAITING and self.session.kind != Kind.CHAT
        return self.view.role == Role.MECHANIC and is_waiting and not self.view.situation.is_connected

    @property
    def late_cancel_cents(self) -> int:
        """Return what a cancellation costs the customer now, in cents."""
        is_spent = spent_time.spent_mechanic(self.view.situation, self.view.now)
        return settlement.late_cancel_cents(self.session) if is_spent else 0

    @property
    def late_cancel_at(self) -> datetime | None:
        """Return when a cancellation starts to cost; None if it does already, or while no mechanic is in."""
        if self.session.state not in (State.ACCEPTED, State.WAITING):
            return None
        part = self.view.situation.mechanic.part
        at = spent_time.spent_at(part) if part else None
        return at if at and at > self.view.now and not self.late_cancel_cents else None

    @property
    def late_cancel_price(self) -> int:
        """Return what a cancellation costs from then on, in cents."""
        return settlement.late_cancel_cents(self.session)

    @property
    def release_reasons(self) -> "dict[str, str | Promise]":
        return RELEASE_REASONS[Role.CUSTOMER if self.view.role == Role.CUSTOMER else Role.MECHANIC]
