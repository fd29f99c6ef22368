from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from autodoctor.core.database_ways import directly
from autodoctor.operations import database_limits, database_roles


class Command(BaseCommand):
    help = "Give the roles of the application their limits: idle transactions, waits for locks, statements."

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("Only PostgreSQL has roles.")
        with directly():
            database_limits.give_to_role(*(database_roles.logins() if settings.ROW_SECURITY else ()))
        for name, limit in database_limits.LIMITS.items():
            self.stdout.write(f"{name} = {limit}")
