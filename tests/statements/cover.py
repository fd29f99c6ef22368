"""Which tests execute everything."""

from collections.abc import Iterable

from tests.statements.recorded import Recorded

LEAST_SECONDS = 0.02  # the least cost of a test
KEPT = 0.5  # factor for listed tests: a new statement should add a line, not change the whole list


def statements(ran: Iterable[Recorded]) -> set[str]:
    """What has to run on PostgreSQL. Tests that run there in any case prove their own, which chance may change."""
    return {statement for one in ran if not one.always for statement in one.statements}


def never_ran(sqlite: list[Recorded], postgres: list[Recorded]) -> dict[str, str]:
    """Return each statement that did not run on PostgreSQL, and a test that executes it."""
    seen = {statement for one in postgres for statement in one.statements}
    tests = sorted((one for one in sqlite if not one.always), key=lambda one: one.test, reverse=True)
    return {statement: one.test for one in tests for statement in one.statements - seen}


def cover(ran: list[Recorded], *, listed: set[str]) -> set[str]:
    """The most statements for the least time, again and again, until there is none left."""
    candidates = {one.test: one for one in ran if not one.always}
    price = {name: _price(one, listed) for name, one in candidates.items()}
    left, chosen = statements(ran), set[str]()
    while left:
        best = max(candidates.values(), key=lambda one: (len(one.statements & left) / price[one.test], one.test))
        chosen.add(best.test)
        left -= best.statements
    return _needed(chosen, candidates, price)


def _price(one: Recorded, listed: set[str]) -> float:
    return max(one.seconds, LEAST_SECONDS) * (KEPT if one.test in listed else 1)


def _needed(chosen: set[str], candidates: dict[str, Recorded], price: dict[str, float]) -> set[str]:
    """Return the tests without those whose statements all occur in tests chosen later."""
    needed = set(chosen)
    for name in sorted(chosen, key=lambda name: (-price[name], name)):
        others = frozenset[str]().union(*(candidates[other].statements for other in needed - {name}))
        if candidates[name].statements <= others:
            needed.remove(name)
    return needed
