from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands import migrate

from autodoctor.core.database_ways import directly
from autodoctor.operations import database_roles

# It waits for a lock as briefly as everybody else: all who want the same table queue up behind it.
LIMITS = {"lock_timeout": "5s", "statement_timeout": "1h", "idle_in_transaction_session_timeout": "10min"}


class Command(migrate.Command):
    help = "Apply the migrations, past PgBouncer (DIRECT_DATABASE_URL), with longer limits than the role's."

    def handle(self, *args: Any, **options: Any) -> None:
        with directly(**LIMITS):
            super().handle(*args, **options)
            if settings.ROW_SECURITY:
                _build_roles()


def _build_roles() -> None:
    """What is new has no grants and no policies yet."""
    try:
        database_roles.build(database_roles.logins())
    except database_roles.Unfit as error:
        raise CommandError(str(error)) from error
