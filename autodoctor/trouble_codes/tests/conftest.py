"""The page of the room's tests, for scripts."""

from autodoctor.room.tests.conftest import browser_page, browser_type_launch_args, exchange

__all__ = ["browser_page", "browser_type_launch_args", "exchange"]
