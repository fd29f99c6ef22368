"""How long a thread that computes keeps all others of its process waiting."""

import gc
import sys
from importlib import import_module

from django.conf import settings

# Python's own is ten times that. Each query waits for it, some with a lock in hand: beside a busy thread a deadline of
# eight queries took 76 ms with Python's 5 ms, 19 ms with this, for 3 % throughput. The event loop waits for it at every
# turn, and takes one new connection a turn: when everybody reconnects at once, all others wait behind them.
MOST_SECONDS = 0.0005


def give_way_sooner() -> None:
    """Have Python interrupt the threads of this process often."""
    sys.setswitchinterval(min(MOST_SECONDS, sys.getswitchinterval()))


def settle_in() -> None:
    """Prepare a process for a long time of work, before its threads begin.

    The collector would walk all that is loaded, again and again, while every thread waits: 110 ms each time. The first
    mail, or page, would load the addresses of all pages: half a second.
    """
    import_module(settings.ROOT_URLCONF)
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    give_way_sooner()
