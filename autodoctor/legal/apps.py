from django.apps import AppConfig


class LegalConfig(AppConfig):
    name = "autodoctor.legal"
