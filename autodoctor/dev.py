"""Run the whole product on one machine: `bin/dev` starts this inside the virtual environment."""

import argparse
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

FIRST_PORT = 8000
PORTS_TRIED = 50
HOST = "127.0.0.1"
DEMO_PEOPLE = (
    ("customer@example.com", "books and pays"),
    ("customer2@example.com", "another customer"),
    ("mechanic@example.com", "accepts and helps"),
    ("mechanic2@example.com", "another mechanic"),
    ("support@example.com", "sees everything; /support/"),
)

SCENARIOS = ("busy",)
# With a scenario, requests wait for hours, and mechanics who miss them stay switched on.
PATIENT_DEADLINES = '{"request_missed": 14400, "unattended": 10800, "never_started": 21600}'

# The options of a server process of development; docs/production.md has those of production. Ctrl-C waits for nobody.
UVICORN: dict[str, Any] = {
    "loop": "autodoctor.core.event_loop:EagerLoop",
    "ws": "autodoctor.room.wire.uvicorn_protocol:UvicornProtocol",
    "ws_max_size": 64 * 1024,  # bytes of one frame
    "ws_per_message_deflate": False,
    "ws_ping_interval": 10,  # seconds
    "ws_ping_timeout": 10,
    "timeout_graceful_shutdown": 1,
    "proxy_headers": False,  # core.client_address reads X-Forwarded-For, and trusts no proxy by default
}


def main() -> int:
    os.environ.setdefault("DEBUG", "1")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "autodoctor.settings")
    scenario = _scenario(sys.argv[1:])
    if scenario:
        os.environ.setdefault("DEADLINES", PATIENT_DEADLINES)
    try:
        os.environ["PORT"] = str(choose_port(os.environ.get("PORT")))
    except OSError as problem:
        print(problem, file=sys.stderr)
        return 1
    prepare()
    if scenario:
        play()
    announce()
    serve()
    return 0


def _scenario(arguments: list[str]) -> str:
    parser = argparse.ArgumentParser(prog="bin/dev", description="Serve the whole product on this machine.")
    parser.add_argument("--scenario", choices=SCENARIOS, default="", help="begin with something to look at")
    return str(parser.parse_args(arguments).scenario)


def choose_port(wanted: str | None) -> int:
    """Return the wanted port, else the first free port from 8000 on. Raises `OSError` with a sentence."""
    if wanted:
        return _only(wanted)
    for port in range(FIRST_PORT, FIRST_PORT + PORTS_TRIED):
        if _is_free(port):
            if port != FIRST_PORT:
                print(f"Port {FIRST_PORT} is taken: serving on {port} instead.", flush=True)
            return port
    raise OSError(
        f"The ports from {FIRST_PORT} to {FIRST_PORT + PORTS_TRIED - 1} are all taken: set PORT to a free one."
    )


def _only(wanted: str) -> int:
    if not wanted.isdecimal() or not 0 < int(wanted) < 65536:
        raise OSError(f"PORT is {wanted!r}: give a number from 1 to 65535.")
    if not _is_free(int(wanted)):
        raise OSError(f"Port {wanted} is taken: set PORT to a free one, or leave it out.")
    return int(wanted)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def prepare() -> None:
    """Migrate the database, and seed the demo people into an empty one."""
    import django

    django.setup()
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.db import connections

    if _is_behind():
        print("Preparing the database …", flush=True)
        call_command("migrate", verbosity=0)
    if not get_user_model().objects.exists():
        call_command("seed")
    connections.close_all()


def _is_behind() -> bool:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def play() -> None:
    """Make the sessions of the scenario, before the server starts. Until then a sandbox has the server's address."""
    from django.db import connections
    from django.utils import timezone

    from autodoctor.dev_scenario import play_busy

    print("Playing the scenario …", flush=True)
    with _sandbox_alone():
        print(f"{play_busy(timezone.now())} sessions made.", flush=True)
    connections.close_all()


@contextmanager
def _sandbox_alone() -> Iterator[None]:
    import uvicorn

    from autodoctor import sandbox

    port = int(os.environ["PORT"])
    server = uvicorn.Server(uvicorn.Config(sandbox.application, host=HOST, port=port, log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.02)
        yield
    finally:
        server.should_exit = True
        thread.join()
        sandbox.stop()


def announce() -> None:
    from django.conf import settings

    print(f"\nThe Auto Doctor: {settings.SITE_URL}   (mail: {settings.SITE_URL}/outbox/)")
    for email, what in DEMO_PEOPLE:
        print(f"  {email:24} {what}")
    print("  The password of all is: demo. Ctrl-C stops.\n", flush=True)


def serve() -> None:
    import uvicorn

    uvicorn.run("autodoctor.asgi:application", host=HOST, port=int(os.environ["PORT"]), **UVICORN)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # before the server took over the signal
        sys.exit(0)
