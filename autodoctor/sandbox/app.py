"""The ASGI application: routes a request to the API, the pages or the control, in a thread, in one transaction."""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from autodoctor.sandbox import bank, checkouts, onboarding, overview_form, pages
from autodoctor.sandbox.api import Api, Request
from autodoctor.sandbox.control import Control, Faults
from autodoctor.sandbox.errors import ApiError
from autodoctor.sandbox.pages import Page
from autodoctor.sandbox.request_context import Desk
from autodoctor.sandbox.store import Store
from autodoctor.sandbox.webhooks import RETRY_SECONDS, Courier, Endpoint

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Reply = tuple[int, dict[str, str], str]

MOUNT = "/sandbox/stripe"
_LARGEST_BODY_BYTES = 1_000_000
_SECURITY = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store"}


class Sandbox:
    """A Stripe double. `public_url` is where browsers reach the pages; by default where the API was called."""

    def __init__(
        self,
        path: Path,
        *,
        webhook_url: str,
        webhook_secret: str,
        public_url: str = "",
        retry_seconds: Sequence[float] = RETRY_SECONDS,
    ) -> None:
        self.store = Store(path)
        self._public_url = public_url.rstrip("/")
        self._api = Api(self.store)
        self._faults = Faults()
        self._courier = Courier(
            self.store,
            Endpoint(webhook_url, webhook_secret),
            retry_seconds=retry_seconds,
            housekeeping=self._expire,
        )
        self.control = Control(self.store, self._courier, self._faults, self._expire)

    def start(self) -> None:
        """Start the deliveries, including those of an earlier process. Repeating it has no effect."""
        self._courier.start()

    def stop(self) -> None:
        self._courier.stop()
        self.store.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            self.start()
            body = await _body(receive)
            status, headers, text = await asyncio.to_thread(self._reply, scope, body)
            await _send(send, status, headers, text)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            stage = (await receive())["type"].removeprefix("lifespan.")
            await asyncio.to_thread(self.start if stage == "startup" else self.stop)
            await send({"type": f"lifespan.{stage}.complete"})
            if stage == "shutdown":
                return

    def _reply(self, scope: Scope, body: bytes | None) -> Reply:
        if body is None:
            return 413, {"Content-Type": "text/plain"}, "Too large."
        root, path = _split(scope)
        try:
            if path.startswith("/v1/"):
                return self._answer_api(scope, root, path.removeprefix("/v1/"), body)
            if path.startswith("/_control/"):
                return self._answer_control(scope, path.removeprefix("/_control/"), body)
            if path in pages.FILES:
                kind, text = pages.file(path)
                return 200, {"Content-Type": f"{kind}; charset=utf-8"} | _SECURITY, text
            return _as_reply(self._page_at(scope, root, path, body))
        finally:
            self._courier.wake()

    def _page_at(self, scope: Scope, root: str, path: str, body: bytes) -> Page:
        if path == "/elements/card":
            return pages.card(root)
        if path.startswith("/by-hand/"):
            return self._by_hand(scope, root, path.removeprefix("/by-hand/"), body)
        return self._page(scope, root, path, body)

    def _answer_api(self, scope: Scope, root: str, path: str, body: bytes) -> Reply:
        method = scope["method"]
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        form = (body if method == "POST" else scope.get("query_string", b"")).decode("utf-8", "replace")
        request = Request(method, path, headers, form, self._pages_at(scope, root))
        status = self._faults.strike(method, path, "before")
        answer = self._api.break_down(request, status) if status else self._api.answer(request)
        if status := self._faults.strike(method, path, "after"):
            answer = self._api.break_down(request, status)
        return answer.status, {"Content-Type": "application/json"} | answer.headers, answer.body

    def _pages_at(self, scope: Scope, root: str) -> str:
        host = dict(scope["headers"]).get(b"host", b"localhost").decode("latin-1")
        return self._public_url or f"{scope.get('scheme', 'http')}://{host}{root}"

    def _answer_control(self, scope: Scope, verb: str, body: bytes) -> Reply:
        kind = dict(scope["headers"]).get(b"content-type", b"")
        if scope["method"] != "POST" or kind.split(b";")[0] != b"application/json":  # no other site's form can send it
            return 405, {"Content-Type": "text/plain"}, "POST JSON."
        try:
            answer = self.control.answer(verb, json.loads(body or b"{}"))
        except (KeyError, ValueError, TypeError) as problem:
            return 400, {"Content-Type": "text/plain"}, f"{type(problem).__name__}: {problem}"
        return 200, {"Content-Type": "application/json"}, json.dumps(answer)

    def _by_hand(self, scope: Scope, root: str, verb: str, body: bytes) -> Page:
        """Handle a button of the overview. The browser's headers reveal another site's form."""
        site = dict(scope["headers"]).get(b"sec-fetch-site", b"same-origin")
        if scope["method"] != "POST" or site != b"same-origin":
            return pages.not_there(root)
        try:
            self.control.answer(verb, overview_form.read(verb, dict(parse_qsl(body.decode("utf-8", "replace")))))
        except ApiError as error:
            return pages.problem(root, error)
        except (KeyError, ValueError):
            return pages.not_there(root)
        return Page(303, location=f"{root}/")

    def _page(self, scope: Scope, root: str, path: str, body: bytes) -> Page:
        form = dict(parse_qsl(body.decode("utf-8", "replace")))
        with self.store.transaction():
            desk = Desk(self.store, now=int(self.store.now()), pages=self._pages_at(scope, root))
            checkouts.expire_due(desk)
            try:
                return self._show(desk, root, path, form if scope["method"] == "POST" else None)
            except ApiError as error:
                return pages.problem(root, error)

    def _show(self, desk: Desk, root: str, path: str, form: dict[str, str] | None) -> Page:
        match path.strip("/").split("/"):
            case [""]:
                return pages.overview(desk, root)
            case ["pay", id_]:
                return pages.pay(desk, root, id_) if form is None else pages.act(desk, root, id_, form)
            case ["authenticate", id_]:
                return pages.authenticate(desk, root, id_) if form is None else pages.answer_bank(desk, root, id_, form)
            case ["onboarding", id_]:
                return onboarding.show(desk, root, id_) if form is None else onboarding.act(desk, root, id_, form)
            case ["events", id_, "again"] if form is not None:
                self._courier.again(desk.find("event", id_)["id"])
                return Page(303, location=f"{root}/")
        return pages.not_there(root)

    def _expire(self) -> None:
        with self.store.transaction():
            desk = Desk(self.store, now=int(self.store.now()), pages=self._public_url)
            checkouts.expire_due(desk)
            bank.expire_holds(desk)


def _split(scope: Scope) -> tuple[str, str]:
    """Return the mount point and the path below it, whether or not the server has removed the prefix."""
    path, root = scope["path"], scope.get("root_path", "").rstrip("/")
    if root and path.startswith(f"{root}/"):
        path = path.removeprefix(root)
    if path == MOUNT or path.startswith(f"{MOUNT}/"):
        root, path = root + MOUNT, path.removeprefix(MOUNT)
    return root, path or "/"


def _as_reply(page: Page) -> Reply:
    headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": page.policy} | _SECURITY
    return page.status, headers | ({"Location": page.location} if page.location else {}), page.html


async def _body(receive: Receive) -> bytes | None:
    """Return the whole body, or None if it is too large."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > _LARGEST_BODY_BYTES:
            return None
        if not message.get("more_body"):
            return bytes(body)


async def _send(send: Send, status: int, headers: dict[str, str], text: str) -> None:
    content = text.encode()
    lines = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
    lines.append((b"content-length", str(len(content)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": content})
