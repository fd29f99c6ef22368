"""The protocol: every input is a known frame or a refusal, and the exact frames of the server."""

import json
import unicodedata
import uuid
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autodoctor.accounts.models import User
from autodoctor.room.wire import protocol
from autodoctor.room.wire.protocol import Invalid, Join, Media, Message, Passed, Ping, Signal, Typing, parse
from autodoctor.sessions.models import Session

ID = "6f1d2c3b-0a4e-4f5a-9b8c-7d6e5f4a3b2c"
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
kinds = st.sampled_from(
    [*"join message typing signal camera wish still drawing media ping event welcome Join".split(), ""]
)


def message(**changes: object) -> str:
    return json.dumps({"type": "message", "client_id": ID, "text": "hello"} | changes)


@given(st.binary(max_size=300) | st.text(max_size=300))
@example(b"\xff\xfe")
@example("[" * 5000 + "]" * 5000)
@example('{"type":["join"]}')
@example("9" * 400)
def test_any_bytes_are_a_frame_or_a_refusal(raw: bytes | str) -> None:
    assert isinstance(parse(raw), Invalid | Join | Message | Typing | Passed | Media | Ping)


@given(kinds, st.dictionaries(st.sampled_from(["client_id", "text", "data", "receiving", "seq", "by"]), anything))
def test_any_fields_are_a_frame_or_a_refusal(kind: str, fields: dict[str, object]) -> None:
    found = parse(json.dumps({"type": kind} | fields))
    if isinstance(found, Message):
        assert fields["text"] == found.text
        assert uuid.UUID(found.client_id) == uuid.UUID(str(fields["client_id"]))


@given(st.text(min_size=1, max_size=200))
def test_a_message_carries_its_text_unchanged_or_is_refused(text: str) -> None:
    found = parse(message(text=text))
    if isinstance(found, Invalid):
        hides = all(
            unicodedata.category(letter)[0] in "CMZ" or letter in "\u115f\u1160\u2800\u3164\uffa0" for letter in text
        )
        assert hides or "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text)
    else:
        assert found == Message(ID, text)


@given(
    st.text(
        st.characters(categories=["L", "N", "P", "S"], exclude_characters="\u115f\u1160\u2800\u3164\uffa0"), min_size=1
    )
)
def test_a_message_of_letters_digits_and_signs_is_taken(text: str) -> None:
    assert parse(message(text=text)) == Message(ID, text)


def test_frames_of_each_type_are_parsed() -> None:
    assert parse('{"type":"join"}') == Join()
    assert parse('{"type":"typing"}') == Typing()
    assert parse('{"type":"ping"}') == Ping()
    assert parse('{"type":"media","receiving":false}') == Media(False)
    assert parse('{"type":"media","receiving":null}') == Media(None)
    assert parse('{"type":"signal","data":{"sdp":"v=0"}}') == Signal({"sdp": "v=0"})


def test_a_forged_sender_is_ignored() -> None:
    forged = message(seq=99, at="2020-01-01T00:00:00Z", by={"id": ID, "role": "mechanic"}, kind="session.ended")
    assert parse(forged) == Message(ID, "hello")


def test_4000_characters_are_taken_and_one_more_is_too_long() -> None:
    assert parse(message(text="ä" * 4000)) == Message(ID, "ä" * 4000)
    assert code(message(text="ä" * 4001)) == "too_long"


@pytest.mark.parametrize(
    ("text", "expected"), [("", "invalid_frame"), (None, "invalid_frame"), ("x" * 4001, "too_long")]
)
def test_a_refused_message_names_its_client_id(text: object, expected: str) -> None:
    found = parse(message(text=text))
    assert isinstance(found, Invalid)
    assert (found.code, found.client_id) == (expected, ID)


def test_a_refused_frame_that_is_no_message_names_no_client_id() -> None:
    found = parse("{}")
    assert isinstance(found, Invalid)
    assert (found.code, found.client_id) == ("invalid_frame", None)


@pytest.mark.parametrize(
    "raw",
    [
        "[]",
        "1",
        "null",
        '"join"',
        '["join"]',
        "{}",
        '{"type":"welcome"}',
        '{"type":"media"}',
        '{"type":"signal"}',
        '{"type":"media","receiving":0}',
        '{"type":"media","receiving":"yes"}',
        '{"type":"signal","data":[]}',
    ],
)
def test_an_unknown_frame_is_refused(raw: str) -> None:
    assert code(raw) == "invalid_frame"


@pytest.mark.parametrize(
    "client_id", [None, 7, "", "x" * 36, ID[:-1], ID + "0", f"{{{ID}}}", f"urn:uuid:{ID}", ID.replace("-", "")]
)
def test_a_client_id_is_a_uuid_in_its_canonical_form(client_id: object) -> None:
    assert code(message(client_id=client_id)) == "invalid_frame"


def test_a_client_id_in_upper_case_is_the_same_client_id() -> None:
    assert parse(message(client_id=ID.upper())) == Message(ID, "hello")


@pytest.mark.parametrize("text", [None, 1, ["a"], "", " \n\t", "a\0b", "\ud83d", "ok\udc00"])
def test_a_text_that_cannot_be_kept_is_refused(text: object) -> None:
    assert code(message(text=text)) == "invalid_frame"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("hello", True), ("ä", True), ("\U0001f697", True), (" x ", True)),
        *(
            ("", False),
            (" \n\t", False),
            ("\u200b\u2060", False),
            ("\u2800 \u3164", False),
            ("\u202e", False),
            ("a\0b", False),
            ("\ud83d", False),
            ("ä\udc00", False),
        ),
    ],
    ids=ascii,
)
def test_only_texts_that_every_database_and_peer_can_take_are_sayable(text: str, expected: bool) -> None:
    """The parser refuses lone surrogates before; a message by the API comes by here alone."""
    assert protocol.is_sayable(text) is expected


def test_a_frame_over_64_kb_is_not_even_read() -> None:
    assert parse('{"type":"ping"}'.ljust(65_536)) == Ping()
    assert code('{"type":"ping"}'.ljust(65_537)) == "too_long"
    assert code("x" * 65_537) == "too_long"


def test_a_signal_over_32_kb_is_refused() -> None:
    assert parse('{"type":"signal","data":{}}'.ljust(32_768)) == Signal({})
    assert code('{"type":"signal","data":{}}'.ljust(32_769)) == "too_long"


@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ('{"a":', "}")])
def test_a_signal_nested_deeper_than_20_levels_is_refused(opened: str, closed: str) -> None:
    def signal(depth: int) -> str:
        inside = depth - 2  # what it carries is the first level, what is in the middle the last
        return f'{{"type":"signal","data":{{"a":{opened * inside}{{}}{closed * inside}}}}}'

    assert isinstance(parse(signal(20)), Signal)
    assert code(signal(21)) == "invalid_frame"
    assert code(signal(5_000)) == "invalid_frame"


def test_a_signal_may_have_many_members_beside_each_other() -> None:
    assert isinstance(parse('{"type":"signal","data":{"a":[1,[2],{"b":3}],"c":{},"d":[]}}'), Signal)


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


NOW = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
STAMP = "2026-03-02T12:00:00.123Z"


def test_frames_to_a_page_have_the_documented_form() -> None:
    session = Session(customer=User(name="Casey"), state="live").payload()
    built = {
        "welcome": protocol.welcome(
            seq=7, now=NOW, user_id=ID, role="mechanic", session=session, presence={"customer": "in"}
        ),
        "event": protocol.event({"type": "event", "seq": 1}),
        "presence": protocol.presence({"customer": "in", "mechanic": "away"}),
        "typing": protocol.typing("customer"),
        "signal": protocol.passed("customer", Signal({"sdp": "v=0"})),
        "pong": protocol.pong(NOW, 7),
        "replaced": protocol.replaced(),
        "changed": protocol.changed("queue"),
    }
    assert {kind: orjson.loads(frame) for kind, frame in built.items()} == {
        "welcome": {
            "type": "welcome",
            "seq": 7,
            "now": STAMP,
            "you": {"id": ID, "role": "mechanic"},
            "session": session,
            "presence": {"customer": "in"},
        },
        "event": {"type": "event", "seq": 1},
        "presence": {"type": "presence", "customer": "in", "mechanic": "away"},
        "typing": {"type": "typing", "role": "customer"},
        "signal": {"type": "signal", "role": "customer", "data": {"sdp": "v=0"}},
        "pong": {"type": "pong", "now": STAMP, "seq": 7},
        "replaced": {"type": "replaced"},
        "changed": {"type": "changed", "what": "queue"},
    }


@pytest.mark.parametrize(
    "refusal",
    ["invalid_frame", "too_long", "too_fast", "session_closed", "not_joined", "client_id_reused", "unavailable"],
)
def test_an_error_frame_explains_its_code_in_words(refusal: str) -> None:
    assert orjson.loads(protocol.error(refusal, ID, "In other words.")) == {
        "type": "error",
        "client_id": ID,
        "code": refusal,
        "detail": "In other words.",
    }
    usual = orjson.loads(protocol.error(refusal))
    assert (usual["client_id"], usual["detail"][-1]) == (None, ".")


def test_the_codes_that_close_a_socket_are_as_documented() -> None:
    """Pages and the description of the channel know these numbers."""
    assert (protocol.SIGNED_OUT, protocol.NOT_FOUND, protocol.TOO_SLOW, protocol.REPLACED) == (4401, 4404, 4408, 4409)
    assert protocol.GOING_AWAY == 1001
