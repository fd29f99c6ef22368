"""The browser session of a request. Another request of the same browser may have ended it before it is saved."""

from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse


class BrowserSessions(SessionMiddleware):
    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Save the session. If it is over, the answer stands: what the request did is done, and the next one finds out
        who is signed in. Django would refuse it, after the fact, and with a page that can no longer be made here.
        """
        try:
            return super().process_response(request, response)
        except SessionInterrupted:
            return response
