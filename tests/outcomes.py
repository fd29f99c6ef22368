"""How the parts of a run came out."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """The result of a part, with its wall seconds and the CPU seconds of its processes."""

    name: str
    verdict: str
    seconds: float
    cpu_seconds: float


def exit_code(outcomes: Sequence[Outcome]) -> int:
    return 1 if any(outcome.verdict == "FAILED" for outcome in outcomes) else 0


def report(outcomes: Sequence[Outcome], seconds: float) -> None:
    print(f"\n{'part':<14}{'verdict':<10}{'seconds':>8}{'CPU seconds':>13}")
    for each in outcomes:
        print(f"{each.name:<14}{each.verdict:<10}{each.seconds:>8.0f}{each.cpu_seconds:>13.0f}")
    print(f"All in {seconds:.0f} s")
    passed, failed, skipped = (
        sum(each.verdict == verdict for each in outcomes) for verdict in ("passed", "FAILED", "left out")
    )
    print(f"steps: {passed} passed, {failed} failed, {skipped} skipped")
