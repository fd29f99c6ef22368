"""What a page of the room says in a moment in which the database takes nothing: nobody has to say it again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from autodoctor.room.tests.channel import closing_code
from autodoctor.room.wire import protocol
from tests.faults.test_two_processes import join, joins, site
from tests.faults.whole import Site
from tests.kit.postgres import Postgres
from tests.kit.scene import Talk
from tests.kit.sockets import Socket, room
from tests.kit.waiting import until

REFUSE = (
    "CREATE SEQUENCE tries",
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN PERFORM nextval('tries'); RAISE lock_not_available; END $$",
    "CREATE TRIGGER refuse BEFORE UPDATE ON autodoctor_sessions_participant FOR EACH ROW EXECUTE FUNCTION refuse()",
)
TAKE_AGAIN = "DROP FUNCTION refuse CASCADE", "DROP SEQUENCE tries"
RECEIVING = "SELECT receiving FROM autodoctor_sessions_participant WHERE session_id = %s AND role = 'customer'"


@pytest.fixture(scope="module")
def house(cluster: Postgres) -> Iterator[Site]:
    with site(cluster, 1) as made:
        yield made


@contextmanager
def refusing(house: Site) -> Iterator[Callable[[], bool]]:
    """As if somebody else held what concerns people in sessions for too long. Yields whether it was tried."""
    for statement in REFUSE:
        house.one.sql(statement)
    try:
        yield lambda: bool(house.one.sql("SELECT is_called FROM tries")[0][0])
    finally:
        for statement in TAKE_AGAIN:
            house.one.sql(statement)


def receives(talk: Talk) -> object:
    return talk.server.sql(RECEIVING, talk.id)[0][0]


def test_a_page_that_could_not_join_comes_back_and_joins(house: Site) -> None:
    """It believes that it takes part: who does not come back would be missing with the page open."""
    talk = house.stage(kind="video")
    before = joins(talk)
    with Socket(house.one, room(talk.id), talk.customer) as page:
        page.expect("welcome")
        with refusing(house) as was_tried:
            page.send("join")
            assert closing_code(page) == protocol.GOING_AWAY
            assert was_tried()
    with Socket(house.other, room(talk.id), talk.customer) as back:
        back.expect("welcome")
        join(back)
        until(lambda: joins(talk) == before + 1)


def test_what_a_page_says_of_the_media_is_stored_once_it_can_be(house: Site) -> None:
    """It says so when it changes, and not again: the clock would run on without sound and picture."""
    talk = house.stage(kind="video")
    with Socket(house.one, room(talk.id), talk.customer) as page:
        page.expect("welcome")
        join(page)
        until(lambda: joins(talk) == 2)
        page.send("media", receiving=True)
        until(lambda: receives(talk) is True)
        with refusing(house) as was_tried:
            page.send("media", receiving=False)
            until(was_tried)
        until(lambda: receives(talk) is False)
