"""The environment of every test, and the people in it."""

import gc
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.test import Client
    from pytest_django.plugin import DjangoDbBlocker

    from autodoctor.accounts.models import User
    from tests.kit.migrated import Migrated

# Before the settings are read. Each process has a data directory of its own, so that workers never share a file.
_data = tempfile.TemporaryDirectory(prefix="autodoctor-test-")
for name in ("PORT", "SITE_URL", "DEADLINES", "STRIPE_SECRET_KEY", "EMAIL_URL"):
    os.environ.pop(name, None)
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "autodoctor.settings",
    "AUTODOCTOR_DATA": _data.name,
    "DEBUG": "1",
    "SECRET_KEY": "a-key-that-only-tests-use-and-nobody-else-ever-should",
    "CLOCK_EMBEDDED": "0",
    "LOG_LEVEL": "WARNING",
    # A test with a browser may still arrange its case by a query. Server processes do not have this.
    "DJANGO_ALLOW_ASYNC_UNSAFE": "1",
}

# The collector of cycles would look through every module again and again: a fifth of the time of most tests.
gc.disable()

pytest_plugins = ["tests.statements.plugin", "tests.selection", "tests.hanging"]
PASSWORD = "demo"


def pytest_configure(config: pytest.Config) -> None:
    from django.conf import settings
    from django.db import connections

    # A busy machine is no failure, and every run tries the same; the nightly run looks for new examples.
    is_new = os.environ.get("NEW_EXAMPLES") == "1"
    hypothesis.settings.register_profile("project", deadline=None, derandomize=not is_new)
    # SQLite tries every example; PostgreSQL tries fewer, to run its statements. See `examples`.
    hypothesis.settings.register_profile("part", hypothesis.settings.get_profile("project"), max_examples=15)
    hypothesis.settings.load_profile("part" if config.getoption("postgres_part") else "project")
    if os.environ.get("WALLED") == "1":
        settings.DATABASES["default"]["ENGINE"] = "autodoctor.core.postgres"
        with suppress(AttributeError):  # there is one already if an app looked at its vendor
            del connections["default"]
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick, and only here
    # No test client asks for scripts or styles: listing them anew for each took half the time of a page's test.
    settings.SERVESTATIC_USE_FINDERS = settings.SERVESTATIC_USE_MANIFEST = settings.SERVESTATIC_USE_STATIC_ROOT = False
    settings.SERVESTATIC_AUTOREFRESH = False


def pytest_unconfigure() -> None:
    _data.cleanup()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests of another database, and mark tests with a browser.

    Playwright keeps its event loop in the thread of the tests: Django's test client does not work beside it, so
    `bin/test` runs the two in processes of their own.
    """
    from django.db import connection

    other = "postgres" if connection.vendor == "sqlite" else "sqlite"
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
        if item.get_closest_marker(other):
            item.add_marker(pytest.mark.skip(reason=f"makes sense on {other} only"))


@pytest.fixture(scope="session", autouse=True)
def _events_carry_what_they_declare() -> None:
    from django.db.models import QuerySet
    from django.db.models.signals import post_save

    from autodoctor.sessions.models import SessionEvent
    from tests.kit.event_check import check_data, checking

    post_save.connect(check_data, sender=SessionEvent)
    QuerySet.bulk_create = checking(QuerySet.bulk_create)  # type: ignore[method-assign]


@pytest.fixture(scope="session", autouse=True)
def _who_is_signed_in_has_just_given_a_password() -> None:
    """As after the form. A test client's `force_login` would leave a session without any proof."""
    from allauth.account.internal.flows.login import get_authentication_records, record_authentication
    from django.contrib.auth.signals import user_logged_in

    def given(request: "HttpRequest", user: "User", **_signal: object) -> None:
        if not get_authentication_records(request, user):
            record_authentication(request, user, "password")

    user_logged_in.connect(given, weak=False)


def pytest_collection_finish() -> None:
    """Freeze the objects so far and collect garbage less often; leaked files and sockets are still found."""
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)
    gc.enable()


@pytest.fixture(scope="session")
def migrated(django_db_modify_db_settings_parallel_suffix: None) -> "Migrated | None":
    """SQLite in a file, through the project's own engine: threads then share it as in the server."""
    from django.conf import settings
    from django.db import connections

    from tests.kit.migrated import Migrated

    if connections["default"].vendor != "sqlite":
        return None
    file = Migrated(Path(_data.name) / "test.sqlite3")
    settings.DATABASES["default"]["TEST"]["NAME"] = str(file.path)
    return file


@pytest.fixture(scope="session")
def django_db_keepdb(migrated: "Migrated | None", request: pytest.FixtureRequest) -> bool:
    return migrated.take() if migrated else bool(request.config.getoption("reuse_db"))


@pytest.fixture(scope="session")
def django_db_setup(
    migrated: "Migrated | None", django_db_setup: None, django_db_blocker: "DjangoDbBlocker"
) -> Iterator[None]:
    from django.db import connections

    from tests.kit import rows_of_migration, walled

    if migrated:
        migrated.keep()
    with ExitStack() as stack:
        with django_db_blocker.unblock():
            stack.enter_context(rows_of_migration.put_back())
            if walled.IS_ON:
                stack.enter_context(walled.behind())
        yield
        with django_db_blocker.unblock():
            connections.close_all()
            stack.close()


@pytest.fixture
def customer(db: None) -> "User":
    return _person("customer@example.com", "Casey Customer")


@pytest.fixture
def stranger(db: None) -> "User":
    """Another customer, who has no part in anything."""
    return _person("stranger@example.com", "Sam Stranger")


@pytest.fixture
def mechanic(db: None) -> "User":
    return _mechanic("mechanic@example.com", "Morgan Mechanic")


@pytest.fixture
def mechanic2(db: None) -> "User":
    return _mechanic("mechanic2@example.com", "Max Mechanic")


@pytest.fixture
def mechanic3(db: None) -> "User":
    return _mechanic("mechanic3@example.com", "Mara Mechanic")


@pytest.fixture
def support(db: None) -> "User":
    return _person("support@example.com", "Sandy Support", is_staff=True, is_superuser=True)


@pytest.fixture
def client_of() -> Callable[["User"], "Client"]:
    """A signed-in test client of a person."""
    from django.test import Client

    def sign_in(user: "User") -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


def _mechanic(email: str, name: str) -> "User":
    """Approved, and taking sessions."""
    from autodoctor.accounts.models import MechanicProfile

    user = _person(email, name)
    MechanicProfile.objects.create(
        user=user,
        headline="Engines and electrics",
        years_experience=12,
        skills="Diagnosis, engines, electrics",
        state=MechanicProfile.State.APPROVED,
        taking_sessions=True,
    )
    return user


def _person(email: str, name: str, **fields: bool) -> "User":
    from allauth.account.models import EmailAddress

    from autodoctor.accounts.models import User

    user = User.objects.create_user(email, PASSWORD, name=name, **fields)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user
