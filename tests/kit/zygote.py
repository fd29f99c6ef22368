"""A process that has imported everything and set Django up, and forks others: `python -m tests.kit.zygote FD`.

Each order on the socket FD is answered with the id of a new process. The new process continues like `python -m MODULE
ARGUMENTS`, with its own environment. It has no parent at first: the process that ordered it adopts it (`processes`).
"""

import atexit
import gc
import importlib
import json
import os
import random
import runpy
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from unittest import mock

LENGTH = 4  # bytes of the length before each order
PRODUCT = Path(__file__).resolve().parents[2] / "autodoctor"
# The settings, and modules that have to read them at import: imported in the new process.
LEFT_OUT = ("settings.py", "asgi.py", "dev.py", "sandbox/")
LIBRARIES = (
    "django.core.management.commands.migrate",
    "django.core.management.commands.shell",
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.protocols.websockets.websockets_sansio_impl",
    "uvloop",
)


@dataclass(frozen=True)
class Order:
    module: str
    arguments: list[str]
    environment: dict[str, str]
    streams: tuple[int, ...] = ()  # file descriptors of its standard input, output and error


def send(connection: socket.socket, order: Order) -> int:
    """Ask for a process; returns its id."""
    given = json.dumps([order.module, order.arguments, order.environment]).encode()
    socket.send_fds(connection, [len(given).to_bytes(LENGTH, "big")], order.streams)
    connection.sendall(given)
    return int.from_bytes(_read(connection, LENGTH), "big")


def main(fd: int) -> None:
    with tempfile.TemporaryDirectory(prefix="autodoctor-zygote-") as data:
        os.environ["AUTODOCTOR_DATA"] = data
        prepare()
    order = serve(socket.socket(fileno=fd))
    if order is not None:
        become(order)


def prepare() -> None:
    import django

    with _nobody_reads_settings():
        django.setup()
        for module in (*LIBRARIES, *_modules()):
            importlib.import_module(module)
    from django.db.migrations.loader import MigrationLoader

    MigrationLoader(None)  # imports all migrations
    _forget_settings()
    if threading.active_count() > 1:
        raise RuntimeError(f"A fork would be without these threads: {threading.enumerate()}")
    gc.collect()
    gc.freeze()  # memory pages stay shared between the processes


def serve(connection: socket.socket) -> Order | None:
    """Serve orders. Returns None here after the last order, and the order in each new process."""
    while (order := _receive(connection)) is not None:
        reader, writer = os.pipe()
        if between := os.fork():
            os.close(writer)
            pid = os.read(reader, LENGTH)
            os.waitpid(between, 0)  # from here on the new process is adopted
            connection.sendall(pid)
            for each in (reader, *order.streams):
                os.close(each)
        elif child := os.fork():
            os.write(writer, child.to_bytes(LENGTH, "big"))
            os._exit(0)
        else:
            for fd in (reader, writer, connection.detach()):
                os.close(fd)
            return order
    return None


def become(order: Order) -> NoReturn:
    """Go on as if just started, and end."""
    for number, stream in enumerate(order.streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(order.environment)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    random.seed()
    sys.argv = [order.module, *order.arguments]
    code = _run(order.module)
    threading._shutdown()  # type: ignore[attr-defined] # as the interpreter does before it takes itself to pieces,
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # a collection would take longer than a command


def _run(module: str) -> int:
    """Returns the exit code."""
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as ending:
        if ending.code is None or isinstance(ending.code, int):
            return ending.code or 0
        print(ending.code, file=sys.stderr)
        return 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def _forget_settings() -> None:
    """Reset the settings: each new process reads them on first use."""
    from django.conf import settings
    from django.db import connections
    from django.utils.functional import empty

    del sys.modules["autodoctor.settings"]
    del sys.modules["autodoctor"].settings  # `from autodoctor import settings` finds them there first
    settings._wrapped = empty  # and with it all that it remembers
    for connection in connections.all(initialized_only=True):
        del connections[connection.alias]
    connections._settings = None  # type: ignore[attr-defined]
    del connections.settings


@contextmanager
def _nobody_reads_settings() -> Iterator[None]:
    """Fail if a module of ours reads settings at import: all processes would share the first values."""
    from django.conf import LazySettings
    from django.utils.functional import empty

    def read(settings: Any, name: str) -> Any:
        if settings._wrapped is empty:
            settings._setup(name)
        reader = sys._getframe(1).f_code
        if Path(reader.co_filename).is_relative_to(PRODUCT):
            raise RuntimeError(f"{reader.co_filename} reads settings.{name} when it is imported: read it when needed.")
        return getattr(settings._wrapped, name)

    with mock.patch.object(LazySettings, "__getattr__", read):
        yield


def _modules() -> list[str]:
    """Return the product's modules without tests."""
    files = [path.relative_to(PRODUCT.parent) for path in sorted(PRODUCT.rglob("*.py")) if not _is_left_out(path)]
    return [".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in files]


def _is_left_out(path: Path) -> bool:
    for_tests = {"tests", "testing.py", "conftest.py", "migrations"}
    name = str(path.relative_to(PRODUCT))
    return name.startswith(LEFT_OUT) or not for_tests.isdisjoint(path.parts[len(PRODUCT.parts) :])


def _receive(connection: socket.socket) -> Order | None:
    length, streams, _, _ = socket.recv_fds(connection, LENGTH, 3)
    if not length:
        return None
    module, arguments, environment = json.loads(_read(connection, int.from_bytes(length, "big")))
    return Order(module, arguments, environment, tuple(streams))


def _read(connection: socket.socket, length: int) -> bytes:
    read = b""
    while len(read) < length:
        part = connection.recv(length - len(read))
        if not part:
            raise ConnectionError("The zygote is gone.")
        read += part
    return read


if __name__ == "__main__":
    main(int(sys.argv[1]))
