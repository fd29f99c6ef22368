"""How long everything waits that is no rule of a session, in seconds, and what `DEADLINES` in the environment says.

The waiting times of the rules stand in `sessions/rules/table.py`, one a row.
"""

from autodoctor.core.env import exit_with

DEFAULT_SECONDS: dict[str, float] = {
    "checkout": 30 * 60,
    "earning_wait": 24 * 60 * 60,
    "alert_untaken": 3 * 60,
    "lease": 30,
    "lease_renewal": 10,
    "sweep": 5 * 60,
}


def read_deadlines(given: object) -> dict[str, float]:
    """The defaults, and what was given instead of them and of those of rules; the names are checked later."""
    if not isinstance(given, dict) or not all(_is_seconds(value) for value in given.values()):
        exit_with("DEADLINES in the environment is not a JSON object of names and seconds.")
    return DEFAULT_SECONDS | given


def name_problem(given: dict[str, float], *, of_rules: set[str]) -> str:
    """A sentence about waiting times that are named and do not exist; empty when all of them exist."""
    unknown = sorted(given.keys() - DEFAULT_SECONDS.keys() - of_rules)
    return f"DEADLINES in the environment names what no rule waits for: {', '.join(unknown)}." if unknown else ""


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
