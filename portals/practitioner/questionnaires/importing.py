"""A questionnaire from a file: a new one, or the next version. What is not understood is listed, each with its place
in the file and what to do; the file's content stays on the page, to be corrected there."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from accounts.models import User
from portals.answers import done
from portals.form_errors import refusals_in
from portals.practitioner.practices import administered_practice
from portals.practitioner.questionnaires.listing import owned_questionnaire
from portals.practitioner.staff import frame, staff_only
from practices.models import Practice
from questionnaires.catalogue import QuestionnaireNotUnderstood, import_questionnaire, publish_resource
from questionnaires.fhir.faults import Fault
from questionnaires.fhir.values import NotAValue, parse_json
from questionnaires.models import Questionnaire
from questionnaires.words import advice_on, sentence_of

LARGEST = 1024 * 1024
MOST_SHOWN = 100


class ImportForm(forms.Form):
    """`resource`: what is to be imported."""

    file = forms.FileField(
        label=gettext_lazy("Fichier JSON"),
        help_text=gettext_lazy("Une ressource FHIR R4 Questionnaire, de 1 Mo au plus."),
        required=False,
        error_messages={"empty": gettext_lazy("Ce fichier est vide.")},
        widget=forms.FileInput(attrs={"class": "form-control", "accept": ".json,application/json"}),
    )
    json = forms.CharField(
        label=gettext_lazy("Contenu du fichier"),
        help_text=gettext_lazy("Collez-le ici, ou corrigez-le. Un fichier choisi plus haut le remplace."),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 16, "spellcheck": "false"}),
    )

    resource: object = None

    def clean(self) -> dict[str, Any]:
        file: UploadedFile[bytes] | None = self.cleaned_data.get("file")
        name, raw = ("file", file.read()) if file else ("json", self.cleaned_data.get("json", "").encode())
        if self.errors:
            return self.cleaned_data
        if not raw.strip():
            self.add_error("file", _("Choisissez un fichier JSON, ou collez son contenu."))
        elif len(raw) > LARGEST:
            self.add_error(name, _("Ce fichier dépasse 1 Mo."))
        else:
            self._read(name, raw)
        return self.cleaned_data

    def _read(self, name: str, raw: bytes) -> None:
        """What was read stays in the form, whatever becomes of it."""
        self.data = {**self.data, "json": raw.decode(errors="replace")}
        try:
            self.resource = parse_json(raw)
        except NotAValue:
            self.add_error(name, _("Ce fichier n’est pas du JSON."))


@dataclass(frozen=True)
class Found:
    """A fault on the page."""

    sentence: str
    path: str
    advice: str


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def import_file(request: HttpRequest, user: User, pk: uuid.UUID | None = None) -> HttpResponse:
    """A new questionnaire, or the next version of one."""
    found = owned_questionnaire(user, pk) if pk else None
    practice = found.practice if found else administered_practice(request, user)
    form = ImportForm(request.POST or None, request.FILES or None)
    faults: Sequence[Fault] = ()
    if request.method == "POST" and form.is_valid():
        try:
            with refusals_in(form, but=(QuestionnaireNotUnderstood,)):
                imported = _imported(practice, found, form.resource, user)
                messages.success(request, _("Le questionnaire est importé."))
                return done("practitioner:questionnaire", pk=imported.pk)
        except QuestionnaireNotUnderstood as refused:
            faults = refused.faults
            form.add_error(None, _summary(len(faults)))
    shown = [Found(sentence_of(one), one.path, advice_on(one)) for one in faults[:MOST_SHOWN]]
    context = frame(request, user, "settings", practice=practice, form=form, questionnaire=found)
    context |= {"faults": shown, "more_faults": len(faults) - len(shown)}
    return render(request, "practitioner/questionnaires/import.html", context, status=400 if form.errors else 200)


def _imported(practice: Practice, found: Questionnaire | None, resource: object, by: User) -> Questionnaire:
    if found is None:
        return import_questionnaire(practice=practice, resource=resource, by=by)
    publish_resource(questionnaire=found, resource=resource, by=by)
    return found


def _summary(count: int) -> str:
    words = ngettext(
        "%(count)s élément de ce fichier est à corriger. Rien n’est importé : il est expliqué plus bas.",
        "%(count)s éléments de ce fichier sont à corriger. Rien n’est importé : ils sont expliqués plus bas.",
        count,
    )
    return words % {"count": count}
