"""The setting of a document of the library that asks for the patient's signature."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.models import User
from documents.consents.forms import Asked, set_form
from documents.library.catalogue import check_may_write
from documents.models import ConsentForm, LibraryDocument
from portals.answers import done
from portals.form_errors import refusals_in
from portals.practitioner.staff import frame, staff_only


class SignatureForm(forms.Form):
    """`sentences`: one a line."""

    sentences = forms.CharField(
        label=gettext_lazy("Phrases que le patient coche, une par ligne"),
        help_text=gettext_lazy("Par exemple : J’ai lu et compris les risques de l’intervention."),
        error_messages={
            "required": gettext_lazy("Écrivez au moins une phrase que le patient coche avant de signer.")
        },
        max_length=10_000,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 5}),
    )
    practitioner_first = forms.BooleanField(
        label=gettext_lazy("Un praticien signe d’abord : sans sa signature, ce document ne se partage pas"),
        required=False,
    )
    booker_may_sign = forms.BooleanField(
        label=gettext_lazy(
            "La personne qui a pris le rendez-vous d’un adulte peut signer à sa place, si le cabinet l’a autorisée à "
            "recevoir les documents"
        ),
        required=False,
    )

    def __init__(self, *args: Any, is_written: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_written:  # an imported file is shared as it is
            del self.fields["practitioner_first"]

    def asked(self) -> Asked:
        """Of a valid form."""
        given = self.cleaned_data
        return Asked(
            sentences=given["sentences"].splitlines(),
            practitioner_first=given.get("practitioner_first", False),
            booker_may_sign=given["booker_may_sign"],
        )


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def library_signature(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    mine = LibraryDocument.objects.of_staff(user).select_related("practice")
    found = get_object_or_404(mine, pk=pk)
    check_may_write(found.practice, user)
    former = ConsentForm.objects.filter(document=found).first()
    stops = "stop" in request.POST
    data = request.POST if request.method == "POST" and not stops else None
    form = SignatureForm(data, is_written=bool(found.current.body), initial=_initial(former))
    if stops:
        set_form(document=found, asked=None, by=user)
        messages.success(request, _("Ce document ne demande plus de signature."))
        return done("practitioner:library-document", pk=pk)
    if form.is_valid():
        with refusals_in(form):
            set_form(document=found, asked=form.asked(), by=user)
            messages.success(request, _("Ce document demande la signature du patient chaque fois qu’il est partagé."))
            return done("practitioner:library-document", pk=pk)
    context = frame(
        request,
        user,
        "library",
        practice=found.practice,
        document=found,
        form=form,
        asks=former is not None,
        has_errors=bool(form.errors),
    )
    return render(request, "practitioner/library_signature.html", context, status=400 if form.errors else 200)


def _initial(former: ConsentForm | None) -> dict[str, Any]:
    if former is None:
        return {}
    return {
        "sentences": "\n".join(former.sentences),
        "practitioner_first": former.practitioner_first,
        "booker_may_sign": former.booker_may_sign,
    }
