"""The advice of a car's summaries: what is still to do, what to get, and what of it is done.

A summary is written once and never changes. What it advises becomes rows when it is submitted, so that no page reads a
car's whole history to find what is left.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from autodoctor.booking.models import Vehicle, VehicleSession
from autodoctor.core.errors import Gone
from autodoctor.core.locking import hold
from autodoctor.core.parsing import is_blank
from autodoctor.garage.models import Advice
from autodoctor.payments.formatting import format_sums
from autodoctor.scheduler.handlers import Retry
from autodoctor.summaries.models import Part, Summary

MOST_STEPS = 40  # of one summary: what follows is one step
OPEN_SHOWN, DONE_SHOWN = 30, 10
_BULLET = re.compile(r"^\s*(?:[-–—*•·]|\d{1,2}[.)])\s+")
_NOTHING = {"none", "nothing", "no", "n/a", "-"}  # what mechanics write where there is no next step


@dataclass(frozen=True)
class AdviceList:
    """What is open, the newest first, and what was done lately. `older`: behind which advice the next page begins."""

    open: list[Advice]
    done: list[Advice]
    older: UUID | None
    behind: UUID | None  # where this page begins; None for the first

    @property
    def steps(self) -> list[Advice]:
        return [each for each in self.open if each.part is None]

    @property
    def parts(self) -> list[Advice]:
        return [each for each in self.open if each.part]

    @cached_property
    def total(self) -> str:
        """Return about what the open parts of the page cost, in words; empty if nobody guessed."""
        sums: dict[str, int] = defaultdict(int)
        for each in self.parts:
            if each.part and (cents := each.part.line.total_cents):
                sums[each.summary.session.currency] += cents
        return format_sums(sums)


@transaction.atomic
def take_from_summary(session_id: UUID) -> None:
    """Write down what a summary advises for the car that its session was about, if it is in a garage. Once.

    Raises `Retry` if the owner says at this moment that it was about another car.
    """
    about = VehicleSession.objects.filter(session_id=session_id).first()
    if about is None or not _is_held(about):
        return
    summary = Summary.objects.prefetch_related("parts").get(session_id=session_id)
    given: list[tuple[str, Part | None]] = [(words, None) for words in steps_in(summary.next_steps)]
    given += [(part.name, part) for part in summary.parts.all()]
    Advice.objects.bulk_create(
        (
            Advice(
                car_id=about.vehicle_id,
                summary=summary,
                position=position,
                words=words,
                part=part,
                given_at=summary.submitted_at,
            )
            for position, (words, part) in enumerate(given)
        ),
        ignore_conflicts=True,
    )


def _is_held(about: VehicleSession) -> bool:
    """Lock the car of a session, and return whether it is there. The car comes first, as for whoever removes it."""
    try:
        hold(Vehicle.objects.all(), about.vehicle_id)
    except Gone:
        return False
    if not VehicleSession.objects.filter(pk=about.pk, vehicle=about.vehicle_id).exists():
        raise Retry(timedelta(0), "the session was moved to another car")
    return True


def steps_in(text: str) -> list[str]:
    """Return the steps of a text: its lines, without what marks them as points of a list."""
    lines = [_BULLET.sub("", line).strip() for line in text.splitlines()]
    lines = [line for line in lines if not is_blank(line) and line.lower().strip(" .!") not in _NOTHING]
    first, rest = lines[: MOST_STEPS - 1], lines[MOST_STEPS - 1 :]
    return [*first, "\n".join(rest)] if rest else first


def of_car(car: Vehicle, *, behind: UUID | None = None) -> AdviceList:
    """Return a page of what is open, from behind that advice on."""
    given = Advice.objects.filter(car=car).select_related("part", "summary__session")
    mark = given.filter(pk=behind).first() if behind else None
    rest = _behind(mark) if mark else Q()
    found = list(given.filter(rest, done_at=None).order_by("-given_at", "position", "id")[: OPEN_SHOWN + 1])
    shown = found[:OPEN_SHOWN]
    done = list(given.filter(done_at__isnull=False).order_by("-done_at")[:DONE_SHOWN])
    return AdviceList(shown, done, shown[-1].id if len(found) > OPEN_SHOWN else None, mark.id if mark else None)


def tick(car: Vehicle, advice_id: UUID, *, done: bool, now: datetime) -> bool:
    """Mark advice as done, or as open again; return whether the car has it."""
    there = Advice.objects.filter(car=car, pk=advice_id)
    there.filter(done_at__isnull=done).update(done_at=now if done else None)
    return there.exists()


def move(session_id: UUID, *, to: Vehicle) -> None:
    """Take the advice along when a session was about another car. In the caller's transaction."""
    Advice.objects.filter(summary_id=session_id).update(car=to)


def move_all(*, since: Vehicle, to: Vehicle) -> None:
    Advice.objects.filter(car=since).update(car=to)


def _behind(mark: Advice) -> Q:
    at = mark.given_at
    same = Q(position__gt=mark.position) | Q(position=mark.position, id__gt=mark.pk)
    return Q(given_at__lt=at) | Q(same, given_at=at)
