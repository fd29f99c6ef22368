from django.apps import AppConfig, apps
from django.apps.registry import Apps
from django.core import checks
from django.db.models.signals import post_migrate


class SessionsConfig(AppConfig):
    name = "autodoctor.sessions"
    label = "autodoctor_sessions"  # "sessions" belongs to django.contrib
    verbose_name = "Sessions"

    def ready(self) -> None:
        import autodoctor.sessions.rules.table  # noqa: F401  the waiting times of its rows can be asked from now on

        checks.register(_check_deadlines)
        post_migrate.connect(_list_times, sender=self)


def _check_deadlines(**rest: object) -> list[checks.CheckMessage]:
    """Refuse `DEADLINES` that no rule waits for. A server, which runs no checks, asks the same in `asgi.py`."""
    from autodoctor.sessions.rules import table

    problem = table.deadlines_problem()
    return [checks.Error(problem, id="autodoctor.E001")] if problem else []


def _list_times(using: str, apps: Apps = apps, **rest: object) -> None:
    """A row for each time that may be changed, so that the admin shows all of them."""
    from autodoctor.sessions.rules.durations import editable

    try:
        rows = apps.get_model("autodoctor_sessions", "RuleTime").objects.using(using)
    except LookupError:  # migrated to before there was such a table
        return
    rows.bulk_create([rows.model(name=name) for name in editable()], ignore_conflicts=True)
