"""Years of history on PostgreSQL, so that the planner chooses as it would there."""

from collections.abc import Mapping

from django.apps import apps
from django.db import connection, models

SESSIONS = 30_000
PEOPLE = 20_000
MECHANICS = 200
EVENTS_EACH = 6

_DEFAULTS: Mapping[type[models.Field], str] = {  # type: ignore[type-arg]
    models.CharField: "''",
    models.TextField: "''",
    models.BooleanField: "false",
    models.JSONField: "'{}'::jsonb",
    models.DateTimeField: "now()",
    models.UUIDField: "md5(n::text)::uuid",
    models.BinaryField: "''::bytea",
    models.FloatField: "0",
    models.IntegerField: "0",
}
_AGO = "now() - n * interval '1 hour'"  # one session an hour, the newest first
_SESSION = "md5('session' || n)::uuid"
_PAYMENT = "md5('payment' || n)::uuid"
_CUSTOMER = f"md5('person' || {MECHANICS} + 1 + n % {PEOPLE - MECHANICS})::uuid"
_MECHANIC = f"md5('person' || 1 + n % {MECHANICS})::uuid"


def write() -> None:
    """Write the history: sessions that are over, with all that they leave behind."""
    _people()
    _sessions()
    _participants()
    _logs()
    _alerts()
    _files()
    _payments()
    _refunds_and_disputes()
    _earnings()
    _news_of_stripe()
    _papers()
    _questions()
    _know()


def write_sessions() -> None:
    """Write no more than the sessions and their people."""
    _people()
    _sessions()
    _know()


def _know() -> None:
    """Let the planner know what there is."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute("SET LOCAL random_page_cost = 1.1")  # what `docs/production.md` asks for: no disk turns


def growing_tables() -> set[str]:
    """Return the tables that grow with history: all but those of the present and of the configuration."""
    of_now = {
        *("scheduler_job", "scheduler_lanestate", "autodoctor_sessions_process", "autodoctor_sessions_connection"),
        *("rates_count", "rates_kept"),  # what somebody did in the last minutes
    }
    small = {
        *("booking_plan", "booking_extensionoption", "autodoctor_sessions_ruletime", "receipts_series"),
        *("django_content_type", "auth_group", "auth_permission"),
        "payments_moneyalarm",  # what stands still now
        "accounts_notify",  # emptied every day
        *("accounts_mechanicprofile", "payments_payoutaccount"),  # as many as there are mechanics
    }
    kept = [model for model in apps.get_models() if model._meta.app_label != "rates"]  # counts expire within hours
    return {model._meta.db_table for model in kept} - of_now - small


def _people() -> None:
    _insert(
        "accounts.User",
        PEOPLE,
        id="md5('person' || n)::uuid",
        email="'person' || n || '@example.com'",
        name="'Person ' || n",
        search_words="'person ' || n",
        time_zone="'UTC'",
        is_active="true",
        last_login="now()",
        is_staff=f"n >= {PEOPLE - 5}",
    )
    _insert(
        "accounts.MechanicProfile",
        MECHANICS,
        user_id="md5('person' || n)::uuid",
        state="'approved'",
        taking_sessions="n % 4 = 0",
    )
    _insert("push.PushSubscription", PEOPLE // 2, user_id=_CUSTOMER, endpoint="'https://push.example/' || n")
    _insert("sessions.Session", PEOPLE, session_key="md5(n::text)", expire_date="now() + n * interval '1 hour'")


def _sessions() -> None:
    _insert(
        "autodoctor_sessions.Session",
        SESSIONS,
        id=_SESSION,
        state="CASE WHEN n % 9 = 0 THEN 'cancelled' ELSE 'completed' END",
        customer_id=_CUSTOMER,
        mechanic_id=f"CASE WHEN n % 9 = 0 THEN NULL ELSE {_MECHANIC} END",
        currency="'usd'",
        created_at=_AGO,
        requested_at=_AGO,
        accepted_at=_AGO,
        started_at=_AGO,
        ended_at=_AGO,
        state_at=_AGO,
        clock_at=_AGO,
        payable_until=_AGO,
        summarized_at=f"CASE WHEN n % 400 = 0 THEN NULL ELSE {_AGO} END",
        rated_at=_AGO,
        seq=str(EVENTS_EACH),
    )


def _participants() -> None:
    for role, person in (("customer", _CUSTOMER), ("mechanic", _MECHANIC)):
        _insert(
            "autodoctor_sessions.Participant",
            SESSIONS,
            session_id=_SESSION,
            user_id=person,
            role=f"'{role}'",
            last_seen_at=_AGO,
            released_at=f"CASE WHEN n % 20 = 0 AND '{role}' = 'mechanic' THEN {_AGO} END",
        )


def _logs() -> None:
    for seq in range(1, EVENTS_EACH + 1):
        _insert(
            "autodoctor_sessions.SessionEvent",
            SESSIONS,
            session_id=_SESSION,
            seq=str(seq),
            kind="'message.sent'",
            audience="'all'",
            at=_AGO,
        )


def _alerts() -> None:
    _insert(
        "autodoctor_sessions.Alert",
        SESSIONS,
        session_id=_SESSION,
        seq="1",
        rule="'session.unnoticed'",
        raised_at=_AGO,
        done_at=f"CASE WHEN n < 5 THEN NULL ELSE {_AGO} END",
    )


def _files() -> None:
    _insert(
        "files.StoredFile",
        SESSIONS * 2,
        id="md5('file' || n)::uuid",
        owner_id=f"md5('session' || 1 + n % {SESSIONS})::uuid",
        uploader_id=_CUSTOMER,
        key="to_char(now() - n * interval '30 minutes', 'YYYYMMDDHH24') || '/' || md5(n::text)",
        thumbnail_key="to_char(now() - n * interval '30 minutes', 'YYYYMMDDHH24') || '/' || md5('t' || n)",
        created_at="now() - n * interval '30 minutes'",
    )


def _payments() -> None:
    _insert(
        "payments.Payment",
        SESSIONS,
        id=_PAYMENT,
        owner_id=_SESSION,
        payer_id=_CUSTOMER,
        purpose="'booking'",
        state="'captured'",
        amount_cents="2999",
        due_cents="2999",
        captured_cents="2999",
        currency="'usd'",
        checkout_id="'cs_' || n",
        intent_id="'pi_' || n",
        charge_id="'ch_' || n",
        created_at=_AGO,
        authorized_at=_AGO,
        closed_at=_AGO,
        decided_at=_AGO,
    )


def _refunds_and_disputes() -> None:
    _insert(
        "payments.Refund",
        SESSIONS,
        id="md5('refund' || n)::uuid",
        amount_cents="100",
        state="'issued'",
        stripe_id="'re_' || n",
        created_at=_AGO,
        payment_id=_PAYMENT,
    )
    _insert(
        "payments.Dispute",
        SESSIONS // 10,
        stripe_id="'dp_' || n",
        opened_at=_AGO,
        closed_at=_AGO,
        amount_cents="2999",
        payment_id=_PAYMENT,
    )


def _earnings() -> None:
    _insert(
        "payments.Earning",
        SESSIONS,
        id="md5('earning' || n)::uuid",
        mechanic_id=_MECHANIC,
        share_percent="70",
        currency="'usd'",
        gross_cents="2999",
        transferred_cents="2099",
        settled="true",
        completed_at=_AGO,
        payable_at=_AGO,
        created_at=_AGO,
        payment_id=_PAYMENT,
    )
    _insert(
        "payments.Movement",
        SESSIONS,
        id="md5('movement' || n)::uuid",
        earning_id="md5('earning' || n)::uuid",
        kind="'transfer'",
        state="'done'",
        amount_cents="2099",
        stripe_id="'tr_' || n",
        created_at=_AGO,
        done_at=_AGO,
    )


def _news_of_stripe() -> None:
    _insert(
        "payments.StripeEvent", SESSIONS * 2, id="'evt_' || n", received_at=_AGO, processed_at=_AGO, payment_id=None
    )


def _papers() -> None:
    _insert("summaries.Summary", SESSIONS, session_id=_SESSION, author_id=_MECHANIC, submitted_at=_AGO, mailed_at=_AGO)
    _insert("booking.Booking", SESSIONS, customer_id=_CUSTOMER, key="md5('booking' || n)::uuid", session_id=_SESSION)
    _insert("support.StaffAction", SESSIONS, kind="'job.retried'", at=_AGO, by_id=_CUSTOMER, subject="'job:' || n")


def _questions() -> None:
    """Most of members: a visitor's is deleted some time after its end."""
    _insert(
        "conversations.Conversation",
        SESSIONS,
        id="md5('question' || n)::uuid",
        asker="'customer'",
        person_id=_CUSTOMER,
        topic="'account'",
        client_id="md5('asked' || n)::uuid",
        state="CASE WHEN n < 5 THEN 'open' ELSE 'closed' END",
        state_at=_AGO,
        created_at=_AGO,
        seq="2",
    )
    for seq in (1, 2):
        _insert(
            "conversations.Entry",
            SESSIONS,
            conversation_id="md5('question' || n)::uuid",
            seq=str(seq),
            kind="'help.asked'",
            at=_AGO,
        )


def _insert(label: str, count: int, **given: str | None) -> None:
    """Insert rows 1 to `count`, `n` in the expressions; what is not given is null, empty or zero."""
    model = apps.get_model(label)
    columns: dict[str, str | None] = {
        str(field.column): given.get(str(field.column)) or _default(field)
        for field in model._meta.concrete_fields
        if not isinstance(field, models.BigAutoField | models.GeneratedField) or field.column in given
    }
    names, values = ", ".join(columns), ", ".join(value or "NULL" for value in columns.values())
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({names}) SELECT {values} FROM generate_series(1, {count}) AS n"
        )


def _default(field: "models.Field[object, object]") -> str | None:
    if field.null:
        return None
    if isinstance(field, models.ForeignKey):
        return _default(field.target_field)
    return next(value for kind, value in _DEFAULTS.items() if isinstance(field, kind))
