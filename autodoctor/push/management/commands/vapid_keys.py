"""Print a new key pair for Web Push, as environment variables."""

from typing import Any

from django.core.management.base import BaseCommand

from autodoctor.core.vapid_keys import new_private_key, public_key_of


class Command(BaseCommand):
    help = "Print a new key pair for Web Push. Browsers with the old pair must subscribe again."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        private = new_private_key()
        self.stdout.write(f"VAPID_PRIVATE_KEY={private}")
        self.stdout.write(f"VAPID_PUBLIC_KEY={public_key_of(private)}")
