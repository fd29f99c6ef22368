"""No query that recurs reads a table that grows with history from end to end.

Every recurring job runs here, and what a page, a socket, a probe or a loop asks again and again. The plans are
PostgreSQL's own, over statistics of years of history.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from autodoctor.accounts.models import User
from autodoctor.booking.models import Vehicle
from autodoctor.core import credentials
from autodoctor.core.postgres.base import SETTING
from autodoctor.files import storage
from autodoctor.garage import sharing
from autodoctor.handover import actions as handovers
from autodoctor.health import collector, readiness
from autodoctor.health.tests import history
from autodoctor.job_registry import HANDLERS
from autodoctor.payments.models import Payment
from autodoctor.payments.stripe import lists
from autodoctor.push import queue as push
from autodoctor.room.hub import authentication, lease, sockets
from autodoctor.room.socket import list_feed
from autodoctor.scheduler import lane_watch, leases
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.loop import run_due
from autodoctor.scheduler.models import Job
from autodoctor.sessions.models import Session
from autodoctor.sessions.queries import dashboards, eligibility, fit, wait_estimate
from autodoctor.sessions.record import alerts, participants
from autodoctor.sessions.tests.story import Story
from autodoctor.summaries.offline import last_summarized

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
READS = ("SELECT", "UPDATE", "DELETE", "WITH")


class Plans:
    """The tables that statements read from end to end, by what asked."""

    def __init__(self) -> None:
        self.scans: dict[str, set[str]] = {}
        self.asked = ""
        self._growing = history.growing_tables()

    @contextmanager
    def of(self, what: str) -> Iterator[None]:
        self.asked = what
        with connection.execute_wrapper(self._explain):
            yield

    def _explain(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        who_acts, asked = _parted(sql)
        if asked.lstrip("( \n").upper().startswith(READS) and "EXPLAIN" not in asked:
            with connection.connection.cursor() as cursor:
                if who_acts:
                    cursor.execute(who_acts)
                cursor.execute(f"EXPLAIN (FORMAT JSON) {asked}", params)
                [answer] = cursor.fetchone()
            plan = json.loads(answer) if isinstance(answer, str) else answer
            for table in _scanned(plan[0]["Plan"]) & self._growing:
                self.scans.setdefault(self.asked, set()).add(f"{table}: {asked[:2000]}")
        return execute(sql, params, many, context)


def _parted(sql: str) -> tuple[str, str]:
    """Return what says who acts, where row-level security is on, and the statement itself."""
    first, _, rest = sql.partition("; ")
    return (first, rest) if SETTING in first and rest else ("", sql)


def _scanned(plan: Mapping[str, Any]) -> set[str]:
    own = {plan["Relation Name"]} if plan["Node Type"] == "Seq Scan" else set()
    return own.union(*(_scanned(part) for part in plan.get("Plans", ())))


@pytest.fixture
def of_stripe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stripe's lists are empty, the store has one folder."""
    for name in ("intents", "charges", "refunds", "disputes", "transfers"):
        monkeypatch.setattr(lists, name, lambda since: iter(()))
    hour = f"{timezone.now() - timedelta(hours=5):%Y%m%d%H}"
    monkeypatch.setattr(storage, "hours", lambda below="": [hour])
    monkeypatch.setattr(storage, "keys_of", lambda hour: {f"{hour}/{number:032x}" for number in range(30)})
    monkeypatch.setattr(storage, "remove", lambda *keys: None)


def recurring_jobs() -> dict[str, Callable[[], object]]:
    """All of them: a new one is here by itself."""
    now = timezone.now()
    kinds = {kind: handler for kind, handler in HANDLERS.items() if handler.every}
    return {
        f"job {kind}": partial(handler.run, Job(kind=kind, key=leases.RECURRING, due_at=now, run_at=now), now)
        for kind, handler in kinds.items()
    }


def loops(owner: str) -> dict[str, Callable[[], object]]:
    """What each process asks every few seconds, and once at its start."""
    now = timezone.now()
    claims = {
        f"claim {lane}": partial(leases.claim, owner, lane=lane, until=now, limit=9, lease=timedelta(seconds=9))
        for lane in Lane
    }
    return claims | {
        "recurring": leases.ensure_recurring,
        "lanes": lambda: lane_watch.statuses(now),
        "metrics": collector.read,
        "ready": readiness.check_clock,
        "start": lambda: lease.end_the_dead(now),
        "lease": lambda: lease.renew(lease.take(now), now),
        "heartbeat of sessions": lambda: sockets.read_positions([str(uuid4()) for _ in range(500)]),
        "heartbeat of lists": lambda: list_feed.read_changes(now - list_feed.MARGIN),
        "monitor": lambda: run_due(now, lanes=[Lane.DEADLINES]),
    }


def queries_of(session: Session) -> dict[str, Callable[[], object]]:
    """What a rule, a press or a socket asks about one session."""
    now = timezone.now()
    since = now - timedelta(minutes=3)
    mechanic = User.objects.filter(mechanic_profile__state="approved")[0]
    return {
        "offered to": lambda: list(eligibility.eligible_mechanics(session, now)),
        "missed by": lambda: list(eligibility.eligible_mechanics(session, since, free_since=since)),
        "may accept": lambda: eligibility.obstacles(mechanic, now, session=session),
        "queue": lambda: list(fit.queue_of(mechanic, now)),
        "presence": lambda: participants.presence([session], now),
        "estimate": lambda: wait_estimate.estimate_wait(now),
        "support staff": alerts.support_staff,
        "reached by push": lambda: push.reaches(eligibility.eligible_mechanics(session, now)),
        "home screen of a customer": lambda: dashboards.open_session_of(session.customer),
        "home screen of a mechanic": lambda: dashboards.open_session_of(mechanic),
        "kept by a customer's phone": lambda: last_summarized(session.customer),
        "kept by a mechanic's phone": lambda: last_summarized(mechanic),
        "handshake": lambda: authentication.authenticate([("unknown", session.id), ("unknown", None)], now),
    }


PAGES = {
    "support": [
        *("/support/", "/support/open/", "/support/jobs/", "/support/mechanics/"),
        *("/support/search/?q=lancia", "/support/search/?q=p0301"),
        "/support/numbers/",
    ],
    "mechanic": ["/dashboard/", "/dashboard/queue/", "/dashboard/summaries/", "/dashboard/earnings/", "/api/queue"],
    "customer": ["/dashboard/", "/dashboard/sessions/", "/help/", "/api/sessions", "/garage/"],
}


def pages_of(people: Mapping[str, User], session: Session) -> dict[str, Callable[[], object]]:
    """What a browser fetches again by itself, or after every sign of news."""
    found: dict[str, Callable[[], object]] = {}
    for role, addresses in PAGES.items():
        client = Client()
        client.force_login(people[role])
        for address in addresses:
            found[f"{role} {address}"] = partial(_get, client, address)
    for address in ("/", "/book/"):
        found[f"visitor {address}"] = partial(_get, Client(), address)
    client = Client()
    client.force_login(people["support"])
    found["support person"] = partial(_get, client, f"/support/people/{people['customer'].id}/")
    client = Client()
    client.force_login(people["customer"])
    for address in ("/sessions/%s/", "/sessions/%s/panel/", "/api/sessions/%s", "/api/sessions/%s/events"):
        found[f"customer {address}"] = partial(_get, client, address % session.id)
    phone = _phone(people["customer"], session)
    for address in ("/sessions/%s/", "/sessions/%s/panel/"):
        found[f"phone {address}"] = partial(_get, phone, address % session.id)
    car = Vehicle.objects.filter(owner=people["customer"])[0]
    for address in (
        "/garage/%s/",
        "/garage/%s/links/",
        "/garage/%s/edit/",
        "/garage/%s/sessions/",
        "/book/?vehicle=%s",
    ):
        found[f"customer {address}"] = partial(_get, client, address % car.id)
    found["a workshop"] = partial(_get, Client(), _shared(car))
    return found


def _phone(person: User, session: Session) -> Client:
    """Let a phone into the session."""
    now = timezone.now()
    handover, code = handovers.make(session_id=session.id, user=person, now=now)
    _, token = handovers.ask(code=code, phone=handovers.Phone("", ""), now=now)
    handovers.answer(session_id=session.id, handover_id=handover.pk, user=person, allow=True, now=now)
    client = Client()
    client.cookies[credentials.phone_cookie()] = token
    return client


def _shared(car: Vehicle) -> str:
    """Make a link for a workshop that shows all."""
    choice = sharing.Choice(uuid4(), 7, "", vin=True, mileage=True, advice=True, summaries=True, files=())
    return reverse("shared_car", args=[sharing.make(car, choice, now=timezone.now())])


def _get(client: Client, address: str) -> None:
    answer = client.get(address, secure=True)
    assert answer.status_code == 200, (address, answer.status_code)


@pytest.fixture
def years(db: None) -> Iterator[None]:
    """Years of history."""
    history.write()
    yield
    transaction.set_rollback(True)  # or Django would look for broken references in a million rows


def test_no_recurring_query_scans_a_whole_table(
    years: None, customer: User, mechanic: User, support: User, of_stripe: None, settings: Settings
) -> None:
    settings.CLOCK_HANDLERS = "autodoctor.job_registry.HANDLERS"
    story = Story(customer, mechanic).pay()
    history.give_a_garage(customer)
    Payment.objects.filter(owner_id=story.id).update(created_at=timezone.now())
    Job.objects.all().delete()
    session = story.session
    people = {"customer": customer, "mechanic": mechanic, "support": support}
    asked = recurring_jobs() | loops(leases.new_owner()) | queries_of(session) | pages_of(people, session)
    plans = Plans()
    for what, ask in asked.items():
        with plans.of(what):
            ask()
        Job.objects.all().delete()
    assert plans.scans == {}, "\n".join(f"{what}: {scan}" for what, found in plans.scans.items() for scan in found)


def test_a_query_without_an_index_is_found() -> None:
    history.write_sessions()
    plans = Plans()
    with plans.of("somebody's new page"):
        list(Session.objects.filter(concern="it rattles"))
    assert [scan.split(":")[0] for scan in plans.scans["somebody's new page"]] == ["autodoctor_sessions_session"]
