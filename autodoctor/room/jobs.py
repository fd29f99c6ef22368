"""Job handlers of the room."""

from autodoctor.room.hub import lease
from autodoctor.scheduler.handlers import Handler
from autodoctor.scheduler.lanes import Lane

# Outside a transaction, since every person whose page is gone gets a transaction of their own.
JOBS: dict[str, Handler] = {lease.RoomJob.LAPSE: Handler(lease.lapse, lane=Lane.INSIDE)}
