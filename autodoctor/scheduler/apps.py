from django.apps import AppConfig
from django.db.backends.signals import connection_created


class SchedulerConfig(AppConfig):
    name = "autodoctor.scheduler"

    def ready(self) -> None:
        from autodoctor.core.database_ways import read_timestamps_quickly

        connection_created.connect(read_timestamps_quickly)
