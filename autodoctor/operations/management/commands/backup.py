"""`manage.py backup DIRECTORY`: database and files together, while people use them."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from autodoctor.core.database_ways import directly
from autodoctor.operations import manifest
from autodoctor.operations.backup import take
from autodoctor.operations.manifest import BackupError


class Command(BaseCommand):
    help = (
        "Copy database and files into an empty directory, with checksums, while people use them. Exit code 1 when "
        "something is missing. SECRET_KEY and ENCRYPTION_KEYS are no part of it: keep them elsewhere."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", type=Path)

    def handle(self, *args: Any, directory: Path, **options: Any) -> None:
        try:
            with directly():
                made = take(directory, say=lambda line: self.stderr.write(line, style_func=str))
        except (BackupError, OSError, DatabaseError) as error:
            raise CommandError(f"There is no backup: {error}") from error
        rows = sum(made.counts.values())
        self.stdout.write(f"{rows:,} rows and {made.files:,} files ({made.bytes:,} bytes) of {made.taken_at}.")
        if made.removed:
            self.stdout.write(f"{len(made.removed):,} files were removed by their owners meanwhile.")
        if made.missing:
            self.stderr.write(f"The store has lost {len(made.missing):,} files: {manifest.few(made.missing)}.")
            sys.exit(1)
