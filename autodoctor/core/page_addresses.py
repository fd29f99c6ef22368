"""The page that a request comes from, as its browser says."""

from urllib.parse import SplitResult, urlsplit

from django.http import HttpRequest


def page_before(request: HttpRequest) -> SplitResult:
    """Return the address of the page with the form, the button or the fragment; an empty one if it is none."""
    try:
        return urlsplit(request.headers.get("HX-Current-URL") or request.headers.get("Referer", ""))
    except ValueError:  # such as "http://["
        return urlsplit("")
