from django.apps import AppConfig, apps
from django.apps.registry import Apps
from django.conf import settings
from django.db.models.signals import post_migrate


class SessionsConfig(AppConfig):
    name = "autodoctor.sessions"
    label = "autodoctor_sessions"  # "sessions" belongs to django.contrib
    verbose_name = "Sessions"

    def ready(self) -> None:
        from autodoctor.core.deadlines import check_names
        from autodoctor.sessions.rules import table  # enters the rows

        check_names(settings.DEADLINES, of_rules={wait.name for rule in table.RULES.values() for wait in rule.waits})
        post_migrate.connect(_list_times, sender=self)


def _list_times(using: str, apps: Apps = apps, **rest: object) -> None:
    """A row for each time that may be changed, so that the admin shows all of them."""
    from autodoctor.sessions.rules.durations import editable

    try:
        rows = apps.get_model("autodoctor_sessions", "RuleTime").objects.using(using)
    except LookupError:  # migrated to before there was such a table
        return
    rows.bulk_create([rows.model(name=name) for name in editable()], ignore_conflicts=True)
