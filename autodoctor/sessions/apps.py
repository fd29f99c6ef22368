from django.apps import AppConfig, apps
from django.apps.registry import Apps
from django.db.models.signals import post_migrate


class SessionsConfig(AppConfig):
    name = "autodoctor.sessions"
    label = "autodoctor_sessions"  # "sessions" belongs to django.contrib
    verbose_name = "Sessions"

    def ready(self) -> None:
        post_migrate.connect(_list_times, sender=self)


def _list_times(using: str, apps: Apps = apps, **rest: object) -> None:
    """Create a row for each editable wait, so that the admin lists all of them."""
    from autodoctor.sessions.rules.durations import EDITABLE

    try:
        rows = apps.get_model("autodoctor_sessions", "RuleTime").objects.using(using)
    except LookupError:  # migrated to before there was such a table
        return
    rows.bulk_create([rows.model(name=name) for name in EDITABLE], ignore_conflicts=True)
