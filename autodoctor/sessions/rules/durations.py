"""How long each rule waits: the defaults of the settings, changed by support in the admin.

Each process caches the values and reads them again every few seconds (`refresh_if_stale`). The job `sessions.realign`
then moves the deadlines of open sessions.
"""

import time
from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from autodoctor.core.errors import Refused
from autodoctor.scheduler.queue import schedule
from autodoctor.sessions.models import RuleTime

REFRESH_SECONDS = 10.0
REALIGN = "sessions.realign"

MINUTE, HOUR, DAY = 60, 60 * 60, 24 * 60 * 60

# What may be changed, and from how many seconds to how many. A hold on a card lasts seven days: what is asked before
# the charge has to be over well before that.
EDITABLE: dict[str, tuple[int, int]] = {
    "unpaid_grace": (MINUTE, HOUR),
    "unnoticed": (30, HOUR),
    "request_missed": (30, HOUR),
    "offer_stop": (MINUTE, HOUR),
    "unattended": (2 * MINUTE, 3 * HOUR),
    "unattended_after_release": (2 * MINUTE, 3 * HOUR),
    "never_started": (5 * MINUTE, 6 * HOUR),
    "mechanic_nudge": (30, HOUR),
    "mechanic_absent": (MINUTE, HOUR),
    "mechanic_not_in": (MINUTE, HOUR),
    "customer_nudge": (30, HOUR),
    "customer_second_nudge": (MINUTE, HOUR),
    "customer_no_show": (2 * MINUTE, HOUR),
    "preflight_failing": (30, HOUR),
    "start_sound": (10, HOUR),
    "start_alert": (30, HOUR),
    "start_release": (MINUTE, HOUR),
    "warn_first": (MINUTE, 15 * MINUTE),
    "warn_last": (10, 5 * MINUTE),
    "extension_hold": (30, 10 * MINUTE),
    "cap": (HOUR, 3 * HOUR),
    "media_lost": (5, 2 * MINUTE),
    "media_alert": (10, 10 * MINUTE),
    "mechanic_missing_offer": (10, 30 * MINUTE),
    "mechanic_lost": (MINUTE, HOUR),
    "customer_missing_offer": (MINUTE, HOUR),
    "lenient_pause": (MINUTE, 30 * MINUTE),
    "solved_answer": (HOUR, 4 * DAY),
    "summary_reminder": (5 * MINUTE, DAY),
    "summary_second_reminder": (HOUR, 5 * DAY),
    "summary_alert": (2 * HOUR, 10 * DAY),
}

# What comes first must stay first: a warning before what it warns of.
IN_ORDER: tuple[tuple[str, ...], ...] = (
    ("unnoticed", "offer_stop", "unattended", "never_started"),
    ("mechanic_nudge", "mechanic_absent", "mechanic_not_in", "never_started"),
    ("customer_nudge", "customer_second_nudge", "customer_no_show", "never_started"),
    ("start_sound", "start_alert", "start_release", "never_started"),
    ("warn_last", "warn_first"),
    ("media_lost", "media_alert"),
    ("mechanic_missing_offer", "mechanic_lost"),
    ("summary_reminder", "summary_second_reminder", "summary_alert"),
)

_changed: dict[str, int] = {}
_read_at = float("-inf")


def seconds(name: str) -> float:
    """Return how many seconds this wait lasts now. Raises `KeyError` for an unknown name."""
    standard: float = settings.DEADLINES[name]
    return _changed.get(name, standard)


def refresh_if_stale() -> None:
    """Read changes of other processes, unless they were read a moment ago."""
    if time.monotonic() - _read_at > REFRESH_SECONDS:
        refresh()


def refresh() -> None:
    """Read support's changes."""
    global _changed, _read_at
    rows = RuleTime.objects.filter(seconds__isnull=False, name__in=EDITABLE).values_list("name", "seconds")
    _changed, _read_at = {name: value for name, value in rows if value is not None}, time.monotonic()


def change(*, name: str, value: int | None, now: datetime) -> None:
    """Set this wait to `value` seconds; None restores the default. Raises `Refused`."""
    check({name: value})
    with transaction.atomic():
        RuleTime.objects.update_or_create(name=name, defaults={"seconds": value})
        schedule(REALIGN, "all", now)
        transaction.on_commit(refresh)


def check(changes: Mapping[str, int | None]) -> None:
    """Raise `Refused` with 422 unless these values are valid together."""
    for name, value in changes.items():
        least, most = EDITABLE[name]
        if value is not None and not least <= value <= most:
            limits = {"least": least, "most": most}
            raise Refused("out_of_bounds", _("From %(least)d to %(most)d seconds.") % limits, 422)
    for chain in IN_ORDER:
        if not changes.keys().isdisjoint(chain):
            _check_order(chain, changes)


def _check_order(chain: tuple[str, ...], changes: Mapping[str, int | None]) -> None:
    def after(name: str) -> float:
        value = changes[name] if name in changes else _changed.get(name)
        return settings.DEADLINES[name] if value is None else value

    for sooner, later in pairwise(chain):
        if after(sooner) >= after(later):
            names = {"sooner": sooner, "later": later}
            raise Refused("out_of_order", _("“%(sooner)s” must be shorter than “%(later)s”.") % names, 422)
