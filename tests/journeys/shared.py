"""A customer and a mechanic whose pages stay open for several tests of a module."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from playwright.sync_api import Page

from tests.journeys.evidence import Evidence
from tests.journeys.people import Customer, Mechanic
from tests.journeys.watching import Watch
from tests.kit.server import Server

Pair = tuple[Customer, Mechanic]
Come = Callable[..., Customer]
ComeMechanic = Callable[..., Mechanic]
Begin = Callable[[Come, ComeMechanic], Pair]
Follow = Callable[[Page], None]


class Borrower(NamedTuple):
    """A test: its watch, and whether it has failed."""

    watch: Watch
    evidence: Evidence
    has_failed: Callable[[], bool]


class SharedPair:
    """Two people whom several tests borrow, one test after the other.

    `is_as_found` waits until both are in their original state; a test that does not restore the state fails. After a
    failure, or when the pair cannot be used again, the next test gets a new pair.
    """

    def __init__(
        self, server: Server, come: Callable[[ExitStack, Follow], Pair], *, is_as_found: Callable[[Pair], None]
    ) -> None:
        self._server, self._come, self._is_as_found = server, come, is_as_found
        self._pages = ExitStack()
        self._pair: Pair | None = None

    @contextmanager
    def lent(self, to: Borrower, *, spent: bool = False) -> Iterator[Pair]:
        """Lend the pair. `spent`: the test leaves them in another state, for example after the end of the session."""
        with ExitStack() as until_returned:

            def follow(page: Page) -> None:
                until_returned.callback(to.watch.over(page))
                to.evidence.follow(page, self._server)

            yield self._go_on(follow) or self._begin(follow)
            if spent or to.has_failed():
                self.close()
            else:
                self._check()

    def close(self) -> None:
        self._pair = None
        self._pages.close()

    def _go_on(self, follow: Follow) -> Pair | None:
        for person in self._pair or ():
            follow(person.page)
        return self._pair

    def _begin(self, follow: Follow) -> Pair:
        try:
            self._pair = self._come(self._pages, follow)
        except BaseException:
            self.close()
            raise
        return self._pair

    def _check(self) -> None:
        assert self._pair
        try:
            self._is_as_found(self._pair)
        except BaseException:
            self.close()
            raise
