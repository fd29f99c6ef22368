"""Waiting times outside the rules of a session, in seconds, and the overrides from `DEADLINES` in the environment.

The waiting time of a rule stands in its row of `sessions/rules/table.py`.
"""

from autodoctor.core.env import exit_with

DEFAULT_SECONDS: dict[str, float] = {
    "checkout": 30 * 60,
    "card_entry": 15 * 60,
    "earning_wait": 24 * 60 * 60,
    "earning_wait_at_risk": 7 * 24 * 60 * 60,
    "alert_untaken": 3 * 60,
    "help_unconfirmed": 24 * 60 * 60,
    "help_overdue": 4 * 60 * 60,
    "help_idle": 7 * 24 * 60 * 60,
    "help_expired": 90 * 24 * 60 * 60,
    "lease": 30,
    "lease_renewal": 10,
    "sweep": 5 * 60,
}


def read_deadlines(given: object) -> dict[str, float]:
    """Return the defaults and the overrides, those of rules included. Unknown names are reported later."""
    if not isinstance(given, dict) or not all(_is_seconds(value) for value in given.values()):
        exit_with("DEADLINES in the environment is not a JSON object of names and seconds.")
    return DEFAULT_SECONDS | given


def name_problem(given: dict[str, float], *, of_rules: set[str]) -> str:
    """A sentence about waiting times that are named and do not exist; empty when all of them exist."""
    unknown = sorted(given.keys() - DEFAULT_SECONDS.keys() - of_rules)
    return f"DEADLINES in the environment names what no rule waits for: {', '.join(unknown)}." if unknown else ""


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
