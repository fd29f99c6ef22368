"""Free ports of this machine."""

import random
import socket

# Below the ports that the system gives to outgoing connections: one of those could take a port while its
# server is down, or a client that knocks there could be connected to itself.
RANGE = range(20_000, 32_000)
# A generator of its own: Hypothesis seeds the global one, and parallel processes would choose equal ports.
_chance = random.SystemRandom()


def free_port() -> int:
    """Return a port of the loopback address that is free now."""
    while True:
        port = _chance.choice(RANGE)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
