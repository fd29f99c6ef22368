"""A clock in a process of its own, until its input ends: `python -m …tests.child child LEASE_SECONDS`."""

import sys
from dataclasses import replace
from datetime import timedelta

import django
from django.conf import settings


def main(lease: timedelta) -> None:
    django.setup()
    settings.CLOCK_HANDLERS = "autodoctor.scheduler.tests.work.HANDLERS"
    from autodoctor.scheduler.lanes import Lane, limits_of
    from autodoctor.scheduler.loop import Scheduler

    clock = Scheduler({lane: replace(limits_of(lane), lease=lease) for lane in Lane})
    clock.start()
    print("ready", flush=True)  # noqa: T201
    sys.stdin.read()
    clock.stop()


if __name__ == "__main__":
    main(timedelta(seconds=float(sys.argv[2])))
