"""Reports of providers on a message: delivered, bounced, complained of. Signed, or refused.

Open to all because a provider has no account; its signature, or a password that only it knows, authenticates it.
"""

from __future__ import annotations

import json
import logging

from anymail.exceptions import AnymailError, AnymailWebhookValidationFailure
from anymail.webhooks.base import AnymailBaseWebhookView
from anymail.webhooks.brevo import BrevoTrackingWebhookView
from anymail.webhooks.mailgun import MailgunTrackingWebhookView
from anymail.webhooks.mailjet import MailjetTrackingWebhookView
from anymail.webhooks.postmark import PostmarkTrackingWebhookView
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseForbidden, HttpResponseNotFound
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from notifications.channels.providers import note_event
from notifications.channels.sms_reports import UnknownMessage, note_report
from webhooks.signatures import is_genuine

logger = logging.getLogger(__name__)
TRACKERS: dict[str, type[AnymailBaseWebhookView]] = {
    "brevo": BrevoTrackingWebhookView,
    "mailjet": MailjetTrackingWebhookView,
    "postmark": PostmarkTrackingWebhookView,
    "mailgun": MailgunTrackingWebhookView,
}


@csrf_exempt
@login_not_required
@require_http_methods(["HEAD", "POST"])
def email(request: HttpRequest) -> HttpResponse:
    if request.method == "HEAD":  # some providers check at setup whether the address answers
        return HttpResponse()
    tracker = _tracker()
    if tracker is None:
        return HttpResponseForbidden()
    try:
        tracker.run_validators(request)
    except AnymailWebhookValidationFailure:
        logger.warning("A report of e-mails was not signed, or badly: refused.")
        return HttpResponseForbidden()
    try:
        events = tracker.parse_events(request)
    except (AnymailError, ValueError, KeyError, TypeError, AttributeError) as error:
        logger.warning("A report of e-mails was not understood: %s", type(error).__name__)
        return HttpResponseBadRequest()
    for event in events:
        note_event(event)
    return HttpResponse()


def _tracker() -> AnymailBaseWebhookView | None:
    """The view of the provider in EMAIL_URL; None if there is none, or no secret to authenticate it."""
    name = settings.EMAIL_PROVIDER
    signs = name == "mailgun" and "MAILGUN_WEBHOOK_SIGNING_KEY" in settings.ANYMAIL
    if name not in TRACKERS or not (signs or settings.ANYMAIL.get("WEBHOOK_SECRET")):
        return None
    return TRACKERS[name]()


@csrf_exempt
@login_not_required
@require_POST
def sms(request: HttpRequest) -> HttpResponse:
    if not settings.SMS_REPORT_SECRET or not is_genuine(settings.SMS_REPORT_SECRET, request.headers, request.body):
        logger.warning("A report of SMS was not signed, or badly, or too old: refused.")
        return HttpResponseForbidden()
    try:
        note_report(json.loads(request.body))
    except (ValueError, RecursionError):  # RecursionError: lists in lists
        return HttpResponseBadRequest()
    except UnknownMessage:
        return HttpResponseNotFound()  # the provider retries; our own identifier is stored by then
    return HttpResponse()
