"""A browser's call that is never answered fails its test, where it stands, and the browser can be used further."""

import pytest
from playwright.sync_api import Browser

from tests import hanging


def test_a_call_that_is_never_answered_fails_where_it_stands(browser: Browser) -> None:
    page = browser.new_page()

    with pytest.raises(pytest.fail.Exception, match="hangs: it was not over") as failure, hanging.limited(0.2):
        page.evaluate("new Promise(() => {})")

    assert {"evaluate", "test_a_call_that_is_never_answered_fails_where_it_stands"} <= {
        entry.name for entry in failure.traceback
    }
    assert page.evaluate("1 + 1") == 2
    page.close()
