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
    "draft": {"customer": (11, 9), "support": (11, 10)},
    "requested": {"customer": (16, 13), "mechanic": (7, 7), "support": (12, 10)},
    "accepted": {"customer": (16, 13), "mechanic": (14, 11), "support": (14, 12)},
    "waiting": {"customer": (16, 13), "mechanic": (14, 11), "support": (14, 12)},
    "live": {"customer": (14, 11), "mechanic": (12, 9), "support": (13, 11)},
    "mechanic away": {"customer": (14, 11), "mechanic": (12, 9), "support": (13, 11)},
    "ended": {"customer": (14, 9), "mechanic": (12, 7), "support": (9, 9)},
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
