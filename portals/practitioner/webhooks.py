"""Webhooks: addresses of the practice's own software that receive its events. Administrators set them up."""

from __future__ import annotations

import uuid

from django import forms
from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.sole_control import after_recent_sign_in
from audit.events import webhook_events, words_for_webhook
from portals.answers import done
from portals.form_errors import refusals_in
from portals.pagination import list_page
from portals.practitioner.confirmation import Question, ask
from portals.practitioner.practices import administered_practice
from portals.practitioner.staff import frame, staff_only
from practices.models import Role
from webhooks.endpoints import add_endpoint, remove_endpoint
from webhooks.models import WebhookDelivery, WebhookEndpoint

ENDPOINTS, SHOWN = 10, 10  # on a page; newest deliveries of each


def _choices() -> list[tuple[str, str]]:
    """Translated into the language of the request."""
    return [(event.code, words_for_webhook(event.code)) for event in webhook_events()]


class WebhookForm(forms.Form):
    url = forms.CharField(
        label=gettext_lazy("Adresse du logiciel à prévenir"),
        help_text=gettext_lazy("Elle commence par https://. L’éditeur de ce logiciel vous la donne."),
        max_length=500,
        widget=forms.TextInput(attrs={"class": "form-control", "inputmode": "url", "autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Donnez l’adresse du logiciel à prévenir.")},
    )
    events = forms.MultipleChoiceField(
        label=gettext_lazy("Quand le prévenir"),
        choices=_choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choisissez au moins un moment où le prévenir.")},
    )


@staff_only
@require_safe
def webhooks(request: HttpRequest, user: User) -> HttpResponse:
    endpoints = WebhookEndpoint.objects.filter(practice=administered_practice(request, user))
    newest = Prefetch("deliveries", WebhookDelivery.objects.defer("body")[:SHOWN], to_attr="newest_deliveries")
    page = list_page(request, endpoints.select_related("practice").prefetch_related(newest), rows=ENDPOINTS)
    rows = [
        {
            "endpoint": endpoint,
            "events": [words_for_webhook(code) for code in endpoint.events],
            "deliveries": [
                {
                    "delivery": delivery,
                    "label": words_for_webhook(delivery.event),
                    "error": _(delivery.last_error) if delivery.last_error else "",
                }
                for delivery in vars(endpoint)["newest_deliveries"]  # prefetched
            ],
        }
        for endpoint in page
    ]
    return render(request, "practitioner/webhooks.html", frame(request, user, "webhooks", rows=page.of(rows)))


@staff_only
@after_recent_sign_in
@require_http_methods(["GET", "HEAD", "POST"])
def new_webhook(request: HttpRequest, user: User) -> HttpResponse:
    practice = administered_practice(request, user)
    form = WebhookForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        with refusals_in(form):
            endpoint = add_endpoint(practice=practice, url=asked["url"], events=asked["events"], by=user)
            return render(
                request, "practitioner/webhook_made.html", frame(request, user, "webhooks", endpoint=endpoint)
            )
    status = 400 if form.errors else 200
    context = frame(request, user, "webhooks", form=form, has_errors=bool(form.errors))
    return render(request, "practitioner/webhook_new.html", context, status=status)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Asks first: later events are not sent there."""
    owned = WebhookEndpoint.objects.of_staff(user, Role.ADMIN)
    endpoint = get_object_or_404(owned.select_related("practice"), pk=pk)
    if request.method != "POST":
        question = Question(
            heading=_("Ne plus prévenir ce logiciel ?"),
            ends=[
                endpoint.url,
                _(
                    "Il ne sera plus prévenu de rien, et son secret ne servira plus. Pour recommencer, il faudra "
                    "l’ajouter de nouveau."
                ),
            ],
            button=_("Supprimer"),
            back=reverse("practitioner:webhooks"),
            section="webhooks",
        )
        return ask(request, user, question, practice=endpoint.practice)
    remove_endpoint(endpoint=endpoint, by=user)
    messages.success(request, _("Ce logiciel n’est plus prévenu."))
    return done("practitioner:webhooks")
