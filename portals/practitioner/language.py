"""The page for the language of one's own pages and messages."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_http_methods

from accounts.language import change_language
from accounts.models import User
from portals.answers import done
from portals.language_form import LanguageForm
from portals.practitioner.staff import frame, staff_only


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def language(request: HttpRequest, user: User) -> HttpResponse:
    form = LanguageForm(request.POST or None, initial={"language": user.language})
    if request.method == "POST" and form.is_valid():
        change_language(user=user, language=form.cleaned_data["language"])
        with override(user.language):
            messages.success(request, _("Votre langue est enregistrée."))
        return done("practitioner:language")
    context = frame(request, user, "security", form=form, account_layout="staff_base.html")
    return render(request, "practitioner/language.html", context, status=400 if form.errors else 200)
