"""Runs the checks and the tests, part by part, for `bin/check` and `bin/test`: see docs/testing.md."""

import json
import os
import resource
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path

from tests import lanes, sheet
from tests.compiling import compile_once
from tests.faltering import faltering
from tests.kit import node_packages, orphans
from tests.outcomes import Outcome, exit_code, report
from tests.selection import AGAINST_SERVERS, WITH_BROWSERS, files

ROOT = Path(__file__).resolve().parents[1]
PYTHON = sys.executable
CORES = os.cpu_count() or 1
WORKERS = min(CORES, 4)
# Lists of parts that run side by side: what waits in one leaves the cores to the others. The last computes all the time
# and yields to the others, which wait for pages and for each other: none of them then goes on alone at the end.
LANES = (("browser",), ("checks", "static", "processes"), ("sqlite", "postgres", "statements"))
# One worker more for tests that wait for pages and deadlines, unless the other lane uses that time.
ONE_MORE = ("--numprocesses", str(WORKERS + (lanes.OUTCOMES not in os.environ)))
BY_FILE = ("--dist", "loadfile", "--no-loadscope-reorder")  # in the order given, not those with the most tests first
IN_CI = os.environ.get("CI") == "true"
# There a job ends after ten minutes, without a report: a test that hangs has to fail sooner.
LIMIT = ("--longest", "480") if IN_CI else ()
# Settings of the person who runs the tests must not reach in.
FOREIGN_SETTINGS = (
    *("DATABASE_URL", "CLOCK_DATABASE_URL", "DIRECT_DATABASE_URL", "REDIS_URL"),
    *("PORT", "SITE_URL", "SECRET_KEY", "EMAIL_URL", "DEADLINES", "STRIPE_SECRET_KEY"),
    *("STRIPE_WEBHOOK_SECRET", "STRIPE_API_BASE", "STUN_URLS", "TURN_URLS", "TURN_SECRET", "TURN_TTL", "TURN_ONLY"),
    "BUNDLED_SCRIPTS",
    "PYTHONDONTWRITEBYTECODE",  # each worker would compile every test anew: 15 s of its processor
)
PRODUCTION = {
    "DEBUG": "0",
    "SITE_URL": "https://autodoctor.example",
    "STRIPE_SECRET_KEY": "sk_live_none",
    "STRIPE_WEBHOOK_SECRET": "whsec_none",
    "CRON_SECRET": "none",
    "ENCRYPTION_KEYS": "A" * 43 + "=",
    "EMAIL_URL": "smtp://localhost:25",
}
USAGE = """usage: bin/test                        every check and every test
       bin/test quick                  before each commit: checks, quick tests, one journey
       bin/test PATH [pytest options]  only these tests; --headed shows a journey in a visible browser, slowly
       bin/test sheet [PATH]           the room in every state on every screen: its pictures on one page
       bin/test part NAME [options]    one part of: {parts}
       bin/test faltering NAME         a part, while its processes stand still for moments, as on a busy machine
       bin/test chaos [options]        people talk and pay while everything is killed and started again
       bin/test nightly                every test on every database, by cold starts, with new random examples
       bin/test cover                  choose anew which tests run on PostgreSQL
       bin/test looks                  record anew which pages have been measured
       bin/test coverage               the lines and branches that the tests run, but for those in a browser"""
JOURNEYS = "tests/journeys"
SCREENS = "tests/journeys/test_screens.py"
SMOKE = "tests/journeys/test_chat_session.py::test_a_chat_session_goes_from_the_intake_to_the_summary"
FIREFOX = "tests/journeys/test_firefox.py"
SCRIPTS = ("autodoctor/**/static/**/*.js", "autodoctor/sandbox/scripts/*.js")
SLOWLY = ("-m", "browser", "--slowmo", "300")  # milliseconds after each step, for a person to follow
WITHOUT_SERVERS = (
    *("autodoctor", "tests", "--ignore=tests/journeys", "--ignore=tests/faults", "--ignore=tests/attacks"),
    "--ignore=tests/deployment",
    *("-m", "not browser"),
)
RECORDED = ROOT / ".artifacts" / "statements"
MEASURED = ROOT / ".artifacts" / "coverage"

Part = Callable[[Sequence[str]], bool]


class Unavailable(Exception):
    """This machine lacks something that a part needs; the message names it."""


def main(arguments: Sequence[str]) -> int:
    os.chdir(ROOT)
    for name in FOREIGN_SETTINGS:
        os.environ.pop(name, None)
    command, *options = arguments or ["everything"]
    return COMMANDS[command](options) if command in COMMANDS else only(arguments)


def everything(_: Sequence[str] = ()) -> int:
    begun = time.monotonic()
    outcomes = lanes.side_by_side(*LANES)
    report(outcomes, time.monotonic() - begun)
    return exit_code(outcomes)


def quickly(_: Sequence[str] = ()) -> int:
    return run("checks", "quick", "smoke")


def nightly(_: Sequence[str] = ()) -> int:
    os.environ["COLD_STARTS"] = os.environ["NEW_EXAMPLES"] = os.environ["EVERY_LOOK"] = "1"
    on_databases = ("sqlite", "postgres-all", "walled")
    return run("checks", "static", *on_databases, "browser", "processes", "deployment", "chaos", "storm")


def with_coverage(_: Sequence[str] = ()) -> int:
    os.environ["COVERAGE"] = "1"
    shutil.rmtree(MEASURED, ignore_errors=True)
    return run("sqlite", "postgres", "processes", "coverage")


def one_part(arguments: Sequence[str]) -> int:
    name, *options = arguments or ["none"]
    return run(name, options=options) if name in PARTS else usage()


def one_part_faltering(arguments: Sequence[str]) -> int:
    with faltering():
        return one_part(arguments)


def one_lane(names: Sequence[str]) -> int:
    """Run these parts one after the other, for `lanes.side_by_side`."""
    return run(*names)


def usage(_: Sequence[str] = ()) -> int:
    print(USAGE.format(parts=", ".join(PARTS)))
    return 2


def run(*names: str, options: Sequence[str] = ()) -> int:
    """Run every part, also after a failed one. Returns the exit code."""
    begun = time.monotonic()
    orphans.adopt()
    with _own_data():
        outcomes = [_run(name, options) for name in names]
    if into := os.environ.get(lanes.OUTCOMES):
        Path(into).write_text(json.dumps([astuple(outcome) for outcome in outcomes]))
    else:
        report(outcomes, time.monotonic() - begun)
    return exit_code(outcomes)


def only(arguments: Sequence[str]) -> int:
    """Run the tests at these paths, in one process unless the options say otherwise."""
    slowly = SLOWLY if "--headed" in arguments else ()
    return _call(PYTHON, "-m", "pytest", *slowly, *arguments)


def picture_sheet(arguments: Sequence[str]) -> int:
    """Keep every picture of these journeys, and lay all of them out on one page for a person to look at."""
    shutil.rmtree(sheet.PICTURES, ignore_errors=True)
    os.environ["PICTURES"] = "1"
    code = only(arguments or [SCREENS])
    print(f"Look at {sheet.write()}")
    return code


def checks(_: Sequence[str] = ()) -> bool:
    """Run the checks in parallel: the type checker uses one core, the others share the rest.

    Those that import the product come last: another lane may be compiling it, see `compiling.py`.
    """
    commands = {
        "types": [PYTHON, "-m", "mypy"],
        "types of scripts": node_packages.command("tsc", "--project", "."),
        "lint of scripts": node_packages.command("eslint", "--max-warnings", "0", *SCRIPTS),
        "format of scripts and styles": node_packages.command("prettier", "--check", "."),
        "format of templates": [PYTHON, "-m", "tests.template_format"],
        "lint": [PYTHON, "-m", "ruff", "check", "."],
        "format": [PYTHON, "-m", "ruff", "format", "--check", "."],
        "imports": [str(Path(PYTHON).with_name("lint-imports"))],
        "migrations": [PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"],
        "locks of migrations": [PYTHON, "-m", "tests.migration_locks"],
        "production settings": [PYTHON, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
    }
    with ThreadPoolExecutor(max(CORES, 2)) as pool:
        return all(list(pool.map(_check, commands, commands.values())))


def static_files(_: Sequence[str] = ()) -> bool:
    """Check that every file that a page names exists under its hashed name, bundles included."""
    collect = [PYTHON, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
    return _check("bundles", [PYTHON, "manage.py", "bundle"]) and _check("static files", collect)


def quick(options: Sequence[str] = ()) -> bool:
    return _tests(*WITHOUT_SERVERS, "--quick", *options)


def sqlite(options: Sequence[str] = ()) -> bool:
    return _tests(*WITHOUT_SERVERS, *_records("sqlite"), *options)


def postgres(options: Sequence[str] = ()) -> bool:
    """Run the tests that need PostgreSQL: see tests/statements."""
    return _on_postgres("--postgres-part", *_records("postgresql"), *options)


def all_on_postgres(options: Sequence[str] = ()) -> bool:
    return _on_postgres(*options)


def walled(options: Sequence[str] = ()) -> bool:
    """Run the tests of the product's parts as a role that owns nothing: see tests/kit/walled.py."""
    os.environ["WALLED"] = "1"
    try:
        return _on_postgres("--postgres-part", *options)
    finally:
        del os.environ["WALLED"]


def statements(_: Sequence[str] = ()) -> bool:
    """Check that every statement that ran on SQLite has run on PostgreSQL."""
    return _call(PYTHON, "-m", "tests.statements", "check", str(RECORDED)) == 0


def smoke(options: Sequence[str] = ()) -> bool:
    _need("chromium", "Chromium")
    return _tests(SMOKE, "-m", "browser", *options)


def browser(options: Sequence[str] = ()) -> bool:
    _need("chromium", "Chromium")
    _want("turn", "nginx", "pgbouncer")
    has_firefox = _call(PYTHON, "-m", "tests.kit.firefox") == 0
    without = () if has_firefox or IN_CI else ("--deselect", FIREFOX)  # in continuous integration they fail
    return _tests(*files(WITH_BROWSERS), *BY_FILE, "-m", "browser", *without, *ONE_MORE, *options)


def processes(options: Sequence[str] = ()) -> bool:
    _want("turn", "nginx", "caddy", "pgbouncer")
    return _tests(*files(AGAINST_SERVERS), *BY_FILE, "-m", "not browser", *ONE_MORE, *options)


def deployment(options: Sequence[str] = ()) -> bool:
    return _tests("tests/deployment", *BY_FILE, *options)


def chaos(options: Sequence[str] = ()) -> bool:
    _need("pgbouncer", "PgBouncer")
    os.environ["DJANGO_SETTINGS_MODULE"] = "autodoctor.settings"
    return _call(PYTHON, "-m", "tests.chaos", *options) == 0


def storm(options: Sequence[str] = ()) -> bool:
    """2,000 pages lose their server at once: all come back, and nothing is lost. How fast is for `bin/bench storm`."""
    crowd = ("--clients", "2000", "--processes", "2", "--how", "killed", "--seconds", "5", "--no-peer")
    return _call(PYTHON, "-m", "bench.storm", *crowd, *options) == 0


def only_chaos(options: Sequence[str]) -> int:
    return run("chaos", options=options)


def choose_cover(_: Sequence[str] = ()) -> int:
    """Choose again which tests run on PostgreSQL."""
    return _call(PYTHON, "-m", "tests.statements", "cover", str(RECORDED)) if sqlite() else 1


def record_looks(_: Sequence[str] = ()) -> int:
    """Record again which pages have been measured, see tests/journeys/measured.py."""
    shutil.rmtree(ROOT / ".artifacts" / "looks", ignore_errors=True)
    return run("browser") or _call(PYTHON, "-m", "tests.journeys.measured")


def coverage(_: Sequence[str] = ()) -> bool:
    """Report the coverage of all parts that ran with `COVERAGE=1`. Fails below the minimum of pyproject.toml."""
    combined = _call(PYTHON, "-m", "coverage", "combine", "--quiet", "--keep", str(MEASURED)) == 0
    return combined and _call(PYTHON, "-m", "coverage", "report") == 0


PARTS: dict[str, Part] = {
    "checks": checks,
    "static": static_files,
    "sqlite": sqlite,
    "postgres": postgres,
    "statements": statements,
    "coverage": coverage,
    "browser": browser,
    "processes": processes,
    "quick": quick,
    "smoke": smoke,
    "postgres-all": all_on_postgres,
    "walled": walled,
    "chaos": chaos,
    "storm": storm,
    "deployment": deployment,
}
COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "everything": everything,
    "quick": quickly,
    "nightly": nightly,
    "sheet": picture_sheet,
    "part": one_part,
    "faltering": one_part_faltering,
    "lane": one_lane,
    "chaos": only_chaos,
    "cover": choose_cover,
    "looks": record_looks,
    "coverage": with_coverage,
    "help": usage,
    "--help": usage,
}


def _tests(*arguments: str) -> bool:
    return _call(*_pytest(), *arguments) == 0


def _pytest() -> list[str]:
    compile_once()
    measured = ["-m", "coverage", "run"] if os.environ.get("COVERAGE") == "1" else []
    return [PYTHON, *measured, "-m", "pytest", "--quiet", "--numprocesses", str(WORKERS), *LIMIT]


def _on_postgres(*options: str) -> bool:
    if _call(PYTHON, "-m", "tests.kit.postgres", "true"):
        raise Unavailable("PostgreSQL does not start here: see above.")
    return _call(PYTHON, "-m", "tests.kit.postgres", *_pytest(), *WITHOUT_SERVERS, *options) == 0


def _records(vendor: str) -> list[str]:
    for old in RECORDED.glob(f"{vendor}-*"):
        old.unlink()
    return ["--statements", str(RECORDED)]


def _need(module: str, name: str) -> None:
    """Finds a program, or installs it where it can. Raises `Unavailable`."""
    if _call(PYTHON, "-m", f"tests.kit.{module}"):
        raise Unavailable(f"There is no {name}, and none to be had.")


def _want(*modules: str) -> None:
    """Find services, or install them: without one its tests are left out, but in continuous integration."""
    for module in modules:
        if _call(PYTHON, "-m", f"tests.kit.{module}") and IN_CI:
            raise Unavailable("Its tests must not be left out here.")


def _call(*command: str) -> int:
    return subprocess.run(command, check=False).returncode


def _check(name: str, command: Sequence[str]) -> bool:
    """Says nothing but how long it took, unless something is wrong."""
    begun = time.monotonic()
    own = (
        PRODUCTION | {"SECRET_KEY": secrets.token_urlsafe(64)}
        if name in {"production settings", "bundles", "static files"}
        else {}
    )
    done = subprocess.run(command, env=os.environ | own, capture_output=True, text=True, check=False)
    wrong = done.returncode != 0
    print(f"{name}: {'FAILED' if wrong else 'passed'} in {time.monotonic() - begun:.1f} s", flush=True)
    if wrong:
        print(done.stdout + done.stderr, flush=True)
    return not wrong


@contextmanager
def _own_data() -> Iterator[None]:
    with tempfile.TemporaryDirectory(prefix="autodoctor-checks-") as data:
        os.environ |= {"AUTODOCTOR_DATA": data, "DEBUG": "1"}
        yield


def _run(name: str, options: Sequence[str]) -> Outcome:
    print(f"\n=== {name}", flush=True)
    begun, cpu = time.monotonic(), _cpu_seconds()
    try:
        verdict = "passed" if PARTS[name](options) else "FAILED"
    except Unavailable as reason:
        print(reason)
        verdict = "FAILED" if IN_CI else "left out"  # never in continuous integration
    outcome = Outcome(name, verdict, time.monotonic() - begun, _cpu_seconds() - cpu)
    print(f"=== {name}: {verdict} in {outcome.seconds:.0f} s", flush=True)
    return outcome


def _cpu_seconds() -> float:
    """Return the CPU time of every process that has ended, those included that somebody killed."""
    orphans.reap()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
