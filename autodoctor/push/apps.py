from django.apps import AppConfig


class PushConfig(AppConfig):
    name = "autodoctor.push"

    def ready(self) -> None:
        import autodoctor.push.sign_out  # noqa: F401  connects its receiver
