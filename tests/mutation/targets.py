"""Whose mutants are made, and the tests that are to notice them, the quickest first."""

_SESSIONS, _PAYMENTS = "autodoctor/sessions/tests/", "autodoctor/payments/tests/"

TESTS: dict[str, list[str]] = {
    "autodoctor.sessions.rules.settlement": [
        f"{_SESSIONS}test_settlement.py",
    ],
    "autodoctor.sessions.states": [
        f"{_SESSIONS}test_states.py",
        f"{_SESSIONS}test_transitions.py",
    ],
    "autodoctor.sessions.rules.triggers": [
        f"{_SESSIONS}test_triggers.py",
        f"{_SESSIONS}test_schedule.py",
        f"{_SESSIONS}test_rules.py",
        f"{_SESSIONS}test_fair_clock.py",
        f"{_SESSIONS}test_media.py",
        f"{_SESSIONS}test_end_waits.py",
        f"{_SESSIONS}test_extensions.py",
    ],
    "autodoctor.sessions.lifecycle.fair_clock": [
        f"{_SESSIONS}test_triggers.py",
        f"{_SESSIONS}test_lost_time.py",
        f"{_SESSIONS}test_fair_clock.py",
        f"{_SESSIONS}test_media.py",
        f"{_SESSIONS}test_end_waits.py",
        f"{_SESSIONS}test_extensions.py",
    ],
    "autodoctor.payments.ledger": [
        f"{_PAYMENTS}test_ledger_extensions.py",
        f"{_PAYMENTS}test_ledger.py",
        f"{_PAYMENTS}test_payment_sync.py",
        f"{_PAYMENTS}test_saved_card.py",
        f"{_PAYMENTS}test_disputes.py",
        f"{_SESSIONS}test_extensions.py",
    ],
    "autodoctor.payments.payment_sync": [
        f"{_PAYMENTS}test_payment_sync_details.py",
        f"{_PAYMENTS}test_payment_sync.py",
        f"{_PAYMENTS}test_saved_card.py",
        f"{_PAYMENTS}test_disputes.py",
        f"{_PAYMENTS}test_jobs.py",
        f"{_PAYMENTS}test_ledger.py",
    ],
    "autodoctor.room.wire.protocol": [
        "autodoctor/room/tests/test_protocol.py",
    ],
}
