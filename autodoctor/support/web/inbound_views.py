"""The addresses at which Postmark and Resend hand over incoming mail, and say what became of ours."""

from email.utils import parseaddr
from typing import Any

from anymail.signals import AnymailInboundEvent, AnymailTrackingEvent, EventType, inbound, tracking
from anymail.webhooks.postmark import PostmarkInboundWebhookView, PostmarkTrackingWebhookView
from django.conf import settings
from django.dispatch import receiver
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from pydantic import ValidationError

from autodoctor.accounts.access import anyone
from autodoctor.core import acting
from autodoctor.files.errors import FileRefused
from autodoctor.mail import resend
from autodoctor.mail.failures import address_failed, address_reached
from autodoctor.mail.resend import ResendEvent
from autodoctor.rates.web import limited
from autodoctor.scheduler.queue import schedule
from autodoctor.support import inbound_mail
from autodoctor.support.jobs import SupportJob


@csrf_exempt  # the user and password in the address prove it
@anyone
@require_POST
@limited(None, "POST")
def postmark(request: HttpRequest) -> HttpResponseBase:
    """Take the mail in Postmark's JSON. 400 without `INBOUND_SECRET`'s user and password; 404 while none is set."""
    if not settings.INBOUND_SECRET:
        raise Http404
    try:
        answer: HttpResponseBase = PostmarkInboundWebhookView.as_view()(request)
    except FileRefused as refused:
        return HttpResponse(refused.detail, status=refused.status)
    return answer


@csrf_exempt
@anyone
@require_POST
@limited(None, "POST")
def postmark_events(request: HttpRequest) -> HttpResponseBase:
    """Take what became of our mails: bounced, complained about, delivered. Proven like `postmark`."""
    if not settings.INBOUND_SECRET:
        raise Http404
    answer: HttpResponseBase = PostmarkTrackingWebhookView.as_view()(request)
    return answer


@csrf_exempt  # the signature proves it
@anyone
@require_POST
@limited(None, "POST")
@acting.system
def resend_events(request: HttpRequest) -> HttpResponse:
    """Take Resend's events: a mail that came in is fetched by a job; others say what became of ours.

    400 without a signature by `RESEND_WEBHOOK_SECRET`; 404 while none is set.
    """
    if not settings.RESEND_WEBHOOK_SECRETS:
        raise Http404
    now = timezone.now()
    if not resend.is_signed(request.body, request.headers, settings.RESEND_WEBHOOK_SECRETS, now):
        return HttpResponseBadRequest(b"Not signed by Resend a moment ago.")
    try:
        event = ResendEvent.model_validate_json(request.body)
    except ValidationError:
        return HttpResponseBadRequest(b"Not an event of a mail.")
    if event.type == "email.received":
        schedule(SupportJob.FETCH_MAIL, event.data.email_id, now)
    elif event.failed_for_good or event.type == "email.delivered":
        signal = address_failed if event.failed_for_good else address_reached
        for address in event.data.to:  # a mail of ours has one recipient
            signal.send(sender=ResendEvent, address=parseaddr(address)[1])
    return HttpResponse()


@receiver(tracking)
@acting.system
def _tracked(event: AnymailTrackingEvent, **_: Any) -> None:
    match event.event_type:
        case EventType.BOUNCED | EventType.REJECTED | EventType.COMPLAINED:
            address_failed.send(sender=AnymailTrackingEvent, address=event.recipient)
        case EventType.DELIVERED:
            address_reached.send(sender=AnymailTrackingEvent, address=event.recipient)


@receiver(inbound)
@acting.system
def _taken(event: AnymailInboundEvent, **_: Any) -> None:
    inbound_mail.take(event.message, now=timezone.now())
