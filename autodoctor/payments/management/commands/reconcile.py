"""Compare the ledger with Stripe's lists, and list the money that stands still."""

import json
import sys
from argparse import ArgumentTypeError
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from autodoctor.payments import books, standstills
from autodoctor.payments.reconcile import Difference, as_differences, differences
from autodoctor.payments.stripe import PaymentError

DAYS = 30
COLUMNS = ("what", "of", "stripe_id", "payment_id", "ours", "theirs")


class Command(BaseCommand):
    help = (
        "Compare our ledger with Stripe's PaymentIntents, charges and refunds, and with itself. Report what differs, "
        "and what should have moved and has not. Changes nothing without --retry. Exit code 1 when there is something "
        "to report, 2 when Stripe does not answer."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--since",
            type=moment,
            help=f"a day or moment (UTC unless it says otherwise), like 2026-03-01; {DAYS} days ago if left out",
        )
        parser.add_argument("--json", action="store_true", help="a list of differences for programs")

        parser.add_argument("--retry", action="store_true", help="try again what should have moved and has not")

    def handle(self, *args: Any, since: datetime | None = None, **options: Any) -> None:
        now = timezone.now()
        since = since or now - timedelta(days=DAYS)
        standing = standstills.find(now)
        try:
            compared = differences(since, heard=self._progress)
        except PaymentError as error:
            raise CommandError(f"Stripe does not answer: {error.code}", returncode=2) from error
        found = [*compared, *as_differences(standing), *books.unexplained()]
        self.stdout.write(json.dumps([each.as_json() for each in found]) if options["json"] else table(found, since))
        if options["retry"]:
            self.stderr.write(f"{len(standstills.set_going(standing, now)):,} tried again", style_func=str)
        if found:
            sys.exit(1)

    def _progress(self, of: str, count: int) -> None:
        """Print progress to standard error, so that the result can be piped."""
        self.stderr.write(f"{of}: {count:,} looked at", style_func=str)


def moment(text: str) -> datetime:
    try:
        day = parse_date(text)
        found = datetime(day.year, day.month, day.day) if day else parse_datetime(text)  # noqa: DTZ001 made aware below
    except ValueError:
        found = None
    if found is None:
        raise ArgumentTypeError(f"{text!r} is neither a day like 2026-03-01 nor a moment like 2026-03-01T12:00")
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def table(found: list[Difference], since: datetime) -> str:
    span = f"since {since:%Y-%m-%d %H:%M} UTC"
    if not found:
        return f"Our ledger and Stripe agree {span}."
    rows = [COLUMNS, *(tuple(each.as_json()[name] or "-" for name in COLUMNS) for each in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    differ = "1 difference" if len(found) == 1 else f"{len(found)} differences"
    return "\n".join([*lines, "", f"{differ} {span}."])
