import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from autodoctor.core.threads import settle_in
from autodoctor.health import metrics_server
from autodoctor.scheduler.lanes import PARTS, Lane
from autodoctor.scheduler.loop import Scheduler


class Command(BaseCommand):
    help = "Run due jobs until this process is stopped. Any number of processes may run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--only",
            choices=PARTS,
            help="Leave the rest to other processes: mails, charges and other calls, or deadlines.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        told_to_end = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_signal: told_to_end.set())
        settle_in()
        _show_metrics()
        clock = Scheduler(lanes=PARTS.get(options["only"], tuple(Lane)))
        clock.start()
        self.stdout.write(_("The scheduler is running."))
        told_to_end.wait()
        clock.stop()
        self.stdout.write(_("The scheduler has stopped."))


def _show_metrics() -> None:
    if not settings.CLOCK_METRICS_PORT:
        return
    try:
        metrics_server.start(settings.CLOCK_METRICS_PORT)
    except OSError as error:
        raise CommandError(_("The port in CLOCK_METRICS_PORT cannot be used: %s") % error) from error
