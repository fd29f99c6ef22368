"""`bin/prod-check`: whether this environment is fit for customers."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

from django.core.management.base import BaseCommand

from autodoctor.operations.checks import environment, services

CHECKS: dict[str, Callable[[], Iterator[str]]] = {
    "settings": environment.framework,
    "secrets": environment.secrets,
    "proxies": environment.proxies,
    "this machine": environment.machine,
    "database": services.database,
    "bus": services.bus,
    "file store": services.store,
    "mail": services.mail,
    "relays of calls": services.relays,
    "transcripts": services.transcripts,
    "Stripe": services.stripe,
    "the site": services.site,
    "scheduler": services.clock,
}


class Command(BaseCommand):
    help = (
        "Check environment, machine and services, with the settings that are set. Changes nothing. Exit code 1 when "
        "something is wrong."
    )
    requires_system_checks: list[str] = []  # they are one of the checks

    def handle(self, *args: Any, **options: Any) -> None:
        found = 0
        for name, look in CHECKS.items():
            problems = list(_sentences(name, look))
            found += len(problems)
            self.stdout.write(f"{name}: {'to do' if problems else 'fine'}")
            for sentence in problems:
                self.stdout.write(f"  - {sentence}")
        for note in environment.left_out():
            self.stdout.write(f"note: {note}")
        self.stdout.write(f"{found} problems." if found else "Nothing is wrong.")
        if found:
            sys.exit(1)


def _sentences(name: str, look: Callable[[], Iterator[str]]) -> Iterator[str]:
    """Whatever breaks one check is a problem of its own, and the others are still asked."""
    try:
        yield from look()
    except Exception as error:
        yield f"The check itself failed: {type(error).__qualname__}: {error}"
