"""Our table of generic trouble codes: their meaning in plain words, how urgent they are, and what to look at first."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

DATA = Path(__file__).parent / "data"


class Urgency(TextChoices):
    STOP = "stop", _("Stop driving")
    SOON = "soon", _("Have it checked soon")
    WAIT = "wait", _("Can wait")


@dataclass(frozen=True)
class Entry:
    title: str
    urgency: Urgency
    checks: tuple[str, ...]


@cache
def entries() -> Mapping[str, Entry]:
    """Return all entries by code. The files are read once in a process."""
    checks = {name: tuple(phrases) for name, *phrases in _rows("checks.tsv")}
    return {code: Entry(title, Urgency(urgency), checks[name]) for code, urgency, name, title in _rows("codes.tsv")}


def _rows(name: str) -> list[list[str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
