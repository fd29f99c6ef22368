from django.apps import AppConfig


class TroubleCodesConfig(AppConfig):
    name = "autodoctor.trouble_codes"
