"""Collects errors of pages that no step looks at."""

import re
from collections.abc import Callable

from playwright.sync_api import ConsoleMessage, Error, Page, Response

GONE = r"status of 404 .*/panel/\)"  # the answer that tells a page that another mechanic has accepted the request
# Firefox says of a socket whose page is left meanwhile what Chromium says of none: no script has failed.
LEFT_IN_FIREFOX = r"threw (?:Firefox can.t establish a connection|The connection) to (?:the server at )?ws://"


class Watch:
    """Collects errors; the test fails on them at its end."""

    def __init__(self) -> None:
        self._problems: list[str] = []
        self._allowed = [GONE, LEFT_IN_FIREFOX]
        self._at_end: list[str] | None = None

    def allow(self, pattern: str) -> None:
        """Accept matching errors, for a test that causes them on purpose."""
        self._allowed.append(pattern)

    def over(self, page: Page) -> Callable[[], None]:
        """Watch a page's console; return the function that stops watching, for a page that outlives the test.

        Chromium's console shows every 4xx and 5xx answer as an error, Firefox's none.
        """
        browser = page.context.browser
        is_silent = browser is not None and browser.browser_type.name == "firefox"

        def on_page_error(error: Error) -> None:
            self._problems.append(f"{page.url} threw {error}")

        def end() -> None:
            page.remove_listener("console", self._on_console)
            page.remove_listener("pageerror", on_page_error)
            if is_silent:
                page.remove_listener("response", self._on_response)

        page.on("console", self._on_console)
        page.on("pageerror", on_page_error)
        if is_silent:
            page.on("response", self._on_response)
        return end

    def end(self) -> None:
        """What pages report from now on does not count."""
        self._at_end = list(self._problems)

    def problems(self) -> list[str]:
        found = self._problems if self._at_end is None else self._at_end
        return [problem for problem in found if not any(re.search(p, problem) for p in self._allowed)]

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self._problems.append(f"{response.frame.url} got a status of {response.status} ({response.url})")

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            url = message.page.url if message.page else ""
            self._problems.append(f"{url} logged {message.type} {message.text} ({message.location.get('url', '')})")
