"""Report errors to Sentry, if configured: their type and place, no personal data."""

from typing import Any, cast

import sentry_sdk
from sentry_sdk.types import Breadcrumb, BreadcrumbHint, Event, Hint
from sentry_sdk.utils import BadDsn

from autodoctor.core import logs
from autodoctor.core.env import exit_with
from autodoctor.core.logs import without_query

_KEPT_OF_A_REQUEST = ("url", "method")


def report_to(dsn: str, *, environment: str) -> None:
    """Start reporting. Stops the start for an invalid address."""
    try:
        sentry_sdk.init(
            dsn=dsn,
            environment=environment,
            send_default_pii=False,
            max_request_body_size="never",
            include_local_variables=False,
            include_source_context=False,
            traces_sample_rate=0.0,
            before_send=scrubbed,
            before_breadcrumb=scrubbed_crumb,
        )
    except BadDsn:
        exit_with("SENTRY_DSN is not an address as Sentry gives it: https://key@host/project.")


def scrubbed(event: Event, hint: Hint) -> Event | None:
    """Remove cookies, headers, forms, people, and error messages, which may quote any of them."""
    kept = cast(dict[str, Any], event)
    for name in ("user", "extra", "server_name"):
        kept.pop(name, None)
    request = kept.pop("request", {})
    kept["request"] = {name: without_query(request[name]) for name in _KEPT_OF_A_REQUEST if name in request}
    for failure in kept.get("exception", {}).get("values", []):
        failure.pop("value", None)
    if entry := kept.get("logentry"):
        kept["logentry"] = {"message": without_query(entry.get("message", ""))}  # without the arguments
    kept["tags"] = {name: str(value) for name, value in logs.about().items()}
    return event


def scrubbed_crumb(crumb: Breadcrumb, hint: BreadcrumbHint) -> Breadcrumb | None:
    """Keep that something happened, without its text."""
    return {name: crumb[name] for name in ("type", "category", "level", "timestamp") if name in crumb}
