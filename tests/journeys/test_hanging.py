"""A browser's call that is never answered fails its test, where it stands, and the browser can be used further."""

import pytest
from playwright.sync_api import Browser

from tests import hanging


def test_a_call_that_is_never_answered_fails_where_it_stands(browser: Browser) -> None:
    page = browser.new_page()

    for _ in range(2):  # the second time nothing arrives any more that would wake Playwright by chance
        with pytest.raises(pytest.fail.Exception, match="hangs: it was not over") as failure, hanging.limited(0.5):
            page.evaluate("new Promise(() => {})")

    assert {"evaluate", "test_a_call_that_is_never_answered_fails_where_it_stands"} <= {
        entry.name for entry in failure.traceback
    }
    assert page.evaluate("1 + 1") == 2
    page.close()
