from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "autodoctor.accounts"

    def ready(self) -> None:
        import autodoctor.accounts.mail_failures
        import autodoctor.accounts.security_log
        import autodoctor.accounts.signals
        import autodoctor.accounts.staff_sessions  # noqa: F401  they connect their receivers
