"""Frames as they may come: whole, in pieces, many at once, forbidden. Against a real server, below the library."""

import json
import socket
import uuid
from collections.abc import Iterator

import pytest
from websockets.frames import Close, Frame, Opcode

from autodoctor.room.tests.channel import closing_code, messages
from tests.kit.scene import Talk
from tests.kit.sockets import Socket

PING = '{"type":"ping"}'


def framed(payload: str | bytes, opcode: Opcode = Opcode.TEXT, *, last: bool = True) -> bytes:
    data = payload.encode() if isinstance(payload, str) else payload
    return Frame(opcode, data, fin=last).serialize(mask=True)


def said(text: str) -> str:
    return json.dumps({"type": "message", "client_id": str(uuid.uuid4()), "text": text}, ensure_ascii=False)


def line(page: Socket) -> socket.socket:
    """Return what lies below the library, which would not send all that a client can send."""
    return page._connection.socket


@pytest.fixture
def page(talk: Talk) -> Iterator[Socket]:
    with talk.open(talk.customer) as page:
        yield page


def is_served(page: Socket) -> None:
    page.expect("event", client_id=page.say("still here"))


def test_many_messages_in_one_piece_are_taken_in_order(page: Socket) -> None:
    line(page).sendall(b"".join(framed(said(str(number))) for number in range(50)))
    is_served(page)
    assert messages(page) == [*map(str, range(50)), "still here"]


@pytest.mark.parametrize("size", [1, 7, 130])
def test_messages_that_come_piece_by_piece_are_whole(page: Socket, size: int) -> None:
    texts = ["kurz", "Grüße ☂ 𝄞", "x" * 100, "y" * 300]
    stream = b"".join(framed(said(text)) for text in texts)
    line(page).setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for start in range(0, len(stream), size):
        line(page).sendall(stream[start : start + size])
    is_served(page)
    assert messages(page) == [*texts, "still here"]


def test_a_message_in_fragments_with_a_ping_between_them_is_one(page: Socket) -> None:
    whole = said("in pieces").encode()
    parts = [framed(whole[:9], last=False), framed(whole[9:20], Opcode.CONT, last=False)]
    line(page).sendall(b"".join([*parts, framed(b"x", Opcode.PING), framed(whole[20:], Opcode.CONT), framed(PING)]))
    page.expect("pong")
    is_served(page)
    assert messages(page) == ["in pieces", "still here"]


def test_a_text_between_the_fragments_of_another_closes_the_socket(page: Socket) -> None:
    line(page).sendall(framed("{", last=False) + framed(PING))
    assert closing_code(page) in {1002, 1006}


def test_fragments_that_are_no_text_together_close_the_socket(page: Socket) -> None:
    line(page).sendall(framed(b"\xc3", last=False) + framed(b"\x28", Opcode.CONT))
    assert closing_code(page) in {1007, 1006}


def test_fragments_too_big_together_close_the_socket(page: Socket) -> None:
    line(page).sendall(framed("x" * 40_000, last=False) + framed("x" * 40_000, Opcode.CONT))
    assert closing_code(page) in {1009, 1006}


def test_a_frame_of_exactly_the_most_bytes_is_taken_and_one_more_byte_is_refused_by_its_header(page: Socket) -> None:
    line(page).sendall(framed(PING.ljust(65_536)))
    page.expect("pong")
    line(page).sendall(framed(PING.ljust(65_537))[:14])
    assert closing_code(page) in {1009, 1006}


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (bytes([0x83, 0x80, 0, 0, 0, 0]), 1002),  # an unknown kind
        (bytes([0xC1, 0x80, 0, 0, 0, 0]), 1002),  # an extension that nobody has agreed on
        (bytes([0x09, 0x80, 0, 0, 0, 0]), 1002),  # a ping in pieces
        (bytes([0x89, 0xFE, 0, 126, 0, 0, 0, 0]) + b"x" * 126, 1002),  # a ping too long
        (bytes([0x80, 0x80, 0, 0, 0, 0]), 1002),  # the end of nothing
    ],
    ids=["kind", "extension", "ping-in-pieces", "long-ping", "end-of-nothing"],
)
def test_a_forbidden_frame_closes_the_socket(page: Socket, raw: bytes, code: int) -> None:
    line(page).sendall(raw)
    assert closing_code(page) in {code, 1006}


def test_what_comes_behind_a_goodbye_is_not_taken(talk: Talk, page: Socket) -> None:
    goodbye = framed(Close(1000, "").serialize(), Opcode.CLOSE)
    line(page).sendall(framed(said("before")) + goodbye + framed(said("behind")))
    assert closing_code(page) == 1000
    with talk.open(talk.customer) as again:
        is_served(again)
        assert messages(again) == ["before", "still here"]


def test_a_client_that_is_too_fast_is_read_more_slowly_and_nothing_of_it_is_lost(page: Socket) -> None:
    """Each join and ping too many costs a pause; what stands behind them in the same piece has its turn after it."""
    flood = b"".join(framed('{"type":"media","receiving":null}') for _ in range(60))
    line(page).sendall(flood + framed(said("behind the flood")))
    is_served(page)
    assert messages(page) == ["behind the flood", "still here"]


def test_a_client_that_says_goodbye_in_a_pause_gets_an_answer(page: Socket) -> None:
    flood = b"".join(framed('{"type":"join"}') for _ in range(30))
    line(page).sendall(flood + framed(Close(1000, "").serialize(), Opcode.CLOSE))
    assert closing_code(page) == 1000
