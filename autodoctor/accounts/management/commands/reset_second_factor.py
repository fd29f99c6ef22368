"""Remove the second factors of a person who has lost them, codes included."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from autodoctor.accounts.models import User


class Command(BaseCommand):
    help = "Remove every second factor of a person and sign them out. Make sure first that it is them who ask."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        person = User.objects.filter(email=email.lower()).first()
        if person is None:
            raise CommandError(f"Nobody has the address {email}.")
        with transaction.atomic():
            count, _kinds = Authenticator.objects.filter(user=person).delete()
            person.end_sessions()
        self.stdout.write(f"{count} removed. {email} is signed out and sets up a new one at the next sign-in.")
