"""What others hear of schedulers."""

from django.dispatch import Signal

started = Signal()  # a scheduler of this process listens to `queue.wake_listeners` from now on
stopped = Signal()
skew_measured = Signal()  # `skew`: how much this machine's clock and the database's differ at least
