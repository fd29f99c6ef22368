"""The HTTP API: routers, and one form for every refusal."""

import logging
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, AuthorizationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema

import autodoctor.booking.api
import autodoctor.booking.extension_api
import autodoctor.sessions.web.files_api
import autodoctor.sessions.web.help_api
import autodoctor.sessions.web.preflight_api
import autodoctor.sessions.web.stills_api
import autodoctor.sessions.web.uploads_api
import autodoctor.summaries.api
import autodoctor.transcripts.api  # noqa: F401 like those above, they join the sessions' router
from autodoctor.accounts import reauthentication
from autodoctor.accounts.reauthentication import ProofNeeded
from autodoctor.api_description import Description
from autodoctor.conversations.api import router as conversations
from autodoctor.core.errors import Refused, TooFast, too_fast
from autodoctor.core.outages import unanswered
from autodoctor.handover.api import router as handover
from autodoctor.health import readiness
from autodoctor.push.api import router as push
from autodoctor.rates.web import Counted
from autodoctor.room.api import router as room
from autodoctor.sessions.states import InvalidTransition
from autodoctor.sessions.web.api import router as sessions
from autodoctor.trouble_codes.api import router as trouble_codes

logger = logging.getLogger(__name__)


class DescribedAPI(NinjaAPI):
    """The API, with a description that is made once per process: anybody may ask for it, and it takes long to make."""

    @cached_property
    def _description(self) -> OpenAPISchema:
        return Description(self, self.get_root_path({}))

    def get_openapi_schema(self, **_: Any) -> OpenAPISchema:
        return self._description


api = DescribedAPI(
    title="The Auto Doctor", version="1", docs_url="/docs", openapi_url="/openapi.json", throttle=[Counted()]
)
for router in (sessions, room, push, conversations, trouble_codes, handover):
    api.add_router("", router)


@api.get("/health", tags=["platform"], response=dict[str, str], auth=None)
def health(request: HttpRequest) -> dict[str, str]:
    """Show that the process answers; checks nothing else."""
    return {"status": "ok"}


@api.get("/ready", tags=["platform"], auth=None)
def ready(request: HttpRequest) -> HttpResponse:
    """Check database, bus, store and scheduler, a line of JSON each: 503 if one fails, 200 if the process serves."""
    return readiness.answer()


def failure(request: HttpRequest, status: int, code: str, detail: str, **more: Any) -> HttpResponse:
    return api.create_response(request, {"error": code, "detail": detail, **more}, status=status)


@api.exception_handler(Http404)
@api.exception_handler(ObjectDoesNotExist)
def not_there(request: HttpRequest, error: Exception) -> HttpResponse:
    return failure(request, 404, "not_found", _("This page does not exist, or you do not have access."))


@api.exception_handler(InvalidTransition)
def wrong_state(request: HttpRequest, error: InvalidTransition) -> HttpResponse:
    detail = _("This is no longer possible because the session has changed.")
    return api.create_response(request, error.as_error() | {"detail": detail}, status=409)


@api.exception_handler(Refused)
def refused(request: HttpRequest, error: Refused) -> HttpResponse:
    return api.create_response(request, error.as_error(), status=error.status)


@api.exception_handler(TooFast)
def refused_as_too_fast(request: HttpRequest, error: TooFast) -> HttpResponse:
    return too_fast(request, error)


@api.exception_handler(ProofNeeded)
def proof_needed(request: HttpRequest, error: ProofNeeded) -> HttpResponse:
    return reauthentication.refusal(request)


@api.exception_handler(OperationalError)
def no_database(request: HttpRequest, error: OperationalError) -> HttpResponse:
    """The database is down, full, or too busy: nothing was changed."""
    logger.error("The database did not answer", exc_info=error)
    return unanswered(request)


@api.exception_handler(AuthenticationError)
def signed_out(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return failure(request, 401, "signed_out", _("Please sign in."))


@api.exception_handler(AuthorizationError)
def forbidden(request: HttpRequest, error: AuthorizationError) -> HttpResponse:
    return failure(request, 403, "forbidden", _("You do not have permission to do this."))


@api.exception_handler(ValidationError)
def bad_input(request: HttpRequest, error: ValidationError) -> HttpResponse:
    fields = {_field_of(problem["loc"]): str(problem["msg"]) for problem in error.errors}
    return failure(request, 422, "invalid", _("Please check your input."), fields=fields)


def _field_of(place: Iterable[str | int]) -> str:
    """Return the innermost name: of what is wrong in a list, the list."""
    *_outer, name = (part for part in place if isinstance(part, str))
    return name


@api.exception_handler(MultiPartParserError)
@api.exception_handler(SuspiciousOperation)
def unreadable(request: HttpRequest, error: Exception) -> HttpResponse:
    """A form without a boundary or with too many fields. Django would answer the same, but ninja catches it first."""
    return failure(request, 400, "bad_request", _("We could not read this request."))


@api.exception_handler(HttpError)
def other_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    if error.status_code == 400:  # the framework's, for a body that is no JSON
        return bad_input(request, ValidationError([{"loc": ("body",), "msg": str(_("This is not valid JSON."))}]))
    codes = {403: "forbidden", 413: "too_large"}
    return failure(request, error.status_code, codes.get(error.status_code, "refused"), str(error))


class RefusalsMiddleware(MiddlewareMixin):
    """Gives refusals before an operation (unknown address or method, a count that fails) the common form."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        refused = request.path.startswith("/api/") and 400 <= response.status_code < 500
        if not refused or response.headers.get("Content-Type", "").startswith("application/json"):
            return response
        code, detail = _WORDS.get(response.status_code, ("bad_request", _("We could not read this request.")))
        answer = JsonResponse({"error": code, "detail": str(detail)}, status=response.status_code)
        if "Allow" in response.headers:
            answer["Allow"] = response.headers["Allow"]
        return answer


_WORDS = {
    404: ("not_found", gettext_lazy("This page does not exist, or you do not have access.")),
    405: ("method_not_allowed", gettext_lazy("This address does not accept this method.")),
}
