"""Take a mail from standard input, as a mail server hands it to a command."""

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from autodoctor.files.errors import FileRefused
from autodoctor.mail import incoming
from autodoctor.support import inbound_mail


class Command(BaseCommand):
    help = "Take one mail from standard input and put it into the help thread that it answers."

    def handle(self, *args: Any, **options: Any) -> None:
        """Mail servers know the exit codes: try again later, or send the mail back."""
        raw = sys.stdin.buffer.read(incoming.MOST_BYTES + 1)
        try:
            outcome = inbound_mail.take(incoming.parse(raw), now=timezone.now())
        except FileRefused as refused:
            raise CommandError(refused.detail, returncode=os.EX_TEMPFAIL) from refused
        except ValueError as error:
            raise CommandError(f"This mail cannot be read: {error}.", returncode=os.EX_DATAERR) from error
        if outcome is inbound_mail.Outcome.UNREADABLE:
            raise CommandError("This mail cannot be read: malformed heads.", returncode=os.EX_DATAERR)
        self.stdout.write(outcome.value)
