from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from autodoctor.core.database_ways import directly
from autodoctor.operations import database_limits, database_roles


class Command(BaseCommand):
    help = (
        "Make the roles of DATABASE_URL and CLOCK_DATABASE_URL own nothing, and see and change only what is theirs: "
        "roles, grants, row-level security, limits. As the owner, whom DIRECT_DATABASE_URL names. May be run again."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.ROW_SECURITY:
            raise CommandError("ROW_SECURITY is not set: the processes would not say who acts, and see no rows.")
        roles = database_roles.logins()
        try:
            with directly():
                database_roles.build(roles)
                database_limits.give_to_role(*roles)
        except database_roles.Unfit as error:
            raise CommandError(str(error)) from error
        for name in roles:
            self.stdout.write(f"{name} owns nothing, and is asked who acts.")
