"""The list of questionnaires; a new one, from nothing or from a ready example."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from documents.models import DocumentRequest
from portals.answers import done
from portals.form_errors import refusals_in
from portals.pagination import list_page
from portals.practitioner.confirmation import Question, ask
from portals.practitioner.practices import administered_practice
from portals.practitioner.staff import frame, staff_only
from practices.models import Role
from questionnaires.catalogue import (
    archive_questionnaire,
    create_questionnaire,
    unarchive_questionnaire,
)
from questionnaires.comparing import completed_to
from questionnaires.examples import EXAMPLES
from questionnaires.fhir.reading import LONGEST_TITLE
from questionnaires.models import Questionnaire

FROM_NOTHING = ""


class NewForm(forms.Form):
    title = forms.CharField(
        label=gettext_lazy("Titre"),
        help_text=gettext_lazy(
            "Les patients le lisent : « Avant votre consultation ». Laissé vide, c’est celui de l’exemple."
        ),
        max_length=LONGEST_TITLE,
        required=False,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
    example = forms.ChoiceField(
        label=gettext_lazy("Commencer par"),
        required=False,
        choices=[
            (FROM_NOTHING, gettext_lazy("Un questionnaire vide")),
            *((one.key, one.name) for one in EXAMPLES.values()),
        ],
        widget=forms.RadioSelect,
    )

    def clean(self) -> dict[str, Any]:
        if not self.cleaned_data.get("title") and not self.cleaned_data.get("example") and not self.errors:
            self.add_error("title", _("Donnez un titre au questionnaire."))
        return self.cleaned_data


@staff_only
@require_safe
def questionnaires(request: HttpRequest, user: User) -> HttpResponse:
    practice = administered_practice(request, user)
    found = Questionnaire.objects.filter(practice=practice).with_current()
    offered = list_page(request, found.filter(archived_at=None))
    archived = list_page(request, found.exclude(archived_at=None), name="archived", anchor="archived")
    context = frame(request, user, "settings", practice=practice, offered=offered, archived=archived)
    return render(request, "practitioner/questionnaires/list.html", context)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def new_questionnaire(request: HttpRequest, user: User) -> HttpResponse:
    practice = administered_practice(request, user)
    form = NewForm(request.POST or None, initial={"example": FROM_NOTHING})
    if request.method == "POST" and form.is_valid():
        example = EXAMPLES.get(form.cleaned_data["example"])
        with refusals_in(form):
            made = create_questionnaire(
                practice=practice,
                title=form.cleaned_data["title"] or (example.title(practice.language) if example else ""),
                by=user,
                resource=example.resource(practice.language) if example else None,
            )
            return done("practitioner:questionnaire", pk=made.pk)
    context = frame(request, user, "settings", practice=practice, form=form, examples=EXAMPLES.values())
    return render(request, "practitioner/questionnaires/new.html", context, status=400 if form.errors else 200)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def archive(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Asks first, and says how many answers there are."""
    found = owned_questionnaire(user, pk)
    if request.method != "POST":
        question = Question(
            heading=_("Archiver « %(title)s » ?") % {"title": found.title},
            ends=_what_stays(found),
            button=_("Archiver"),
            back=reverse("practitioner:questionnaires"),
            section="settings",
        )
        return ask(request, user, question, practice=found.practice)
    archive_questionnaire(questionnaire=found, by=user)
    messages.success(request, _("Le questionnaire est archivé. Les réponses déjà reçues restent."))
    return done("practitioner:questionnaires")


def _what_stays(found: Questionnaire) -> list[str]:
    answered = completed_to(found)
    waiting = DocumentRequest.objects.open().filter(version__questionnaire=found).count()
    received = ngettext(
        "%(count)s patient y a répondu : ses réponses restent, et se lisent comme avant.",
        "%(count)s réponses ont été reçues : elles restent, et se lisent comme avant.",
        answered,
    )
    asked = ngettext(
        "%(count)s demande attend encore sa réponse : le patient peut toujours l’envoyer.",
        "%(count)s demandes attendent encore une réponse : les patients peuvent toujours les envoyer.",
        waiting,
    )
    return [
        _("Il n’est plus proposé quand on fait une demande. Il peut être proposé de nouveau."),
        received % {"count": answered} if answered else _("Personne n’y a encore répondu."),
        *([asked % {"count": waiting}] if waiting else []),
    ]


@staff_only
@require_POST
def unarchive(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = owned_questionnaire(user, pk)
    unarchive_questionnaire(questionnaire=found, by=user)
    messages.success(request, _("Le questionnaire est de nouveau proposé."))
    return done("practitioner:questionnaires")


def owned_questionnaire(user: User, pk: uuid.UUID) -> Questionnaire:
    """A questionnaire of a practice that the user administers. Raises Http404 for others."""
    owned = Questionnaire.objects.of_staff(user, Role.ADMIN)
    return get_object_or_404(owned.select_related("practice"), pk=pk)
