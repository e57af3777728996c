"""Automatic sending: the rules, each shown as a sentence; administrators edit them."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from documents.models import AutoSendRule
from documents.sending.planning import forecast
from documents.sending.rules import delete_rule, save_rule, switch_rule
from portals.answers import done
from portals.form_errors import refusals_in
from portals.pagination import list_page
from portals.practitioner.practices import administered_practice
from portals.practitioner.rule_form import RuleForm, initial_of
from portals.practitioner.staff import frame, staff_only
from practices.models import Practice, Role

TOLD_DAYS = timedelta(days=30)


@staff_only
@require_safe
def rules(request: HttpRequest, user: User) -> HttpResponse:
    practice = administered_practice(request, user)
    sent = Count(
        "sendings", filter=Q(sendings__state="sent", sendings__sent_at__gt=timezone.now() - TOLD_DAYS), distinct=True
    )
    read = Count(
        "sendings",
        filter=Q(sendings__sent_at__gt=timezone.now() - TOLD_DAYS, sendings__shared__first_read_at__isnull=False),
        distinct=True,
    )
    planned = Count("sendings", filter=Q(sendings__state="planned"), distinct=True)
    found = AutoSendRule.objects.kept().filter(practice=practice)
    found = found.annotate(sent_count=sent, read_count=read, planned_count=planned)
    found = found.prefetch_related("documents", "questions", "visit_reasons", "agendas")
    return render(request, "practitioner/rules.html", frame(request, user, "rules", rules=list_page(request, found)))


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def rule(request: HttpRequest, user: User, pk: uuid.UUID | None = None) -> HttpResponse:
    found = _rule(user, pk) if pk else None
    practice = found.practice if found else administered_practice(request, user)
    form = RuleForm(request.POST or None, practice=practice, initial=initial_of(found))
    if request.method == "POST" and "preview" in request.POST:
        context = frame(
            request, user, "rules", practice=practice, form=form, rule=found, **_effect(form, practice, found)
        )
        return render(request, "practitioner/rule.html", context)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            save_rule(
                practice=practice,
                content=form.content(),
                by=user,
                rule=found,
                to_booked=form.cleaned_data["to_booked"],
            )
            messages.success(request, _("La règle est enregistrée."))
            return done("practitioner:rules")
    context = frame(request, user, "rules", practice=practice, form=form, rule=found)
    return render(request, "practitioner/rule.html", context, status=400 if form.errors else 200)


@staff_only
@require_POST
def effect(request: HttpRequest, user: User, pk: uuid.UUID | None = None) -> HttpResponse:
    """What the rule in the form would do. Writes nothing."""
    found = _rule(user, pk) if pk else None
    practice = found.practice if found else administered_practice(request, user)
    context = _effect(RuleForm(request.POST, practice=practice), practice, found)
    return render(request, "practitioner/_rule_effect.html", context)


def _effect(form: RuleForm, practice: Practice, found: AutoSendRule | None) -> dict[str, Any]:
    form.is_valid()
    form.errors.pop("name", None)  # the effect does not depend on a name
    if form.errors:
        return {"effect_form": form, "missing": [error for errors in form.errors.values() for error in errors]}
    content = form.content()
    return {
        "effect_form": form,
        "forecast": forecast(
            practice=practice,
            visit_reasons=content.visit_reasons,
            agendas=content.agendas,
            moment=content.moment,
            offset_hours=content.offset_hours,
            rule=found,
        ),
        "content": {  # same shape as a rule, for the shared template
            "documents": {"all": content.documents},
            "asks": content.questions,
            "visit_reasons": {"all": content.visit_reasons},
            "agendas": {"all": content.agendas},
            "moment": content.moment,
            "offset_hours": content.offset_hours,
            "by_email": "email" in content.channels,
            "by_sms": "sms" in content.channels,
        },
    }


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def remove_rule(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Asks first, and says what will not be sent any more."""
    found = _rule(user, pk)
    if request.method != "POST":
        planned = found.sendings.filter(state="planned").count()
        context = frame(request, user, "rules", practice=found.practice, rule=found, planned=planned)
        return render(request, "practitioner/rule_delete.html", context)
    delete_rule(rule=found, by=user)
    messages.success(request, _("La règle est supprimée. Ce qu’elle a envoyé reste visible."))
    return done("practitioner:rules")


@staff_only
@require_POST
def switch(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = _rule(user, pk)
    active = request.POST.get("active") == "1"
    switch_rule(rule=found, active=active, by=user)
    if active:
        told = _("« %(name)s » est active. Rien n’est parti tout de suite aux rendez-vous déjà pris.")
    else:
        told = _("« %(name)s » est arrêtée : elle n’envoie plus rien. Ce qui a été envoyé reste visible.")
    messages.success(request, told % {"name": found.name})
    return done("practitioner:rules")


def _rule(user: User, pk: uuid.UUID) -> AutoSendRule:
    """A rule of a practice that the user administers. Raises Http404 for others."""
    owned = AutoSendRule.objects.kept().of_staff(user, Role.ADMIN)
    return get_object_or_404(owned.select_related("practice"), pk=pk)
