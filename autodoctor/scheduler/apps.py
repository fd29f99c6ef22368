from django.apps import AppConfig


class SchedulerConfig(AppConfig):
    name = "autodoctor.scheduler"
