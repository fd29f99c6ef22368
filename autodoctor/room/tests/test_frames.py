"""`frames.d.ts` declares what the server sends and takes: the type checker of the scripts compares samples with it."""

import inspect
import json
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from autodoctor.accounts.models import Role, User
from autodoctor.room.templatetags.script_facts import STATE_SETS
from autodoctor.room.wire import protocol
from autodoctor.room.wire.camera import Camera, Still, Wish, Zoom
from autodoctor.room.wire.drawing import Act, Drawing, Tool
from autodoctor.sessions.event_data import SessionPayload
from autodoctor.sessions.models import Session
from autodoctor.sessions.states import Kind, State
from tests.kit.node_packages import ROOT, command

ID = "6f1d2c3b-0a4e-4f5a-9b8c-7d6e5f4a3b2c"
NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
PRESENCE = {"customer": "in", "mechanic": "preparing"}


def payload(**facts: object) -> SessionPayload:
    return Session(customer=User(name="Casey"), kind="video", state="live", granted_seconds=1800, **facts).payload()


SENT = {
    "welcome": protocol.welcome(seq=1, now=NOW, user_id=ID, role="customer", session=payload(), presence=PRESENCE),
    "event": protocol.event(
        {"type": "event", "seq": 2, "kind": "session.started", "at": "", "by": None, "client_id": None}
        | {"data": {"session": payload(mechanic=User(name="Morgan"), started_at=NOW, ends_at=NOW)}}
    ),
    "message_posted": protocol.message_posted(
        seq=3, at="", user_id=ID, role="mechanic", name="Morgan", client_id=ID, text="Hello"
    ),
    "presence": protocol.presence(PRESENCE),
    "typing": protocol.typing("customer"),
    "passed": protocol.passed("mechanic", protocol.Signal({"hello": True})),
    "pong": protocol.pong(NOW, 3),
    "replaced": protocol.replaced(),
    "error": protocol.error("too_fast", ID),
}
PASSED = [
    protocol.passed("customer", Camera(None, Zoom(1, 4, 0.1, 2))),
    protocol.passed("mechanic", Wish(torch=True)),
    protocol.passed("customer", Still(ID, 0.5)),
    protocol.passed("mechanic", Drawing(ID, Act.OPEN)),
    protocol.passed("mechanic", Drawing(ID, Act.STROKE, "a", Tool.PEN, 0, ((0.1, 0.25),))),
    protocol.passed("mechanic", Drawing(ID, Act.UNDO, "a")),
]
TOLD_ON_THE_FEED = {
    "listening": protocol.listening(),
    "changed": protocol.changed("queue"),
    "pong": protocol.pong(NOW, 0),
}
TAKEN: list[dict[str, object]] = [
    {"type": "join"},
    {"type": "message", "client_id": ID, "text": "Hello"},
    {"type": "typing"},
    {"type": "signal", "data": {"hello": True}},
    {"type": "camera", "torch": False, "zoom": {"min": 1, "max": 4, "step": 0.1, "now": 1}},
    {"type": "wish", "zoom": 2.5},
    {"type": "still", "id": ID, "progress": 0.25},
    {"type": "drawing", "file": ID, "act": "ask"},
    {"type": "drawing", "file": ID, "act": "undo", "stroke": "a"},
    {"type": "drawing", "file": ID, "act": "stroke", "stroke": "a", "tool": "pen", "place": 0, "points": [[0.5, 1]]},
    {"type": "media", "receiving": None},
    {"type": "ping"},
]


@pytest.fixture
def declarations(tmp_path: Path) -> Path:
    """Return a folder in which the type checker checks a script against the declared types."""
    (tmp_path / "tsconfig.json").write_text(
        json.dumps({"extends": str(ROOT / "tsconfig.json"), "include": ["frames.ts", str(ROOT / "autodoctor/*.d.ts")]})
    )
    return tmp_path


def type_errors(folder: Path, script: str) -> str:
    (folder / "frames.ts").write_text(f'import type * as frames from "room/wire/frames";\n{script}')
    done = subprocess.run(command("tsc", "--project", str(folder)), capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def frames_of(type_: str, samples: Iterable[object]) -> str:
    return f"({json.dumps(list(samples))}) satisfies frames.{type_}[];\n"


def exactly(type_: str, values: Iterable[str]) -> str:
    """Return a script that type-checks only if the type has exactly these members."""
    return f"({json.dumps(dict.fromkeys(values, True))}) satisfies Record<{type_}, true>;\n"


def test_every_frame_is_declared_as_it_is_sent_and_taken(declarations: Path) -> None:
    told = [orjson.loads(raw) for raw in [*SENT.values(), *PASSED]]
    fed = [orjson.loads(raw) for raw in TOLD_ON_THE_FEED.values()]
    script = frames_of("Incoming", told) + frames_of("FeedFrame", fed) + frames_of("Outgoing", TAKEN)
    script += exactly('frames.Incoming["type"]', (frame["type"] for frame in told))
    script += exactly('frames.FeedFrame["type"]', (frame["type"] for frame in fed))
    script += exactly('frames.Outgoing["type"]', (str(frame["type"]) for frame in TAKEN))
    script += exactly("frames.Kind", Kind.values)
    script += exactly("frames.State", State.values)
    script += exactly("frames.Role", Role.values)
    script += exactly("frames.ErrorCode", protocol.DETAILS)
    script += exactly('import("room/wire/states").StateSet', STATE_SETS)
    assert type_errors(declarations, script) == ""


def test_a_frame_that_is_not_declared_fails_the_comparison(declarations: Path) -> None:
    pong = {"type": "pong", "now": "2026-11-28T12:00:00.000Z"}
    wrong = [pong, pong | {"seq": 3, "more": 1}, {"type": "typing", "role": "nobody"}, {"type": "unheard_of"}]
    script = "".join(f"// @ts-expect-error\n{frames_of('Incoming', [frame])}" for frame in wrong)
    assert type_errors(declarations, script) == ""


def test_every_declared_frame_has_a_sample() -> None:
    builders = {
        name
        for name, function in inspect.getmembers(protocol, inspect.isfunction)
        if function.__module__ == protocol.__name__ and inspect.signature(function).return_annotation is bytes
    }
    assert set(SENT) | set(TOLD_ON_THE_FEED) == builders
    assert not [frame for frame in TAKEN if isinstance(protocol.parse(orjson.dumps(frame)), protocol.Invalid)]
