"""« Créer un cabinet », by an operator, who administers it or invites its administrator."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from portals.answers import done
from portals.form_errors import refusals_in
from portals.operator.forms import PracticeForm
from portals.operator.guard import for_operators
from portals.operator.start import FIRST_STEPS
from practices.founding import found_practice
from practices.models import Practice

CHOSEN = "practice"  # the key of the practice in which staff work (portals/practitioner/practices.py)


@for_operators
@require_http_methods(["GET", "HEAD", "POST"])
def found(request: HttpRequest, user: User) -> HttpResponse:
    form = PracticeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            practice = found_practice(
                name=form.cleaned_data["name"],
                time_zone=form.cleaned_data["time_zone"],
                language=form.cleaned_data["language"],
                administrator=form.administrator,
                by=user,
            )
            request.session.pop(FIRST_STEPS, None)
            return _founded(request, practice, invited=form.administrator.email if form.administrator else None)
    context = {"form": form, "is_first": not Practice.objects.exists()}
    return render(request, "operator/practice_new.html", context, status=400 if form.errors else 200)


def _founded(request: HttpRequest, practice: Practice, *, invited: str | None) -> HttpResponse:
    if invited:
        sentence = _("« %(practice)s » est créé. Une invitation part vers %(email)s.")
        messages.success(request, sentence % {"practice": practice.name, "email": invited})
        return done("operator:practice", pk=practice.pk)
    request.session[CHOSEN] = str(practice.pk)
    messages.success(
        request,
        _("« %(practice)s » est créé, et vous l’administrez. Voici son agenda.") % {"practice": practice.name},
    )
    return done("practitioner:agenda")
