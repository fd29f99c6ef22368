"""A pytest plugin that makes the mutants of a module and runs the chosen tests against each.

The tests run once, to record the lines that each test executes. Then each mutant gets a fork of this process, with the
fault in the existing functions. Only mutants of module-level code need a new process.
"""

import gc
import os
import resource
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from tests.mutation.mutants import Mutant, Mutants

MODULE = os.environ["MUTATE_MODULE"]
FILE = Path(*MODULE.split(".")).with_suffix(".py").resolve()
CPU_SECONDS, SECONDS = 60, 600  # a fault that takes longer is noticed by that

mutants = Mutants(FILE.read_text(), str(FILE))


def chosen() -> list[Mutant]:
    numbers = {int(number) for number in os.environ["MUTATE_SOME"].split()}
    return [mutant for mutant in mutants.all if not numbers or mutant.number in numbers]


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    passes = lines_of_tests(session.items)
    assert functions(), "no fault could be put in: every mutant would survive"
    assert not in_child(partial(finds_nothing, None, passes[:1])), "a fork fails without any fault"
    for mutant in chosen():
        if mutant.place.in_function:
            tell(mutant, noticed=in_child(partial(finds_nothing, mutant, passes)))
    return True


def tell(mutant: Mutant, *, noticed: bool) -> None:
    print(f"{'killed  ' if noticed else 'survived'} {mutant}", flush=True)


def lines_of_tests(items: list[pytest.Item]) -> list[tuple[pytest.Item, set[int]]]:
    """The lines of the module that each test comes by, all of which must pass without a fault."""
    found = []
    for item in items:
        lines: set[int] = set()
        with_lines(lines, True)
        try:
            passed = passes_alone(item)
        finally:
            with_lines(lines, False)
        assert passed, f"{item.nodeid} fails without any fault"
        found.append((item, lines))
        if len(found) == 1:
            keep_the_database()
    return found


def with_lines(lines: set[int], collect: bool) -> None:
    def of_module(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename != mutants.filename:
            return None
        lines.add(frame.f_lineno)
        return of_module

    sys.settrace(of_module if collect else None)
    threading.settrace(of_module if collect else None)


def passes_alone(item: pytest.Item) -> bool:
    """Run a test and tear down its fixtures, except those of the whole run, because any test may follow."""
    reports = runtestprotocol(item, log=False, nextitem=item.session)  # type: ignore[arg-type]
    return not any(report.failed for report in reports)


def in_child(finds_nothing: Callable[[], bool]) -> bool:
    """Whether it notices the fault: a fork fails, is killed or runs out of time."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] != 0
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        signal.alarm(SECONDS)
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        code = 0 if finds_nothing() else 1
    finally:  # whatever is raised is not raised without the fault
        os._exit(code)


def finds_nothing(mutant: Mutant | None, passes: list[tuple[pytest.Item, set[int]]]) -> bool:
    with_own_database()
    put_into_functions(mutants.compiled(mutant))
    return all(passes_alone(item) for item, lines in passes if not mutant or lines.intersection(mutant.place.lines))


def database() -> Path:
    """The test database of this process, if any test has asked for one."""
    from django.db import connection

    connection.close()
    return Path(connection.settings_dict["NAME"])


def keep_the_database() -> None:
    """Copy the migrated database: tests with real transactions empty it at their end."""
    if database().is_file():
        shutil.copy(database(), database().with_name("kept.sqlite3"))


def with_own_database() -> None:
    """Give the fork a database of its own, and drop the parent's server threads."""
    from django.db import connection

    from tests.kit import stripe_sandbox

    stripe_sandbox._shared.clear()
    if (kept := database().with_name("kept.sqlite3")).is_file():
        connection.settings_dict["NAME"] = str(kept.with_name(f"mutant-{os.getpid()}.sqlite3"))
        shutil.copy(kept, connection.settings_dict["NAME"])


def put_into_functions(module: CodeType) -> None:
    codes = {(code.co_qualname, code.co_firstlineno): code for code in _nested(module)}
    for function in functions():
        function.__code__ = codes[(function.__code__.co_qualname, function.__code__.co_firstlineno)]


def functions() -> list[FunctionType]:
    gc.unfreeze()  # the collector does not list what it was told to leave alone
    found = [each for each in gc.get_objects() if type(each) is FunctionType]
    return [each for each in found if each.__code__.co_filename == mutants.filename]


def _nested(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _nested(constant)
