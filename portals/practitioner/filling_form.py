"""The form of a document that is filled in: one field for each blank, then what becomes of it."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from documents.consents.forms import signed_first
from documents.filling.answers import MAX_LONG, MAX_SHORT, checked, field_of
from documents.filling.filled import Filling, Place
from documents.library.writing.blanks import Blank, BlankKind, blanks_of
from documents.models import LibraryVersion, Task
from documents.to_sign.preparing import filling_of
from documents.to_sign.standing import signers_of
from portals.form_errors import refusals_in
from portals.form_fields import choice_field
from portals.practitioner.library import AboutForm
from practices.models import Practice
from practices.roles import may_sign
from signing.models import SignatureImage

MYSELF = "me"
LAST = "last"
PLACES = [
    ("0.8,0.9", gettext_lazy("en bas à droite")),
    ("0.5,0.9", gettext_lazy("en bas au milieu")),
    ("0.2,0.9", gettext_lazy("en bas à gauche")),
    ("0.8,0.5", gettext_lazy("au milieu à droite")),
    ("0.5,0.5", gettext_lazy("au centre")),
    ("0.2,0.5", gettext_lazy("au milieu à gauche")),
    ("0.8,0.1", gettext_lazy("en haut à droite")),
    ("0.5,0.1", gettext_lazy("en haut au milieu")),
    ("0.2,0.1", gettext_lazy("en haut à gauche")),
]


class BlankField(forms.CharField):
    """What is typed is kept as it is: documents.filling.answers judges it, for every door alike."""

    def validate(self, value: Any) -> None:
        pass


class FillingForm(AboutForm):
    """`placed`: page, x, y and width of the signature, from the page's script; without it, the two lists count."""

    signer = forms.ChoiceField(
        label=gettext_lazy("Signature"), required=False, widget=forms.Select(attrs={"class": "form-select"})
    )
    sign_page = forms.ChoiceField(
        label=gettext_lazy("Page de la signature"),
        choices=[(LAST, gettext_lazy("dernière page")), ("1", gettext_lazy("première page"))],
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    sign_at = forms.ChoiceField(
        label=gettext_lazy("Place de la signature"),
        choices=PLACES,
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    placed = forms.CharField(required=False, widget=forms.HiddenInput)
    # Asked once the document names another patient (portals.form_errors.refusals_in adds it).
    confirm_patient = forms.BooleanField(label=gettext_lazy("Ce document concerne bien ce patient"), required=False)

    def __init__(
        self, *args: Any, version: LibraryVersion, user: User, task: Task | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.version = version
        self.place: Place | None = None
        self.blanks = blanks_of(version.body)
        practice = version.document.practice
        about = self.fields
        named = {field_of(number): _field(blank) for number, blank in enumerate(self.blanks, start=1)}
        self.fields = {**named, **about}
        has_to_be_signed = task is not None or signed_first(version.document)
        self.signers = _signers(practice, user, task, may_stay_unsigned=not has_to_be_signed)
        choice_field(self, "signer").choices = self.signers
        self.fields["signer"].required = has_to_be_signed
        if self.signers and self.signers[0][0] == MYSELF:
            self.initial.setdefault("signer", MYSELF)  # as an upload's switch: on
        if not self.signers:
            for name in ("signer", "sign_page", "sign_at", "placed"):
                del self.fields[name]
        if "confirm_patient" not in self.data:
            del self.fields["confirm_patient"]

    def blank_fields(self) -> list[forms.BoundField]:
        return [self[field_of(number)] for number in range(1, len(self.blanks) + 1)]

    def typed(self) -> dict[str, str]:
        """Every field as it was sent, right or wrong: what a draft keeps."""
        names = self.fields.keys() - {"confirm_patient"}
        return {name: str(self.data[name]) for name in self.fields if name in names and name in self.data}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        answers = {
            blank.label: cleaned.get(field_of(number), "") for number, blank in enumerate(self.blanks, start=1)
        }
        with refusals_in(self):
            cleaned["answers"] = checked(self.blanks, answers)
        if cleaned.get("signer"):
            with refusals_in(self):
                self.place = self._place(cleaned)
        return cleaned

    def filling(self) -> Filling:
        asked = self.cleaned_data
        return Filling(self.version, asked["answers"], asked["category"], asked["title"], self.place)

    @property
    def signs_oneself(self) -> bool:
        return bool(self.cleaned_data.get("signer") == MYSELF)

    @property
    def confirms_patient(self) -> bool:
        return bool(self.cleaned_data.get("confirm_patient"))

    def practitioner(self) -> User | None:
        """Whom it is prepared for; None if it is to be shared now."""
        chosen = self.cleaned_data.get("signer")
        return User.objects.get(pk=uuid.UUID(chosen)) if chosen and chosen != MYSELF else None

    def _place(self, cleaned: dict[str, Any]) -> Place:
        try:
            if cleaned.get("placed"):
                page, x, y, width = cleaned["placed"].split(",")
                return Place(None if page == LAST else int(page), float(x), float(y), float(width))
            x, y = (float(part) for part in (cleaned.get("sign_at") or PLACES[0][0]).split(","))
            return Place(None if cleaned.get("sign_page") != "1" else 1, x, y)
        except ValueError as wrong:
            sentence = _("La place de la signature est incomplète. Placez-la de nouveau sur la page.")
            raise ValidationError({"sign_at": sentence}) from wrong


def initial_of(version: LibraryVersion, task: Task | None) -> dict[str, str]:
    """What the form shows before anything was typed: what was prepared, or the names of the document."""
    if task is None:
        return {"title": version.document.title, "category": version.document.category_id}
    filling, place = filling_of(task), filling_of(task).place or Place()
    answers = {
        field_of(number): filling.answers.get(blank.label, "")
        for number, blank in enumerate(blanks_of(version.body), start=1)
    }
    page = LAST if place.page is None else str(place.page)
    return answers | {
        "title": task.title,
        "category": task.category_id,
        "signer": str(task.practitioner_id),
        "placed": f"{page},{place.x},{place.y},{place.width}",
    }


def _field(blank: Blank) -> forms.Field:
    attributes = {"class": "form-control"}
    if blank.kind == BlankKind.CHOICE:
        choices = [("", _("Choisir…")), *((one, one) for one in blank.choices)]
        widget: forms.Widget = forms.Select(attrs={"class": "form-select"}, choices=choices)
    elif blank.kind == BlankKind.LONG:
        widget = forms.Textarea(attrs={**attributes, "rows": 6, "maxlength": MAX_LONG})
    elif blank.kind == BlankKind.DATE:
        widget = forms.TextInput(attrs={**attributes, "type": "date"})
    else:
        widget = forms.TextInput(attrs={**attributes, "maxlength": MAX_SHORT})
    return BlankField(label=blank.label, required=blank.required, strip=False, widget=widget)


def _signers(practice: Practice, user: User, task: Task | None, *, may_stay_unsigned: bool) -> list[tuple[str, str]]:
    """Oneself, a practitioner who is asked to, or nobody; what was prepared for a signature stays so."""
    asked = _("À faire signer par %(name)s")
    everybody = [(str(one.pk), asked % {"name": one}) for one in signers_of(practice)]
    if task is not None:
        return everybody
    others = [(pk, words) for pk, words in everybody if pk != str(user.pk)]
    itself = may_sign(user, practice) and SignatureImage.objects.filter(user=user).exists()
    oneself = [(MYSELF, _("Je signe ce document"))] if itself else []
    signers = [*oneself, *others]
    return [*signers, ("", _("Partager sans signature"))] if signers and may_stay_unsigned else signers
