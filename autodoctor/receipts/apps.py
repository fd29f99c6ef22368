from django.apps import AppConfig


class ReceiptsConfig(AppConfig):
    name = "autodoctor.receipts"
