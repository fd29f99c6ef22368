"""Take a mail from standard input, as a mail server hands it to a command."""

import sys
from email import message_from_binary_file, policy
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from autodoctor.support import inbound_mail


class Command(BaseCommand):
    help = "Take one mail from standard input and put it into the help thread that it answers."

    def handle(self, *args: Any, **options: Any) -> None:
        message = message_from_binary_file(sys.stdin.buffer, policy=policy.default)
        self.stdout.write(inbound_mail.take(message, now=timezone.now()).value)
