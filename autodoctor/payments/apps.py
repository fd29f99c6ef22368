from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "autodoctor.payments"

    def ready(self) -> None:
        import autodoctor.payments.customers  # noqa: F401  connects its receiver
