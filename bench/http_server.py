"""Servers of this and of other revisions for `bench.http` and `bench.history`, with their files and databases."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench.http_load import Page, Server
from bench.kit.machine import Cores
from bench.kit.serving import PRODUCTION, ROOT, Web
from bench.kit.serving import serving as running
from tests.kit.postgres import Postgres

PAGES_OF = {"CLOCK_EMBEDDED": "0", "STAFF_SECOND_FACTOR": "0", "STATIC_MAX_AGE": "60"}
# What every revision can be started by: older ones lack the protocol of HTTP that drains.
SERVE = (
    "import os, uvicorn; from autodoctor.dev import UVICORN; "
    "uvicorn.run('autodoctor.asgi:application', port=int(os.environ['PORT']), log_level='warning', **UVICORN)"
)
# This bench with the product of another worktree, which may have none or another one.
SEED = (
    "import sys; sys.path.insert(0, {bench!r}); import bench; sys.path.remove({bench!r}); "
    "import django; django.setup(); from bench.http_seed import main; main({sessions})"
)


@dataclass(frozen=True)
class Revision:
    """A worktree. `folder`: where its files for browsers are, once it is prepared."""

    name: str
    root: Path
    folder: str = ""

    @property
    def environment(self) -> dict[str, str]:
        return (
            os.environ | PRODUCTION | PAGES_OF | {"AUTODOCTOR_DATA": self.folder, "DATABASE_URL": "sqlite://:memory:"}
        )


@contextmanager
def prepared(revision: Revision) -> Iterator[Revision]:
    """Bundle and collect what browsers load, as an installation does."""
    (ROOT / ".data").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=ROOT / ".data") as folder:
        ready = replace(revision, root=revision.root.resolve(), folder=folder)
        for command in (["bundle"], ["collectstatic", "--noinput", "--verbosity", "0"]):
            _run([sys.executable, "manage.py", *command], ready, ready.environment)
        yield ready


@contextmanager
def serving(revision: Revision, database: Postgres, sessions: int, cores: Cores) -> Iterator[Server]:
    """Serve the revision with a database of its own and so many sessions of history."""
    environment = revision.environment | {"DATABASE_URL": database.create(f"{revision.name}_{sessions}")}
    seed = SEED.format(bench=str(ROOT), sessions=sessions)
    told = json.loads(_run([sys.executable, "-c", seed], revision, environment))
    pages = [Page(page, path, key) for page, (path, key) in told.items()]
    core = cores.servers[0] if cores.servers else None
    web = Web([sys.executable, "-c", SERVE], environment, core, revision.root)
    with running([web]):
        yield Server(revision.name, web.pid, web.port, pages)


def _run(command: list[str], revision: Revision, environment: dict[str, str]) -> bytes:
    done = subprocess.run(command, env=environment, cwd=revision.root, stdout=subprocess.PIPE, check=True)
    return done.stdout
