"""The roles of the database: the owner, who migrates, and those of the application, who own nothing.

The owner is whom `DIRECT_DATABASE_URL` names; the application's roles are those of `DATABASE_URL` and
`CLOCK_DATABASE_URL`. Everything here may be done again, and is after each migration.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.db import ProgrammingError, connection, transaction
from psycopg.errors import InsufficientPrivilege

from autodoctor.operations.row_security import ACTIONS, FORGET, WALLS, Wall, table

# Roles by which Supabase would show the tables of this schema to the world, over HTTP.
OF_SUPABASE = ("anon", "authenticated", "service_role")
SUPABASE_POOLER = ".pooler.supabase.com"
FUNCTION = "autodoctor_forget_unpaid(uuid[])"


class Unfit(Exception):
    """The roles cannot be made as the addresses name them; says in a sentence what to do."""


def logins() -> dict[str, str]:
    """Return the application's roles with their passwords."""
    ways = [settings.DATABASES["default"], settings.CLOCK_DATABASE]
    return {_role_of(way): str(way.get("PASSWORD", "")) for way in ways if way.get("USER")}


def _role_of(way: Mapping[str, Any]) -> str:
    """Supabase's pooler wants the project behind the name: `autodoctor.abcdefgh`."""
    user = str(way["USER"])
    return user.partition(".")[0] if str(way.get("HOST", "")).endswith(SUPABASE_POOLER) else user


def build(roles: Mapping[str, str]) -> None:
    """Make roles, grants and policies what they have to be. As the owner. Raises `Unfit`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_schema()")
        owner, schema = cursor.fetchone()
        if owner in roles:
            raise Unfit(f"{owner} owns the tables: name another role in DATABASE_URL.")
        for name, password in roles.items():
            _create(cursor, name, password)
        with transaction.atomic():
            cursor.execute(FORGET.format(schema=_quoted(schema)))
            _grant(cursor, _quoted(schema), ", ".join(map(_quoted, roles)))
        for wall in WALLS:  # one table at a time: who holds several locks may wait in a circle
            with transaction.atomic():
                _raise_wall(cursor, wall)


def _create(cursor: Any, name: str, password: str) -> None:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])
    if cursor.fetchone():
        return
    # The server gets what it stores, not the password: that would stand in its log.
    sealed = connection.connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    try:
        cursor.execute(f"CREATE ROLE {_quoted(name)} LOGIN" + (f" PASSWORD '{sealed}'" if password else ""))
    except ProgrammingError as error:
        if not isinstance(error.__cause__, InsufficientPrivilege):
            raise
        owner = connection.settings_dict["USER"]
        raise Unfit(
            f"{owner} may make no roles: run `ALTER ROLE {owner} CREATEROLE` as the server's superuser, or make "
            f"{name} yourself."
        ) from error


def _grant(cursor: Any, schema: str, ours: str) -> None:
    everywhere = f"ON ALL TABLES IN SCHEMA {schema}"
    others = _present(cursor, OF_SUPABASE)
    for statement in (
        f"REVOKE ALL {everywhere} FROM {', '.join(['PUBLIC', ours, *others])}",
        *(f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} REVOKE ALL ON TABLES FROM {name}" for name in others),
        f"REVOKE ALL ON FUNCTION {FUNCTION} FROM {', '.join(['PUBLIC', *others])}",
        f"GRANT EXECUTE ON FUNCTION {FUNCTION} TO {ours}",
        f"GRANT USAGE ON SCHEMA {schema} TO {ours}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE {everywhere} TO {ours}",
        f"REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {ours}",
        *(statement for wall in WALLS for statement in _grants(wall, ours)),
    ):
        cursor.execute(statement)


def _grants(wall: Wall, ours: str) -> Iterator[str]:
    yield f"REVOKE UPDATE, DELETE ON {table(wall.model)} FROM {ours}"
    if wall.goes:
        yield f"GRANT DELETE ON {table(wall.model)} TO {ours}"
    if wall.changing:
        columns = ", ".join(map(_quoted, wall.changing))
        yield f"GRANT UPDATE ({columns}) ON {table(wall.model)} TO {ours}"


def _raise_wall(cursor: Any, wall: Wall) -> None:
    name = table(wall.model)
    cursor.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    for action in ACTIONS:
        cursor.execute(f"DROP POLICY IF EXISTS autodoctor_{action} ON {name}")
    for action, body in wall.policies():
        cursor.execute(f"CREATE POLICY autodoctor_{action} {body}")


def problems() -> Iterator[str]:
    """Yield what makes the wall of the role that asks no wall."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper OR rolbypassrls, (SELECT count(*) FROM pg_class WHERE relowner = pg_roles.oid AND"
            " relnamespace = current_schema()::regnamespace) FROM pg_roles WHERE rolname = current_user"
        )
        bypasses, owned = cursor.fetchone()
        if bypasses:
            yield "The role of DATABASE_URL bypasses row-level security: name no superuser, and none with BYPASSRLS."
        elif owned:
            yield f"The role of DATABASE_URL owns {owned} tables: the owner's place is DIRECT_DATABASE_URL."
        if open_ := [wall.model._meta.db_table for wall in WALLS if not _stands(cursor, wall)]:
            yield f"No row-level security on {', '.join(open_)}: run `manage.py database_roles`."
        if shown := _shown(cursor):
            yield f"Supabase's API may read tables ({', '.join(shown)}): run `manage.py database_roles`."


def _stands(cursor: Any, wall: Wall) -> bool:
    """Return whether this role sees the table through the policies."""
    cursor.execute("SELECT row_security_active(%s)", [wall.model._meta.db_table])
    return bool(cursor.fetchone()[0])


def _shown(cursor: Any) -> list[str]:
    cursor.execute(
        "SELECT DISTINCT rolname FROM pg_roles, pg_class WHERE rolname = ANY(%s) AND relkind = 'r' AND"
        " relnamespace = current_schema()::regnamespace AND has_table_privilege(pg_roles.oid, pg_class.oid, 'SELECT')",
        [list(OF_SUPABASE)],
    )
    return sorted(name for (name,) in cursor.fetchall())


def _present(cursor: Any, roles: tuple[str, ...]) -> list[str]:
    cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [list(roles)])
    return [name for (name,) in cursor.fetchall()]


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
