"""How many examples a property tries."""

from hypothesis import settings


def examples(wanted: int) -> int:
    """As many of a hundred as the profile of this run tries; at least five, so that steps meet each other."""
    return max(5, wanted * settings().max_examples // 100)
