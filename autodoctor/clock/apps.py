from django.apps import AppConfig


class ClockConfig(AppConfig):
    name = "autodoctor.clock"
