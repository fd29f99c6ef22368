"""What the clock runs for the room."""

from autodoctor.clock.handlers import Handler
from autodoctor.room import lease

# External, since every person whose page is gone gets a transaction of their own.
JOBS: dict[str, Handler] = {lease.LAPSE: Handler(lease.lapse, external=True)}
