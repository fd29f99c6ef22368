"""`manage.py bundle`: bundle the pages' scripts for `collectstatic`."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from autodoctor.scripts.building import CannotBuild, build


class Command(BaseCommand):
    help = "Bundles the scripts of the pages with esbuild; `collectstatic` then collects the bundle."
    requires_system_checks = []

    def handle(self, *args: object, **options: object) -> None:
        try:
            build(settings.BUNDLES)
        except CannotBuild as reason:
            raise CommandError(str(reason)) from reason
