"""What must hold after a chaos run: the log that each page saw, the money of each session, and every job."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from tests.chaos.page import Page, Seen
from tests.kit import processes
from tests.kit.server import Server

FINAL = ("captured", "released", "failed")
UNSETTLED = f"SELECT count(*) FROM payments_payment WHERE state NOT IN {FINAL} AND due_cents IS NOT NULL"
OVERDUE = (
    "SELECT count(*) FROM scheduler_job WHERE parked_at IS NULL AND run_at < now() - interval '1 second' "
    "AND kind NOT LIKE 'sweep.%%'"
)


class Logged(NamedTuple):
    seq: int
    kind: str
    client_id: str | None
    audience: str


@dataclass(frozen=True)
class Money:
    """A session's sums, in cents."""

    state: str
    due: int
    captured: int
    earned: int
    receipts: int
    endings: int


def is_calm(server: Server) -> bool:
    """Return whether nothing waits to be charged, released or done any more."""
    return not any(server.sql(query)[0][0] for query in (UNSETTLED, OVERDUE))


def of_page(page: Page, log: Sequence[Logged]) -> Iterator[str]:
    """Compare what a page saw, and what was confirmed to it, with the session's log."""
    yield from page.wrong
    readable: list[Seen] = [
        (seq, kind, client_id) for seq, kind, client_id, audience in log if audience in ("both", page.role)
    ]
    seen_by_now = [row for row in readable if row[0] <= page.last]
    if page.seen != seen_by_now:
        missed = sorted(set(seen_by_now) - set(page.seen))
        invented = sorted(set(page.seen) - set(seen_by_now))
        yield f"{page.role} did not see {missed[:3]}, and saw {invented[:3]} that are not there"
    if lost := page.confirmed - {row.client_id for row in log}:
        yield f"{len(lost)} confirmed messages of {page.role} are lost"


def of_log(log: Sequence[Logged]) -> Iterator[str]:
    if [row.seq for row in log] != list(range(1, len(log) + 1)):
        yield "its log has gaps"


def of_money(money: Money) -> Iterator[str]:
    """Check that a session that is over was charged what was decided, once, and that it ended once."""
    if money.state not in ("completed", "cancelled", "expired"):
        yield f"it is {money.state}"
    if money.captured != money.due:
        yield f"{money.captured} cents were charged, {money.due} are due"
    if money.earned != money.captured:
        yield f"{money.captured} cents were charged, {money.earned} were earned"
    if money.receipts != (money.captured > 0):
        yield f"it has {money.receipts} receipts for {money.captured} cents"
    if money.endings != 1:
        yield f"it ended {money.endings} times"


def of_jobs(server: Server) -> Iterator[str]:
    for kind, key, error in server.sql("SELECT kind, key, last_error FROM scheduler_job WHERE parked_at IS NOT NULL"):
        yield f"job {kind} {key} has failed: {error[-200:]}"
    ((late,),) = server.sql(OVERDUE)
    if late:
        yield f"{late} jobs are overdue"


def of_stripe(server: Server) -> Iterator[str]:
    """Compare the ledger with Stripe's lists."""
    done = processes.run("manage", "reconcile", "--json", environment=server.environment)
    for found in json.loads(done.stdout):
        yield f"ledger and Stripe differ: {found}"


def logs_of(server: Server, session_ids: Iterable[str]) -> dict[str, list[Logged]]:
    found: dict[str, list[Logged]] = defaultdict(list)
    query = (
        "SELECT session_id, seq, kind, client_id, audience FROM autodoctor_sessions_sessionevent "
        "WHERE session_id = ANY(%s) ORDER BY session_id, seq"
    )
    for session_id, seq, kind, client_id, audience in server.sql(query, [UUID(each) for each in session_ids]):
        found[str(session_id)].append(Logged(seq, kind, client_id and str(client_id), audience))
    return found


def money_of(server: Server, session_id: str) -> Money:
    ((state,),) = server.sql("SELECT state FROM autodoctor_sessions_session WHERE id = %s", UUID(session_id))
    ((due, captured),) = server.sql(
        "SELECT coalesce(sum(due_cents), 0), coalesce(sum(captured_cents), 0) FROM payments_payment "
        "WHERE owner_id = %s",
        UUID(session_id),
    )
    ((earned,),) = server.sql(
        "SELECT coalesce(sum(gross_cents), 0) FROM payments_earning WHERE payment_id IN "
        "(SELECT id FROM payments_payment WHERE owner_id = %s)",
        UUID(session_id),
    )
    ((receipts,),) = server.sql("SELECT count(*) FROM receipts_document WHERE session_id = %s", UUID(session_id))
    ((endings,),) = server.sql(
        "SELECT count(*) FROM autodoctor_sessions_sessionevent WHERE session_id = %s AND kind IN "
        "('session.ended', 'session.auto_closed', 'session.cancelled', 'session.expired')",
        UUID(session_id),
    )
    return Money(state, int(due), int(captured), int(earned), receipts, endings)
