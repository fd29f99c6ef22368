"""An independent bill, computed from a session's log and the design's table: the oracle for `settlement`.

| ended as                                                             | captured of booking and extensions     |
|----------------------------------------------------------------------|----------------------------------------|
| unpaid, called off before a mechanic was in, or never came about     | nothing                                |
| the mechanic whom the customer wanted alone did not take it          | nothing                                |
| called off by the customer with the mechanic in, or did not show up  | half of the booking                    |
| the time is up, ended by the customer, the customer was lost         | all                                    |
| ended by the customer, whom the mechanic left twice or for a minute  | the used share                         |
| ended early by the mechanic                                          | all if it is solved, else the used share |
| the mechanic was lost, the longest time there is, ended by support   | the used share                         |
"""

from datetime import datetime, timedelta

from autodoctor.payments.models import Payment
from autodoctor.sessions.models import Session

SHARES = {
    "unpaid": "nothing",
    "cancelled_by_customer": "nothing",
    "cancelled_by_support": "nothing",
    "unattended": "nothing",
    "asked_unavailable": "nothing",
    "never_started": "nothing",
    "cancelled_late": "half",
    "customer_no_show": "half",
    "time_up": "all",
    "ended_by_customer": "all",
    "customer_lost": "all",
    "mechanic_lost": "used",
    "exceeded_3h_limit": "used",
    "ended_by_support": "used",
}


def captured(session: Session, payments: list[Payment]) -> dict[str, int]:
    """Cents of each payment by its id, once the session is over; none while the customer is asked."""
    share = _share(session)
    left, cents = ran(session), {}
    for payment in sorted(payments, key=lambda one: (one.purpose == "extension", one.created_at)):
        if payment.purpose == "extension" and payment.granted_at is None:
            cents[str(payment.id)] = 0
            continue
        used = min(left, payment.seconds)
        left -= used
        whole, booked = payment.amount_cents, payment.purpose == "booking"
        of_each = {"all": whole, "used": whole * used // payment.seconds, "half": whole // 2 if booked else 0}
        cents[str(payment.id)] = of_each.get(share, 0)
    return cents if share != "asked" else {}


def _share(session: Session) -> str:
    if session.end_reason == "ended_by_mechanic":
        return {None: "asked", True: "all", False: "used"}[session.solved]
    if session.end_reason == "ended_by_customer" and was_left(session):
        return "used"
    return SHARES[session.end_reason]


def was_left(session: Session) -> bool:
    """Return whether the mechanic dropped twice while it ran, or the customer was told of a minute without them."""
    started = session.events.filter(kind="session.started").values_list("seq", flat=True)
    since = session.events.filter(seq__gt=min(started, default=0))
    drops = since.filter(kind="participant.left", actor_role="mechanic").count()
    return drops > 1 or since.filter(kind="nudge.customer", rule="mechanic.lost_offer").exists()


def ran(session: Session) -> int:
    """Return the whole seconds from start to end without pauses, as the log records them."""
    running, since, paused = timedelta(), None, None
    for event in session.events.filter(kind__startswith="session.").order_by("seq"):
        if event.kind == "session.started":
            since = event.at
        elif event.kind == "session.paused" and since:
            paused = datetime.fromisoformat(event.data["session"]["paused_at"])
            running, since = running + (paused - since), None
        elif event.kind == "session.resumed" and paused:
            # Back before the moment the pause counts from: then nothing was paused.
            since, paused = max(event.at, paused), None
        elif event.kind in ("session.ended", "session.auto_closed") and since:
            running, since = running + max(timedelta(), event.at - since), None
    return int(running.total_seconds())
