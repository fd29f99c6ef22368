"""Whatever arrives is one of the known frames or a refusal; never an exception."""

import json
import uuid

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autodoctor.room import protocol
from autodoctor.room.protocol import Invalid, Join, Media, Message, Ping, Signal, Typing, parse

ID = "6f1d2c3b-0a4e-4f5a-9b8c-7d6e5f4a3b2c"
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
kinds = st.sampled_from(["join", "message", "typing", "signal", "media", "ping", "event", "welcome", "", "Join"])


def message(**changes: object) -> str:
    return json.dumps({"type": "message", "client_id": ID, "text": "hello"} | changes)


@given(st.binary(max_size=300) | st.text(max_size=300))
@example(b"\xff\xfe")
@example("[" * 5000 + "]" * 5000)
@example('{"type":["join"]}')
@example("9" * 400)
def test_any_bytes_are_a_frame_or_a_refusal(raw: bytes | str) -> None:
    assert isinstance(parse(raw), Invalid | Join | Message | Typing | Signal | Media | Ping)


@given(kinds, st.dictionaries(st.sampled_from(["client_id", "text", "data", "receiving", "seq", "by"]), anything))
def test_any_fields_are_a_frame_or_a_refusal(kind: str, fields: dict[str, object]) -> None:
    found = parse(json.dumps({"type": kind} | fields))
    if isinstance(found, Message):
        assert fields["text"] == found.text
        assert uuid.UUID(found.client_id) == uuid.UUID(str(fields["client_id"]))


@given(st.text(min_size=1, max_size=200))
def test_a_message_carries_its_text_unchanged_or_is_refused(text: str) -> None:
    found = parse(message(text=text))
    if text.isspace() or "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        assert isinstance(found, Invalid)
    else:
        assert found == Message(ID, text)


def test_the_plain_frames() -> None:
    assert parse('{"type":"join"}') == Join()
    assert parse('{"type":"typing"}') == Typing()
    assert parse('{"type":"ping"}') == Ping()
    assert parse('{"type":"media","receiving":false}') == Media(False)
    assert parse('{"type":"media","receiving":null}') == Media(None)
    assert parse('{"type":"signal","data":{"sdp":"v=0"}}') == Signal({"sdp": "v=0"})


def test_what_would_forge_a_sender_is_ignored() -> None:
    forged = message(seq=99, at="2020-01-01T00:00:00Z", by={"id": ID, "role": "mechanic"}, kind="session.ended")
    assert parse(forged) == Message(ID, "hello")


def test_4000_characters_are_taken_and_one_more_is_too_long() -> None:
    assert parse(message(text="ä" * 4000)) == Message(ID, "ä" * 4000)
    assert code(message(text="ä" * 4001)) == "too_long"


def test_a_refused_message_names_its_client_id() -> None:
    found = parse(message(text=""))
    assert isinstance(found, Invalid)
    assert (found.code, found.client_id) == ("invalid_frame", ID)


@pytest.mark.parametrize(
    "client_id", [None, 7, "", "x" * 36, ID[:-1], ID + "0", f"{{{ID}}}", f"urn:uuid:{ID}", ID.replace("-", "")]
)
def test_a_client_id_is_a_uuid_in_its_canonical_form(client_id: object) -> None:
    assert code(message(client_id=client_id)) == "invalid_frame"


def test_upper_case_is_the_same_client_id() -> None:
    assert parse(message(client_id=ID.upper())) == Message(ID, "hello")


@pytest.mark.parametrize("text", [None, 1, ["a"], "", " \n\t", "a\0b", "\ud83d", "ok\udc00"])
def test_a_text_that_cannot_be_kept_is_refused(text: object) -> None:
    assert code(message(text=text)) == "invalid_frame"


def test_a_frame_over_64_kb_is_not_even_read() -> None:
    assert code('{"type":"signal","data":{"sdp":"' + "x" * 65_536 + '"}}') == "too_long"


def test_a_signal_may_be_deep_but_not_bottomless() -> None:
    assert isinstance(parse(nested(10)), Signal)
    assert code(nested(100)) == "invalid_frame"
    assert code(nested(20_000)) == "invalid_frame"


def nested(depth: int) -> str:
    return '{"type":"signal","data":{"a":' + "[" * depth + "]" * depth + "}}"


def code(raw: str) -> str:
    found = parse(raw)
    assert isinstance(found, Invalid)
    assert str(found.detail)
    return found.code


def test_a_message_event_has_the_form_of_every_event() -> None:
    built = protocol.message_posted(
        seq=3, at="2026-03-02T12:00:00.000Z", user_id=ID, role="customer", name="Casey", client_id=ID, text="hi ☂"
    )
    assert orjson.loads(built) == {
        "type": "event",
        "seq": 3,
        "kind": "message.posted",
        "at": "2026-03-02T12:00:00.000Z",
        "by": {"id": ID, "role": "customer", "name": "Casey"},
        "client_id": ID,
        "data": {"text": "hi ☂"},
    }
