"""The number of queries of the page: only for what its state shows, and none twice."""

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from autodoctor.room.tests.page_story import ClientOf

if TYPE_CHECKING:
    from autodoctor.accounts.models import User
    from autodoctor.sessions.tests.story import Story

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_the_deadlines_run")]

STATES: "dict[str, Callable[[Story], object]]" = {
    "draft": lambda story: story,
    "requested": lambda story: story.pay(),
    "accepted": lambda story: story.pay().accept(),
    "waiting": lambda story: story.pay().accept().join(),
    "live": lambda story: story.live(),
    "mechanic away": lambda story: story.live().leave(story.mechanic),
    "ended": lambda story: story.live().end(story.customer),
}
# (the page, its panels) for each role; two of them find out who is signed in, and their role.
MOST = {
    "draft": {"customer": (10, 8), "support": (10, 9)},
    "requested": {"customer": (15, 12), "mechanic": (7, 7), "support": (11, 9)},
    "accepted": {"customer": (15, 12), "mechanic": (13, 10), "support": (13, 11)},
    "waiting": {"customer": (15, 12), "mechanic": (13, 10), "support": (13, 11)},
    "live": {"customer": (13, 10), "mechanic": (11, 8), "support": (12, 10)},
    "mechanic away": {"customer": (13, 10), "mechanic": (11, 8), "support": (12, 10)},
    "ended": {"customer": (13, 9), "mechanic": (11, 8), "support": (9, 9)},
}
CASES = [(state, role) for state, roles in MOST.items() for role in roles]


@pytest.mark.parametrize(("state", "role"), CASES)
def test_the_room_runs_no_query_twice_in_any_state(
    story: "Story", customer: "User", mechanic: "User", support: "User", client_of: ClientOf, state: str, role: str
) -> None:
    STATES[state](story)
    client = client_of({"customer": customer, "mechanic": mechanic, "support": support}[role])
    for part, most in zip(("", "panel/"), MOST[state][role], strict=True):
        with CaptureQueriesContext(connection) as asked:
            assert client.get(f"/sessions/{story.id}/{part}").status_code == 200
        times = Counter(query["sql"] for query in asked.captured_queries)
        assert [sql for sql, count in times.items() if count > 1] == []
        assert len(asked) <= most
