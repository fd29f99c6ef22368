"""The chat with the page's own markup, in a real browser: what tests of its scripts share."""

from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import Locator, Page

from autodoctor.room.pages.timeline import LINES, LINES_ABOUT_YOU
from autodoctor.room.tests.exchange import Exchange, Line, call

ME = {"id": "me", "role": "customer", "name": "Casey"}
MORGAN = {"id": "m", "role": "mechanic", "name": "Morgan"}
SASHA = {"id": "s", "role": "support", "name": "Sasha"}
CALM = {"ping": 60_000}  # milliseconds: these tests keep one connection, however slow the machine
STYLE = (
    "<style>.chat { height: 200px; overflow-y: auto } .bubble { min-height: 60px } [hidden] { display: none }</style>"
)
FOLLOW = """async () => {
  const { ChatLog } = await import("room/chat/chat-log");
  customElements.define("chat-log", ChatLog);
  const chat = document.querySelector("chat-log");
  chat.follow(channel, { me: "me", keepAs: "draft" });
  chat.phase = "open";
}"""


def chat_markup() -> str:
    """Return the chat's markup for a customer, without messages."""
    session = SimpleNamespace(id=uuid4())
    lines = (*LINES, *(f"{kind}:you" for kind in LINES_ABOUT_YOU))
    chat = SimpleNamespace(entries=[], lines=lines, file_kinds=("image", "audio", "pdf"))
    page = SimpleNamespace(session=session, role="customer", takes_part=True, chat=chat)
    return STYLE + render_to_string("room/parts/chat.html", {"page": page})


@pytest.fixture
def chat(page: Page, exchange: Exchange) -> Page:
    """A page with the chat in it, connected; `line(exchange)` is the other end."""
    exchange.body = chat_markup()
    page.goto(f"http://localhost:{exchange.port}/page")
    call(page, timing=CALM)
    page.evaluate(FOLLOW)
    return page


@pytest.fixture
def line(chat: Page, exchange: Exchange) -> Line:
    answered = exchange.answers().welcomes()
    chat.wait_for_function("channel.status.state === 'open'")
    return answered


def field(chat: Page) -> Locator:
    return chat.get_by_label("Message", exact=True)


def bubbles(chat: Page) -> Locator:
    return chat.locator(".bubble")
