"""`manage.py restore DIRECTORY`: what `manage.py backup` has made comes back."""

import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from autodoctor.core.database_ways import directly
from autodoctor.operations import manifest
from autodoctor.operations.manifest import BackupError, Manifest
from autodoctor.operations.restore import bring_back, pending_migrations


class Command(BaseCommand):
    help = (
        "Check a backup, and bring back its database and its files. Stop every other process first. Exit code 1 when "
        "something is missing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", type=Path)
        parser.add_argument(
            "--overwrite",
            action="store_true",
            help="replace what the database holds; files of the same name are replaced, others stay",
        )

    def handle(self, *args: Any, directory: Path, overwrite: bool, **options: Any) -> None:
        try:
            with directly():
                made = bring_back(directory, overwrite=overwrite, say=self._say)
        except (BackupError, OSError, DatabaseError) as error:
            raise CommandError(f"The backup is not restored: {error}") from error
        rows = sum(made.counts.values())
        self.stdout.write(f"{rows:,} rows and {made.files:,} files are back, as they were at {made.taken_at}.")
        for sentence in _next_steps(made):
            self.stdout.write(f"- {sentence}")
        if made.missing:
            sys.exit(1)

    def _say(self, line: str) -> None:
        self.stderr.write(line, style_func=str)


def _next_steps(made: Manifest) -> Iterator[str]:
    if made.missing:
        yield f"The store had lost {len(made.missing):,} files before the backup: {manifest.few(made.missing)}."
    if made.removed:
        yield f"{len(made.removed):,} files were removed while the backup ran: they are marked as removed."
    if pending := pending_migrations(made):
        yield f"This program knows more than the backup: run manage.py migrate ({manifest.few(pending)})."
    if settings.ROW_SECURITY:
        yield "A backup holds no rights of roles: run manage.py database_roles."
    yield "manage.py renew_encryption says whether ENCRYPTION_KEYS opens the second factors."
    since = datetime.fromisoformat(made.taken_at).replace(tzinfo=None).isoformat(timespec="minutes")
    yield f"manage.py reconcile --since {since} says what happened at Stripe after the backup."
