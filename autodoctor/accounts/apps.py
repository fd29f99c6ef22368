from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "autodoctor.accounts"

    def ready(self) -> None:
        import autodoctor.accounts.mail_failures
        import autodoctor.accounts.signals  # noqa: F401  connects its receivers
