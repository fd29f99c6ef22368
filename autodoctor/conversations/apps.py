from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    name = "autodoctor.conversations"

    def ready(self) -> None:
        import autodoctor.conversations.mail_failures  # noqa: F401  connects its receivers
