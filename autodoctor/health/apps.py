from django.apps import AppConfig


class HealthConfig(AppConfig):
    name = "autodoctor.health"

    def ready(self) -> None:
        from autodoctor.health import metrics

        metrics.begin()
