"""The thread that claims for all lanes of a process: it waits for nothing but the database."""

import logging
import threading
import time
from collections.abc import Sequence
from datetime import timedelta

from autodoctor.scheduler import leases
from autodoctor.scheduler.signals import skew_measured
from autodoctor.scheduler.worker_pool import GAP_SECONDS, POLL_SECONDS, Outage, WorkerPool, own_thread

logger = logging.getLogger(__name__)
MOST_SKEW = timedelta(seconds=1)
CHECK_SECONDS = 10.0


class Claimer:
    """Claims for a lane as soon as a commit announces a job, and looks at every lane once a second.

    Renews the leases of running jobs three times a lease, so that a job may last, and is taken over once its process
    is dead or has stalled.
    """

    def __init__(self, lanes: Sequence[WorkerPool]) -> None:
        self._lanes = lanes
        self._renewal_seconds = min(lane.limits.lease.total_seconds() for lane in lanes) / 3
        self._reason = threading.Event()
        self._stopping = threading.Event()
        self._next_look = self._next_renewal = self._next_check = 0.0
        self._has_right_time = False
        for lane in lanes:
            lane.has_reason_again = self._reason.set

    def thread(self) -> threading.Thread:
        """Return the thread, not started yet."""
        return own_thread(self._claim_for_ever, "clock-claims")

    def stop(self) -> None:
        """Claim nothing more, and give back what has not begun. Returns at once."""
        self._stopping.set()
        self._reason.set()

    def _claim_for_ever(self) -> None:
        outage = Outage()
        prepared = False
        while not self._stopping.is_set():
            self._reason.clear()
            try:
                if not prepared:
                    leases.expire_leases_of_the_dead()
                    leases.ensure_recurring()
                    prepared = True
                self._renew()
                if self._is_on_time():
                    self._claim()
                outage.over()
            except Exception as error:
                self._stopping.wait(outage.pause(error))
            else:
                self._wait_for_reason()
        for lane in self._lanes:
            lane.give_back()

    def _claim(self) -> None:
        looks = time.monotonic() >= self._next_look
        for lane in self._lanes:
            if looks or lane.has_reason():
                lane.claim()
        if looks:
            self._next_look = time.monotonic() + POLL_SECONDS - GAP_SECONDS

    def _is_on_time(self) -> bool:
        """Return whether this machine's clock is right: a wrong one runs jobs too early, or takes those of others."""
        if time.monotonic() >= self._next_check:
            self._next_check = time.monotonic() + CHECK_SECONDS
            skew = leases.clock_skew()
            skew_measured.send_robust(Claimer, skew=skew)
            self._has_right_time = skew <= MOST_SKEW
            if not self._has_right_time:
                logger.error("The clock is %.1f s off the database's: no job is run here", skew.total_seconds())
        return self._has_right_time

    def _renew(self) -> None:
        if time.monotonic() >= self._next_renewal:
            for lane in self._lanes:
                lane.renew()
            self._next_renewal = time.monotonic() + self._renewal_seconds

    def _wait_for_reason(self) -> None:
        self._stopping.wait(GAP_SECONDS)
        until = min(self._next_look, self._next_renewal)
        self._reason.wait(max(0.0, until - time.monotonic()))
