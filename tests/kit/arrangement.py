"""The arrangement of docs/production.md on this machine: two servers, two schedulers, and what they share.

PostgreSQL lies behind PgBouncer. Stripe's double is a server of its own, so that it stays whole whatever is killed.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx

from autodoctor.sandbox import WEBHOOK_SECRET
from tests.kit import pgbouncer
from tests.kit.pgbouncer import PgBouncer
from tests.kit.postgres import Postgres, postgres
from tests.kit.scene import UNLIMITED
from tests.kit.scheduler import Scheduler, scheduling
from tests.kit.server import PLAIN, Server, fresh_database, running
from tests.kit.valkey import Valkey, valkey
from tests.kit.waiting import PATIENCE

SIZE = 30  # connections of PgBouncer for requests, and as many for the schedulers


@dataclass(frozen=True)
class Arrangement:
    cluster: Postgres
    bouncer: PgBouncer
    bus: Valkey
    stripe: Server
    servers: tuple[Server, Server]
    schedulers: tuple[Scheduler, Scheduler]


@contextmanager
def arranged(
    *, durable: bool = False, environment: Mapping[str, str] | None = None, deadlines: Mapping[str, float] | None = None
) -> Iterator[Arrangement]:
    """`durable` for those who crash PostgreSQL; the rest is for the servers."""
    with ExitStack() as stack:
        cluster, bus = stack.enter_context(postgres(durable=durable)), stack.enter_context(valkey())
        stripe = stack.enter_context(running(environment={"LIMITS": UNLIMITED}))
        direct_url = fresh_database(cluster, "arranged")
        bouncer = stack.enter_context(pgbouncer.in_front_of(cluster, "arranged", size=SIZE))
        shared = bouncer.environment | {
            "LIMITS": UNLIMITED,
            "CLOCK_EMBEDDED": "0",
            "REDIS_URL": bus.url,
            "STRIPE_API_BASE": f"{stripe.url}/sandbox/stripe",
        }
        one, other = (
            stack.enter_context(
                running(
                    database_url=direct_url,
                    environment=shared | dict(environment or {}),
                    deadlines=deadlines,
                    as_deployed=True,
                )
            )
            for _ in range(2)
        )
        _deliver(stripe, to=one)
        schedulers = stack.enter_context(scheduling(one)), stack.enter_context(scheduling(other))
        yield Arrangement(cluster, bouncer, bus, stripe, (one, other), schedulers)


def _deliver(stripe: Server, to: Server) -> None:
    """Have Stripe's double send its webhooks there."""
    told = {"url": f"{to.url}/api/stripe/webhook", "secret": WEBHOOK_SECRET}
    address = f"{stripe.url}/sandbox/stripe/_control/webhooks"
    httpx.post(address, json=told, timeout=PATIENCE, **PLAIN).raise_for_status()
