"""A database as Supabase has it: an owner who migrates, and roles of the application, behind PgBouncer."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.kit import pgbouncer, processes
from tests.kit.pgbouncer import PgBouncer
from tests.kit.postgres import Postgres

OWNER, WEB, CLOCK = "autodoctor_owner", "autodoctor_web", "autodoctor_clock"
SIZE = 6  # connections of each entry of PgBouncer
# Supabase's API shows the tables of `public` to these roles, new ones too.
OF_SUPABASE = ("anon", "authenticated", "service_role")


@dataclass(frozen=True)
class Walled:
    cluster: Postgres
    bouncer: PgBouncer
    database: str

    @property
    def environment(self) -> dict[str, str]:
        return self.bouncer.environment | {"ROW_SECURITY": "1"}

    def url(self, role: str) -> str:
        return self.cluster.url(self.database).replace("postgres@", f"{role}@")

    def connect(self, role: str) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(self.url(role))


@contextmanager
def walled(cluster: Postgres, database: str, folder: Path) -> Iterator[Walled]:
    """Migrated by the owner, seeded by the application."""
    _roles_of_supabase(cluster)
    cluster.execute(f'CREATE DATABASE "{database}" OWNER {OWNER}')
    cluster.execute("ALTER SCHEMA public OWNER TO pg_database_owner", database)
    grants = "GRANT ALL ON TABLES TO " + ", ".join(OF_SUPABASE)
    cluster.execute(f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} IN SCHEMA public {grants}", database)
    with pgbouncer.in_front_of(cluster, database, size=SIZE, roles=(OWNER, WEB, CLOCK)) as bouncer:
        one = Walled(cluster, bouncer, database)
        for command in ("migrate", "database_roles", "seed"):
            manage(one, folder, command)
        yield one
    cluster.drop(database)


def manage(one: Walled, folder: Path, *arguments: str, **environment: str) -> str:
    """Run a command; returns what it said. Raises `RuntimeError` when it fails."""
    given = processes.environment(folder) | one.environment | environment
    done = processes.run("manage", *arguments, environment=given)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return done.stdout


def _roles_of_supabase(cluster: Postgres) -> None:
    there = {name for (name,) in cluster.execute("SELECT rolname FROM pg_roles")}
    if OWNER not in there:
        cluster.execute(f"CREATE ROLE {OWNER} LOGIN CREATEROLE")
    for name in OF_SUPABASE:
        if name not in there:
            cluster.execute(f"CREATE ROLE {name} NOLOGIN" + (" BYPASSRLS" if name == "service_role" else ""))
