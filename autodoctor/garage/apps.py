from django.apps import AppConfig


class GarageConfig(AppConfig):
    name = "autodoctor.garage"
