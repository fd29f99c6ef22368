"""The addresses at which Postmark hands over incoming mail, and says what became of ours."""

from typing import Any

from anymail.signals import AnymailInboundEvent, AnymailTrackingEvent, EventType, inbound, tracking
from anymail.webhooks.postmark import PostmarkInboundWebhookView, PostmarkTrackingWebhookView
from django.conf import settings
from django.dispatch import receiver
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from autodoctor.accounts.access import anyone
from autodoctor.mail.failures import address_failed, address_reached
from autodoctor.support import inbound_mail


@csrf_exempt  # the user and password in the address prove it
@anyone
@require_POST
def postmark(request: HttpRequest) -> HttpResponseBase:
    """Take the mail in Postmark's JSON. 400 without `INBOUND_SECRET`'s user and password; 404 while none is set."""
    if not settings.INBOUND_SECRET:
        raise Http404
    answer: HttpResponseBase = PostmarkInboundWebhookView.as_view()(request)
    return answer


@csrf_exempt
@anyone
@require_POST
def postmark_events(request: HttpRequest) -> HttpResponseBase:
    """Take what became of our mails: bounced, complained about, delivered. Proven like `postmark`."""
    if not settings.INBOUND_SECRET:
        raise Http404
    answer: HttpResponseBase = PostmarkTrackingWebhookView.as_view()(request)
    return answer


@receiver(tracking)
def _tracked(event: AnymailTrackingEvent, **_: Any) -> None:
    match event.event_type:
        case EventType.BOUNCED | EventType.REJECTED | EventType.COMPLAINED:
            address_failed.send(sender=AnymailTrackingEvent, address=event.recipient)
        case EventType.DELIVERED:
            address_reached.send(sender=AnymailTrackingEvent, address=event.recipient)


@receiver(inbound)
def _taken(event: AnymailInboundEvent, **_: Any) -> None:
    inbound_mail.take(event.message, now=timezone.now())
