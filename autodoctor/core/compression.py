"""Pages are compressed, with up to a hundred random bytes in each: its length does not tell what is secret in it."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class CompressedPages(GZipMiddleware):
    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Leave streams alone: each piece would be a gzip file of its own, and browsers read the first one."""
        return super().process_response(request, response) if isinstance(response, HttpResponse) else response
