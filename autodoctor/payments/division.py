"""Dividing cents among several people so that no cent is lost and none is made up."""

from collections.abc import Sequence


def divide(cents: int, weights: Sequence[int]) -> list[int]:
    """Return whole cents by weight that add up to `cents`: rounded down, and what is left to the largest remainders.

    The first of equal remainders comes first. Without any weight all of it is the last one's.
    """
    whole = sum(weights)
    if not whole:
        return [*[0] * (len(weights) - 1), cents] if weights else []
    return _rounded([cents * weight for weight in weights], whole)


def round_together(hundredths: Sequence[int]) -> list[int]:
    """Return whole cents of these hundredths of cents, that add up to their sum rounded down."""
    return _rounded(hundredths, 100)


def _rounded(parts: Sequence[int], unit: int) -> list[int]:
    rounded = [part // unit for part in parts]
    by_rest = sorted(range(len(parts)), key=lambda place: -(parts[place] % unit))
    for place in by_rest[: sum(parts) // unit - sum(rounded)]:
        rounded[place] += 1
    return rounded
