"""Years of history on PostgreSQL, so that the planner chooses as it would there."""

from django.apps import apps
from django.db import connection

from autodoctor.accounts.models import User
from autodoctor.health.tests.many_rows import insert

SESSIONS = 30_000
PEOPLE = 20_000
MECHANICS = 200
EVENTS_EACH = 6
PIECES = 5_000  # of sound: one is kept for a day at most

_AGO = "now() - n * interval '1 hour'"  # one session an hour, the newest first
_SESSION = "md5('session' || n)::uuid"
_PAYMENT = "md5('payment' || n)::uuid"
_CUSTOMER = f"md5('person' || {MECHANICS} + 1 + n % {PEOPLE - MECHANICS})::uuid"
_MECHANIC = f"md5('person' || 1 + n % {MECHANICS})::uuid"


def write() -> None:
    """Write the history: sessions that are over, with all that they leave behind."""
    _people()
    _sessions()
    _skills()
    _participants()
    _logs()
    _voices()
    _alerts()
    _files()
    _payments()
    _refunds_and_disputes()
    _earnings()
    _news_of_stripe()
    _papers()
    _questions()
    _garages()
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
        "files_partialupload",  # begun in the last three hours
        "transcripts_piece",  # said within the last day
    }
    small = {
        *("booking_plan", "booking_extensionoption", "autodoctor_sessions_ruletime", "receipts_series"),
        *("django_content_type", "auth_group", "auth_permission"),
        "payments_moneyalarm",  # what stands still now
        "accounts_notify",  # emptied every day
        *("accounts_mechanicprofile", "payments_payoutaccount", "skills_skill", "skills_knownskill"),  # by mechanics
    }
    kept = [model for model in apps.get_models() if model._meta.app_label != "rates"]  # counts expire within hours
    return {model._meta.db_table for model in kept} - of_now - small


def _people() -> None:
    insert(
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
    insert(
        "accounts.MechanicProfile",
        MECHANICS,
        user_id="md5('person' || n)::uuid",
        state="'approved'",
        taking_sessions="n % 4 = 0",
    )
    insert(
        "accounts.Favorite",
        PEOPLE,
        customer_id="md5('person' || n)::uuid",
        mechanic_id=_MECHANIC,
        tell_until="CASE WHEN n % 500 = 0 THEN now() + interval '1 day' END",
    )
    insert("push.PushSubscription", PEOPLE // 2, user_id=_CUSTOMER, endpoint="'https://push.example/' || n")
    insert("sessions.Session", PEOPLE, session_key="md5(n::text)", expire_date="now() + n * interval '1 hour'")


def _sessions() -> None:
    insert(
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
        question_at=f"CASE WHEN n % 5 = 0 THEN {_AGO} END",
        question_over_at=f"CASE WHEN n % 5 = 0 AND n > 40 THEN {_AGO} END",
        follow_up="CASE n % 4 WHEN 0 THEN 'yes' WHEN 1 THEN 'no' ELSE '' END",
        seq=str(EVENTS_EACH),
        trouble_codes="'[]'::jsonb",
        trouble_codes_said="CASE WHEN n < 5 THEN NULL ELSE '[]'::jsonb END",  # those of the last hours are not read
    )


def _skills() -> None:
    """Two makes of each mechanic, and one of each session."""
    make = "(SELECT min(id) FROM skills_skill) + {} % 40"
    for one in ("n", "n + 7"):
        insert("skills.KnownSkill", MECHANICS, mechanic_id="md5('person' || n)::uuid", skill_id=make.format(f"({one})"))
    insert("autodoctor_sessions.NeededSkill", SESSIONS, session_id=_SESSION, skill_id=make.format("n"))


def _participants() -> None:
    for role, person in (("customer", _CUSTOMER), ("mechanic", _MECHANIC)):
        insert(
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
        insert(
            "autodoctor_sessions.SessionEvent",
            SESSIONS,
            session_id=_SESSION,
            seq=str(seq),
            kind="'message.sent'",
            audience="'all'",
            at=_AGO,
        )


def _voices() -> None:
    """Who agreed to a transcript and what they said, and the sound of the last day."""
    for role, person in (("customer", _CUSTOMER), ("mechanic", _MECHANIC)):
        insert("transcripts.Voice", SESSIONS, session_id=_SESSION, user_id=person, role=f"'{role}'")
    first = "(SELECT min(id) FROM transcripts_voice)"
    insert("transcripts.Line", SESSIONS, session_id=_SESSION, voice_id=f"{first} - 1 + n", at=_AGO, text="'Hm'")
    insert(
        "transcripts.Piece",
        PIECES,
        voice_id=f"{first} + n % 48",
        number="n",
        key="'voices/' || n",
        sent_at="now() - n * interval '15 seconds'",
    )


def _alerts() -> None:
    insert(
        "autodoctor_sessions.Alert",
        SESSIONS,
        session_id=_SESSION,
        seq="1",
        rule="'session.unnoticed'",
        raised_at=_AGO,
        done_at=f"CASE WHEN n < 5 THEN NULL ELSE {_AGO} END",
    )


def _files() -> None:
    insert(
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
    insert(
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
    insert(
        "payments.Refund",
        SESSIONS,
        id="md5('refund' || n)::uuid",
        amount_cents="100",
        state="'issued'",
        stripe_id="'re_' || n",
        created_at=_AGO,
        payment_id=_PAYMENT,
    )
    insert(
        "payments.Dispute",
        SESSIONS // 10,
        stripe_id="'dp_' || n",
        opened_at=_AGO,
        closed_at=_AGO,
        amount_cents="2999",
        payment_id=_PAYMENT,
    )


def _earnings() -> None:
    insert(
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
    insert(
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
    insert("payments.StripeEvent", SESSIONS * 2, id="'evt_' || n", received_at=_AGO, processed_at=_AGO, payment_id=None)


def _papers() -> None:
    insert("summaries.Summary", SESSIONS, session_id=_SESSION, author_id=_MECHANIC, submitted_at=_AGO, mailed_at=_AGO)
    insert("summaries.Part", SESSIONS, summary_id=_SESSION, name="'Clamp'", quantity="1")
    insert(
        "summaries.Correction", SESSIONS // 10, summary_id=_SESSION, number="1", author_id=_MECHANIC, written_at=_AGO
    )
    insert(
        "receipts.Document",
        SESSIONS,
        id="md5('paper' || n)::uuid",
        kind="'receipt'",
        year="2026",
        serial="n",
        session_id=_SESSION,
        currency="'usd'",
        issued_at=_AGO,
    )
    insert("booking.Booking", SESSIONS, customer_id=_CUSTOMER, key="md5('booking' || n)::uuid", session_id=_SESSION)
    insert("support.StaffAction", SESSIONS, kind="'job.retried'", at=_AGO, by_id=_CUSTOMER, subject="'job:' || n")


def _garages() -> None:
    """A car for each session, which is about it."""
    car = "md5('car' || n)::uuid"
    insert("booking.Vehicle", SESSIONS, id=car, owner_id=_CUSTOMER, vin="'VIN' || n", used_at=_AGO)
    insert("booking.VehicleSession", SESSIONS, session_id=_SESSION, vehicle_id=car, booked_at=_AGO)
    insert("booking.MileageReading", SESSIONS, vehicle_id=car, session_id=_SESSION, mileage="n", read_at=_AGO)
    insert(
        "garage.Advice",
        SESSIONS,
        id="md5('advice' || n)::uuid",
        car_id=car,
        summary_id=_SESSION,
        words="'Replace the clamp'",
        given_at=_AGO,
        done_at=f"CASE WHEN n % 3 = 0 THEN NULL ELSE {_AGO} END",
    )
    link = "md5('link' || n)::uuid"
    insert("garage.SharedLink", SESSIONS, id=link, car_id=car, token_hash="'hash' || n", made_at=_AGO, ends_at=_AGO)
    insert("handover.Handover", SESSIONS, id=car, session_id=_SESSION, person_id=_CUSTOMER, code_hash="'c' || n")
    insert("garage.SharedFile", SESSIONS, link_id=link, file_id="md5('file' || n)::uuid")


def give_a_garage(owner: User) -> None:
    """Give a person a car with what thirty years leave behind."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE booking_vehicle SET owner_id = %s, used_at = now() WHERE id = md5('car1')::uuid", [owner.pk]
        )
        cursor.execute(
            "UPDATE autodoctor_sessions_session SET end_reason = 'time_up'"
            " WHERE id IN (SELECT md5('session' || n)::uuid FROM generate_series(1, 300) AS n)"
        )
        for table, column in (
            ("booking_vehiclesession", "vehicle_id"),
            ("booking_mileagereading", "vehicle_id"),
            ("garage_advice", "car_id"),
        ):
            cursor.execute(
                f"UPDATE {table} SET {column} = md5('car1')::uuid"
                f" WHERE {column} IN (SELECT md5('car' || n)::uuid FROM generate_series(1, 300) AS n)"
            )


def _questions() -> None:
    """Most of members: a visitor's is deleted some time after its end."""
    insert(
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
        insert(
            "conversations.Entry",
            SESSIONS,
            conversation_id="md5('question' || n)::uuid",
            seq=str(seq),
            kind="'help.asked'",
            at=_AGO,
        )
