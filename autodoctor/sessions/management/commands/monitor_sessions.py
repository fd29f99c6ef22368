"""Run the sweep from the command line."""

import json
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from autodoctor.sessions.jobs.sweep import monitor


class Command(BaseCommand):
    help = "Repair missing deadlines of open sessions and run overdue jobs."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(json.dumps(monitor(timezone.now()).as_answer()))
