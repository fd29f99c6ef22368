"""Evidence of a failed journey: pictures, server logs, and traces."""

import re
import shutil
from contextlib import suppress
from pathlib import Path

from playwright.sync_api import BrowserContext, Error, Page

from tests.journeys.watching import Watch
from tests.kit.server import ARTIFACTS, Server

HOW_TO_SEE = "A trace is seen with: .venv/bin/playwright show-trace FILE"


class Evidence:
    """The evidence of one test; kept in .artifacts/failed/<test>/ if it fails."""

    def __init__(self, test: str, watch: Watch, *, traces: bool) -> None:
        self._watch = watch
        self._folder = ARTIFACTS / "failed" / re.sub(r"[^\w.-]+", "-", test).strip("-")
        self._traces = traces
        self._pages: list[Page] = []
        self._traced: list[BrowserContext] = []
        self._logs: dict[Path, int] = {}

    def follow(self, page: Page, server: Server) -> None:
        self._pages.append(page)
        log = server.data / "server.log"
        self._logs.setdefault(log, log.stat().st_size)
        if self._traces and page.context not in self._traced:
            page.context.tracing.start(screenshots=True, snapshots=True, sources=True)
            self._traced.append(page.context)

    def close(self, *, keep: bool) -> list[Path]:
        """End the test; return the paths of the files that are kept."""
        shutil.rmtree(self._folder, ignore_errors=True)
        if keep and self._pages:
            self._folder.mkdir(parents=True)
            self._watch.end()  # a picture puts styles into the page, which its policy may refuse
            self._keep_pictures()
            self._keep_logs()
        for number, context in enumerate(self._traced):
            with suppress(Error):  # its page was closed by the test
                context.tracing.stop(path=self._folder / f"trace-{number}.zip" if keep else None)
        return sorted(self._folder.glob("*"))

    def _keep_pictures(self) -> None:
        for number, page in enumerate(self._pages):
            picture = self._folder / f"page-{number}.png"
            try:
                page.screenshot(path=picture, full_page=True)
            except Error as error:  # closed, crashed or too busy: the others are kept all the same
                picture.with_suffix(".txt").write_text(f"{page.url}: {error}")

    def _keep_logs(self) -> None:
        """Keep only the log lines since the test started."""
        for number, (log, begin) in enumerate(self._logs.items()):
            if log.exists():
                (self._folder / f"server-{number}.log").write_bytes(log.read_bytes()[begin:])
