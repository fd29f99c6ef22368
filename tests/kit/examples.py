"""The number of examples of a property test."""

from hypothesis import settings


def examples(wanted: int) -> int:
    """Scale `wanted` by the profile of this run, in percent; at least five, so that steps can combine."""
    return max(5, wanted * settings().max_examples // 100)
