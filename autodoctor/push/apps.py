from django.apps import AppConfig


class PushConfig(AppConfig):
    name = "autodoctor.push"

    def ready(self) -> None:
        import autodoctor.push.leaving  # noqa: F401  connects its receiver
