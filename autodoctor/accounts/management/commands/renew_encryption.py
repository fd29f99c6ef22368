"""Encrypt every secret by the first of `ENCRYPTION_KEYS`, so that the others can be removed."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from autodoctor.accounts import encrypted_rows


class Command(BaseCommand):
    help = "Encrypt by the first of ENCRYPTION_KEYS what the others have encrypted."

    def handle(self, *args: Any, **options: Any) -> None:
        done = encrypted_rows.renew()
        self.stdout.write(f"{done.renewed} rows are encrypted by the first key.")
        if done.unreadable:
            raise CommandError(f"No key opens the second factor of: {', '.join(done.unreadable)}.")
        self.stdout.write("You can remove the other keys now.")
