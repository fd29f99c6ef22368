"""Waiting times of rules: from the row, overridden by the environment, overridden by support in the admin.

Each process caches the values and reads them again every few seconds (`refresh_if_stale`). The job `sessions.realign`
then moves the deadlines of open sessions.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from autodoctor.core.errors import Refused
from autodoctor.scheduler.queue import schedule
from autodoctor.sessions.job_kinds import SessionJob
from autodoctor.sessions.models import RuleTime

REFRESH_SECONDS = 10.0


@dataclass(frozen=True)
class Wait:
    """A waiting time. Support may choose from `least` to `most` seconds; without bounds the time is fixed.

    `before`: the waiting time that has to stay longer, as a warning precedes its event.
    """

    name: str  # the name in `DEADLINES` and in the admin
    seconds: int
    least: int = 0
    most: int = 0
    before: str = ""


WAITS: dict[str, Wait] = {}  # waiting times of the table's rows, by name

_changed: dict[str, int] = {}
_read_at = float("-inf")


def seconds(name: str) -> float:
    """Return the present seconds of this waiting time. Raises `KeyError` for an unknown name."""
    return _changed[name] if name in _changed else standard_seconds(name)


def standard_seconds(name: str) -> float:
    """Return the seconds without support's change: from the environment, else from the table."""
    given: float | None = settings.DEADLINES.get(name)
    return WAITS[name].seconds if given is None else given


def editable() -> dict[str, Wait]:
    """Return the waiting times that support may change."""
    return {name: wait for name, wait in WAITS.items() if wait.most}


def refresh_if_stale() -> None:
    """Read changes of other processes, unless they were read a moment ago."""
    if time.monotonic() - _read_at > REFRESH_SECONDS:
        refresh()


def refresh() -> None:
    """Read support's changes."""
    global _changed, _read_at
    rows = RuleTime.objects.filter(seconds__isnull=False, name__in=editable()).values_list("name", "seconds")
    _changed, _read_at = {name: value for name, value in rows if value is not None}, time.monotonic()


def change(*, name: str, value: int | None, now: datetime) -> None:
    """Set this waiting time to `value` seconds; None: back to the standard. Raises `Refused`."""
    check({name: value})
    with transaction.atomic():
        RuleTime.objects.update_or_create(name=name, defaults={"seconds": value})
        schedule(SessionJob.REALIGN, "all", now)
        transaction.on_commit(refresh)


def check(changes: Mapping[str, int | None]) -> None:
    """Raise `Refused` with 422 unless these values are valid together."""
    for name, value in changes.items():
        wait = WAITS[name]
        if value is not None and not wait.least <= value <= wait.most:
            limits = {"least": wait.least, "most": wait.most}
            raise Refused("out_of_bounds", _("From %(least)d to %(most)d seconds.") % limits, 422)
    for wait in WAITS.values():
        if wait.before and not changes.keys().isdisjoint({wait.name, wait.before}):
            _check_order(wait.name, wait.before, changes)


def _check_order(sooner: str, later: str, changes: Mapping[str, int | None]) -> None:
    def after(name: str) -> float:
        value = changes[name] if name in changes else _changed.get(name)
        return standard_seconds(name) if value is None else value

    if after(sooner) >= after(later):
        names = {"sooner": sooner, "later": later}
        raise Refused("out_of_order", _("“%(sooner)s” must be shorter than “%(later)s”.") % names, 422)
