"""What counts as a small fault."""

from tests.mutation.mutants import Mutants

SOURCE = '''"""Words."""

LIMIT = 3


def is_small(number: int, *, strict: bool = True) -> bool:
    """Words."""
    if number < LIMIT and not strict:
        raise ValueError("words")
    return number in {1, 2}
'''


def found(source: str) -> dict[str, set[str]]:
    changes: dict[str, set[str]] = {}
    for mutant in Mutants(source, "sample.py").all:
        changes.setdefault(mutant.was, set()).add(mutant.now)
    return changes


def test_each_differs_in_one_place() -> None:
    assert found(SOURCE) == {
        "3": {"4"},
        "True": {"False"},
        "number < LIMIT and (not strict)": {
            "not (number < LIMIT and (not strict))",
            "number < LIMIT or not strict",
            "number < LIMIT",
            "not strict",
        },
        "number < LIMIT": {"number <= LIMIT", "not number < LIMIT"},
        "raise ValueError('words')": {"pass"},
        "return number in {1, 2}": {"return None"},
        "number in {1, 2}": {"number not in {1, 2}"},
        "{1, 2}": {"{1}", "{2}"},
    }


def test_a_mutant_runs_with_its_fault_and_leaves_the_source_as_it_was() -> None:
    mutants = Mutants(SOURCE, "sample.py")
    (fault,) = [mutant for mutant in mutants.all if mutant.now == "number not in {1, 2}"]
    for code, expected in ((mutants.compiled(fault), False), (mutants.compiled(), True)):
        names: dict[str, object] = {}
        exec(code, names)  # noqa: S102 - our own
        assert names["is_small"](1) is expected  # type: ignore[operator]


def test_only_what_runs_later_takes_hold_without_a_new_import() -> None:
    inside = {mutant.was: mutant.place.in_function for mutant in Mutants(SOURCE, "sample.py").all}
    assert not inside["3"]
    assert not inside["True"]
    assert inside["{1, 2}"]
