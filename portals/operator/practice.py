"""One practice for its operator: its administrators' invitations, its suspension, what operators did. Nothing of its
patients."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from portals.activity_words import activity_page
from portals.answers import done, refusals_shown
from portals.clock import set_clock
from portals.form_errors import refusals_in
from portals.operator.forms import AdministratorForm, SuspensionForm, identity_of
from portals.operator.guard import for_operators
from practices.activity import by_operators_in
from practices.colleagues import invite_administrator, invite_again, revoke_invitation
from practices.models import ColleagueInvitation, Practice
from practices.suspension import lift, suspend


@for_operators
@require_http_methods(["GET", "HEAD", "POST"])
def practice(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Its POST invites an administrator."""
    its_practice = _found(pk)
    form = AdministratorForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            made = invite_administrator(practice=its_practice, identity=identity_of(form.cleaned_data), by=user)
            messages.success(request, _("Une invitation part vers %(email)s.") % {"email": made.email})
            return done("operator:practice", pk=pk)
    return _page(request, its_practice, form=form)


@for_operators
@require_http_methods(["GET", "HEAD", "POST"])
def suspension(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Asks why, and says what stops and what goes on."""
    its_practice = _found(pk)
    form = SuspensionForm(request.POST or None, initial={"reason": its_practice.suspension_reason})
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            suspend(practice=its_practice, reason=form.cleaned_data["reason"], by=user)
            messages.success(request, _("« %(practice)s » est suspendu.") % {"practice": its_practice})
            return done("operator:practice", pk=pk)
    context = {"practice": its_practice, "form": form}
    return render(request, "operator/suspension.html", context, status=400 if form.errors else 200)


@for_operators
@require_POST
def end_suspension(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    its_practice = _found(pk)
    with refusals_shown(request) as refusal:
        lift(practice=its_practice, by=user)
        messages.success(request, _("La suspension de « %(practice)s » est levée.") % {"practice": its_practice})
    return refusal.redirect("operator:practice", pk=pk)


@for_operators
@require_POST
def send_again(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    invitation = _invitation(pk)
    with refusals_shown(request) as refusal:
        again = invite_again(invitation=invitation, by=user)
        sentence = _("Un nouveau lien part à %(email)s. L’ancien ne sert plus.")
        messages.success(request, sentence % {"email": again.email})
    return refusal.redirect("operator:practice", pk=invitation.practice_id)


@for_operators
@require_POST
def revoke(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    invitation = _invitation(pk)
    with refusals_shown(request) as refusal:
        revoke_invitation(invitation=invitation, by=user)
        messages.success(request, _("L’invitation est retirée."))
    return refusal.redirect("operator:practice", pk=invitation.practice_id)


def _found(pk: uuid.UUID) -> Practice:
    practice = get_object_or_404(Practice, pk=pk)
    set_clock(practice)
    return practice


def _invitation(pk: uuid.UUID) -> ColleagueInvitation:
    """One that an operator sent, ended or not."""
    invitation = ColleagueInvitation.objects.by_operators().select_related("practice").filter(pk=pk).first()
    if invitation is None:
        raise Http404
    return invitation


def _page(request: HttpRequest, of_practice: Practice, *, form: AdministratorForm) -> HttpResponse:
    context: dict[str, Any] = {
        "practice": of_practice,
        "form": form,
        "administrators": of_practice.memberships.staying_administrators().count(),
        "invitations": ColleagueInvitation.objects.by_operators()
        .pending()
        .filter(practice=of_practice)
        .order_by("email"),
        "activity": activity_page(by_operators_in(of_practice), request.GET.get("before")),
    }
    return render(request, "operator/practice.html", context, status=400 if form.errors else 200)
