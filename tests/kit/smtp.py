"""A real SMTP server that keeps every mail."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.kit.ports import free_port


class Sink:
    """Takes every letter, but refuses those to an address in `refused` (by SMTP code), or all of them at their end."""

    def __init__(self, port: int | None = None) -> None:
        self.letters: list[EmailMessage] = []
        self.refused: dict[str, int] = {}
        self.refuses_content = 0
        self.on_rcpt: Callable[[], None] | None = None  # called before a recipient is accepted
        self.on_letter: Callable[[], None] | None = None  # called before a mail is confirmed
        self.port = port or free_port()

    @property
    def url(self) -> str:
        """Return the value of EMAIL_URL."""
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_RCPT(  # noqa: N802 - the library calls it by this name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return f"{self.refused[address]} no such mailbox"
        if self.on_rcpt:
            self.on_rcpt()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.refuses_content:
            return f"{self.refuses_content} not this one"
        content = envelope.content
        raw = content.encode() if isinstance(content, str) else content or b""
        self.letters.append(message_from_bytes(raw, policy=policy.default))
        if self.on_letter:
            self.on_letter()
        return "250 OK"


@contextmanager
def smtp(port: int | None = None) -> Iterator[Sink]:
    sink = Sink(port)
    controller = Controller(sink, hostname="127.0.0.1", port=sink.port)
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()
