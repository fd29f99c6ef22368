"""The bus between processes by a real Valkey. Two buses of one process stand for two processes."""

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from autodoctor.room.hub import wake_ups
from autodoctor.room.hub.event_bus import EventBus, Followed
from autodoctor.room.hub.notes import MOST_CARRIED, CallTaken, EphemeralFrame, Poke, PresenceChanged, Relay, Row
from autodoctor.room.hub.valkey import Valkey as Carrier
from autodoctor.room.hub.wake_ups import JobDue
from autodoctor.scheduler import queue
from autodoctor.scheduler.lanes import Lane
from tests.kit.valkey import Valkey, valkey
from tests.kit.waiting import PATIENCE, until

KINDS = (Poke, EphemeralFrame, Relay, CallTaken, PresenceChanged, JobDue)
Join = Callable[..., "Ear"]


class Ear:
    """A process: its bus, and what it has heard."""

    def __init__(self, server: Valkey, *channels: str) -> None:
        self.heard: list[Any] = []
        self.bus = EventBus(
            lambda bus: Carrier(
                server.url, pack=bus.pack, receive=bus.receive, followed=lambda it: bus.deliver(Followed(it))
            )
        )
        followed: set[str] = set()
        self.bus.listen(Followed, lambda note: followed.update(note.channels))
        for kind in KINDS:
            self.bus.share(kind)
            self.bus.listen(kind, self.heard.append)
        self.bus.follow(*channels)
        until(lambda: set(channels) <= followed)


@pytest.fixture(scope="module")
def valkey_server() -> Iterator[Valkey]:
    with valkey() as server:
        yield server


@pytest.fixture
def join(valkey_server: Valkey) -> Iterator[Join]:
    """`join("s:1")` is a process that follows this channel."""
    ears: list[Ear] = []

    def made(*channels: str, server: Valkey = valkey_server) -> Ear:
        ears.append(Ear(server, *channels))
        return ears[-1]

    yield made
    for ear in ears:
        ear.bus.close()


def poke(seq: int, size: int = 10) -> Poke:
    return Poke("1", seq, (Row(seq, "both", b"x" * size, None),))


def test_every_note_arrives_as_it_was_sent_where_its_channel_is_followed(join: Join) -> None:
    here, there, elsewhere = join(), join("s:1"), join("s:2")
    notes = [
        poke(1),
        EphemeralFrame("1", frozenset({"customer"}), b"typing"),
        Relay("1", "mechanic", b"offer"),
        CallTaken("1", "anna", 3),
        PresenceChanged("1", "server"),
    ]
    here.bus.publish(*notes)
    until(lambda: there.heard == notes)
    here.bus.publish(Poke("2", 1))
    until(lambda: elsewhere.heard == [Poke("2", 1)])
    assert there.heard == notes


def test_a_poke_that_carries_much_travels_without_rows(join: Join) -> None:
    here, there = join(), join("s:1")
    here.bus.publish(poke(1, size=MOST_CARRIED), poke(2, size=MOST_CARRIED + 1))
    until(lambda: there.heard == [poke(1, size=MOST_CARRIED), Poke("1", 2)])


def test_a_channel_that_was_left_is_heard_no_more(join: Join, valkey_server: Valkey) -> None:
    there = join("s:1")
    there.bus.follow("s:1")
    there.bus.leave("s:1")
    until(lambda: valkey_server.followers("s:1") == 1)
    there.bus.leave("s:1")
    until(lambda: valkey_server.followers("s:1") == 0)


def test_what_a_process_says_last_is_heard(join: Join) -> None:
    there = join("s:1")
    here = join()
    here.bus.publish(poke(1))
    here.bus.close()
    until(lambda: there.heard == [poke(1)])


def test_a_note_that_nobody_understands_harms_nobody(join: Join, valkey_server: Valkey) -> None:
    there = join("s:1")
    logging.disable()
    try:
        for content in (b"?", b"[]", b'["a", "nothing", []]', b'["a", "poke", [1]]'):
            valkey_server.client.execute_command("SPUBLISH", "s:1", content)
        join().bus.publish(poke(1))
        until(lambda: there.heard == [poke(1)])
    finally:
        logging.disable(logging.NOTSET)


def test_an_older_server_without_channels_of_one_shard_serves_as_well() -> None:
    with valkey("--rename-command", "SPUBLISH", "") as older:
        here, there = Ear(older), Ear(older, "s:1")
        here.bus.publish(poke(1))
        until(lambda: there.heard == [poke(1)])
        for ear in (here, there):
            ear.bus.close()


def test_an_echo_goes_by_way_of_the_server(join: Join, valkey_server: Valkey) -> None:
    ear = join()
    assert ear.bus.echoes(PATIENCE)
    valkey_server.stop_signal()
    try:
        assert not ear.bus.echoes(0.1)
    finally:
        valkey_server.cont_signal()
    until(lambda: ear.bus.echoes(1))


def test_after_a_loss_all_channels_are_followed_anew_and_count_as_missed(join: Join, valkey_server: Valkey) -> None:
    there, again = join("s:1"), list[Followed]()
    there.bus.listen(Followed, again.append)
    valkey_server.kill()
    until(lambda: there.bus.carrier is not None and not there.bus.carrier.is_up)
    valkey_server.start()
    until(lambda: {channel for note in again for channel in note.channels} >= {"s:1"})
    join().bus.publish(poke(1))
    until(lambda: there.heard == [poke(1)])


def test_a_job_that_is_due_wakes_the_schedulers_of_other_processes(join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[tuple[object, Lane]] = []
    here, there = join(), join(wake_ups.CHANNEL)
    listeners = [wake_ups.announce, lambda due_at, lane: woken.append((due_at, lane))]
    monkeypatch.setattr(queue, "wake_listeners", listeners)
    there.bus.listen(JobDue, wake_ups.wake)
    monkeypatch.setattr(wake_ups, "bus", here.bus)
    now = timezone.now()
    wake_ups.announce(now + timedelta(minutes=1), Lane.PUSH)  # every scheduler finds that by itself
    wake_ups.announce(now, Lane.MAIL)
    until(lambda: woken)
    assert set(woken) == {(now, Lane.MAIL)}
