"""What row-level security costs: the same pages and messages with and without it, side by side, in turns.

Two servers on one PostgreSQL (durable, without PgBouncer), each with a database of its own and the same story: a live
chat with a long log. The median of all rounds; the last column is with it, compared with without.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.kit.figures import Arguments, Figure
from tests.journeys import quietly
from tests.kit import scene
from tests.kit.postgres import Postgres, postgres
from tests.kit.roles import walled
from tests.kit.scene import Talk
from tests.kit.server import Person, Server, fresh_database, running
from tests.kit.sockets import Socket

MESSAGES = 300  # in the log
IN_FLIGHT = 50  # messages sent before the first answer is read
Work = Callable[[], int]  # returns how many of them it was


def run(arguments: Arguments = None) -> list[Figure]:
    parser = argparse.ArgumentParser(prog="bin/bench rows", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds, found = parser.parse_args(arguments).rounds, list[Figure]()
    with postgres(durable=True) as cluster, ExitStack() as stack:
        plain = stack.enter_context(_plain(cluster))
        wall = stack.enter_context(_walled(cluster))
        sides = [stack.enter_context(_works(server)) for server in (plain, wall)]
        print(f"{'':24}{'without':>10}{'with':>10}{'ratio':>8}")
        for name in sides[0]:
            without, with_ = _compare(sides[0][name], sides[1][name], rounds)
            print(f"{name:24}{without:>7.2f} ms{with_:>7.2f} ms{with_ / without:>8.2f}")
            found.append(Figure(name, "ms", with_, without, "without it"))
    return found


def _compare(one: Work, other: Work, rounds: int) -> tuple[float, float]:
    """Return the milliseconds of each, measured in turns: what else the machine does meets both."""
    taken: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 1):
        for work, times in zip((one, other), taken, strict=True):
            began = time.perf_counter()
            count = work()
            if number:  # the first one warms up
                times.append((time.perf_counter() - began) * 1000 / count)
    return median(taken[0]), median(taken[1])


@contextmanager
def _plain(cluster: Postgres) -> Iterator[Server]:
    with running(database_url=fresh_database(cluster, "plain"), environment={"LIMITS": scene.UNLIMITED}) as server:
        yield server


@contextmanager
def _walled(cluster: Postgres) -> Iterator[Server]:
    with TemporaryDirectory() as folder, walled(cluster, "walled", Path(folder)) as wall:
        ways = {"DATABASE_URL": wall.url("autodoctor_web"), "CLOCK_DATABASE_URL": wall.url("autodoctor_clock")}
        environment = wall.environment | ways | {"LIMITS": scene.UNLIMITED}
        with running(database_url=wall.bouncer.direct_url, environment=environment) as server:
            yield server


@contextmanager
def _works(server: Server) -> Iterator[dict[str, Work]]:
    talk = scene.stage(server, seconds=6 * 3600)
    support = server.sign_in("support@example.com")
    with talk.open(talk.customer) as socket, talk.open(talk.mechanic):
        for _ in range(MESSAGES // IN_FLIGHT):
            _say(socket)
        yield {
            "a message of many": lambda: _say(socket),
            "room page": _fetching(server, talk, f"/sessions/{talk.id}/"),
            "whole log (API)": _fetching(server, talk, f"/api/sessions/{talk.id}/events"),
            "customer's dashboard": _fetching(server, talk, "/dashboard/"),
            "support's case page": lambda: _fetch(server, support, f"/support/sessions/{talk.id}/"),
        }


def _say(socket: Socket) -> int:
    said = [socket.say("It rattles when cold") for _ in range(IN_FLIGHT)]
    for client_id in said:
        socket.expect("event", client_id=client_id)
    return IN_FLIGHT


def _fetching(server: Server, talk: Talk, address: str) -> Work:
    return lambda: _fetch(server, talk.customer, address)


def _fetch(server: Server, person: Person, address: str) -> int:
    answer = quietly.client(server, person).get(address)
    if answer.status_code != 200:
        raise RuntimeError(f"{address} answered {answer.status_code}")
    return 1


if __name__ == "__main__":
    run()
