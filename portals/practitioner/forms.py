"""The forms of staff."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TypedDict, cast

from django import forms
from django.db.models import Model, Q
from django.utils import timezone
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from appointments.doubts import Doubt
from appointments.models import Agenda, Appointment, AppointmentKind, VisitReason
from notifications.wording import telephone_by_pairs
from patients.duplicates import Alike, Likeness, likenesses
from patients.misspelt_domains import did_you_mean
from patients.models import Patient
from patients.names import ascii_digits
from patients.ownership import CONTACTS
from patients.records import FormerContacts, PatientChanges
from portals.contact_fields import BirthDateField, EmailField, MobileField
from portals.form_fields import model_field
from practices.models import Practice


def _text(**attrs: str) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "form-control", **attrs})


class ContactChanges(TypedDict, total=False):
    email: str | None
    mobile: str | None
    former_contacts: FormerContacts | None


class ContactsForm(forms.Form):
    """The contacts that a record lacks, or all of them."""

    email = EmailField(required=False)
    mobile = MobileField(required=False)

    former_contacts = forms.ChoiceField(
        label=_("Si vous changez ces coordonnées : à qui étaient les anciennes ?"),
        help_text=_("Un compte voit déjà les documents de cette fiche : votre réponse décide de ce qu’il verra."),
        required=False,
        choices=[
            (
                FormerContacts.SOMEONE_ELSE.value,
                _("À quelqu’un d’autre : elles avaient été saisies par erreur. Ce compte ne verra plus rien."),
            ),
            (
                FormerContacts.SAME_PERSON.value,
                _(
                    "À la même personne, qui en a changé. Son compte garde ce qui est déjà partagé, et verra la "
                    "suite quand elle aura vérifié les nouvelles."
                ),
            ),
        ],
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
    )

    def __init__(
        self, *args: Any, only: list[str] | None = None, patient: Patient | None = None, **kwargs: Any
    ) -> None:
        """`patient`: the owner of the contacts. While an account sees them, the form asks whose the former ones
        were."""
        super().__init__(*args, **kwargs)
        self.initial["mobile"] = telephone_by_pairs(self.initial.get("mobile"))
        if patient is None or not patient.ties.live().exists():
            del self.fields["former_contacts"]
        for name in CONTACTS:
            if only is not None and name not in only:
                del self.fields[name]
            elif only is not None:
                self.fields[name].required = True
                self.fields[name].error_messages["required"] = (
                    _("Saisissez l’adresse e-mail du patient.") if name == "email" else _("Saisissez son mobile.")
                )

    @property
    def contact_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in CONTACTS if name in self.fields]

    def changes(self) -> ContactChanges:
        """The arguments for patients.records.change_patient."""
        given = self.cleaned_data
        whose = given.get("former_contacts")
        changes = ContactChanges(former_contacts=FormerContacts(whose) if whose else None)
        if "email" in given:
            changes["email"] = given["email"]
        if "mobile" in given:
            changes["mobile"] = given["mobile"]
        return changes


PERSON = ("first_name", "last_name", "birth_date")
MISSING = {  # of a new patient
    "first_name": _("Saisissez le prénom du nouveau patient, ou choisissez un patient déjà connu."),
    "last_name": _("Saisissez le nom du nouveau patient, ou choisissez un patient déjà connu."),
    "birth_date": _("Saisissez la date de naissance du nouveau patient, ou choisissez un patient déjà connu."),
}
TOO_LONG = {
    "max_length": ngettext_lazy(
        "C’est trop long : abrégez, %(limit_value)d caractère au plus.",
        "C’est trop long : abrégez, %(limit_value)d caractères au plus.",
        "limit_value",
    )
}


class MomentField(forms.DateTimeField):
    """A day and a time in the practice's time zone."""

    widget = forms.DateTimeInput(
        format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local", "class": "form-control", "step": "300"}
    )
    input_formats = ["%Y-%m-%dT%H:%M"]
    default_error_messages = {
        "invalid": _("Écrivez la date et l’heure ainsi : 2026-11-24T09:00."),
        "year": _("Vérifiez l’année de cette date."),
        "skipped": _("Cette heure n’existe pas : cette nuit-là, les horloges avancent. Choisissez-en une autre."),
    }

    def to_python(self, value: Any) -> datetime | None:
        """A time that occurs twice, in the night when clocks go back, means the first."""
        if isinstance(value, str):
            value = ascii_digits(value)
        with timezone.override(UTC):  # Django would refuse ambiguous or skipped times with its own messages
            typed = super().to_python(value)
        if typed is None:
            return None
        zone = timezone.get_current_timezone()
        moment = typed.replace(tzinfo=zone)
        try:
            shown = moment.astimezone(UTC).astimezone(zone)
        except OverflowError:  # the first or the last day that a date can hold
            raise forms.ValidationError(self.error_messages["year"], code="year") from None
        if shown.replace(tzinfo=None) != typed.replace(tzinfo=None):
            raise forms.ValidationError(self.error_messages["skipped"], code="skipped")
        return moment


class PlaceField(forms.TypedChoiceField):
    """At the practice or by video; if nothing was chosen, what the reason and the agenda allow."""

    widget = forms.Select(attrs={"class": "form-select", "data-place": ""})
    default_error_messages = {
        "invalid_choice": _("Aucun agenda n’a d’adresse de vidéo : choisissez « Au cabinet »."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=AppointmentKind.choices, coerce=AppointmentKind, empty_value=None, **kwargs)

    def validate(self, value: Any) -> None:
        if value:
            super().validate(value)


class Places(TypedDict):
    """What the script needs to offer only the places that fit a reason and an agenda. Keys as in the form."""

    reasons: dict[str, list[str]]
    agendas_with_video: list[str]


def _places(form: forms.Form) -> Places:
    reasons: Iterable[VisitReason] = model_field(form, "visit_reason").queryset or []
    agendas: Iterable[Agenda] = model_field(form, "agenda").queryset or []
    return Places(
        reasons={str(one.pk): [kind for kind in AppointmentKind.values if one.allows(kind)] for one in reasons},
        agendas_with_video=[str(one.pk) for one in agendas if one.video_url],
    )


def _offer_places(form: forms.Form, *, also: str = "") -> None:
    """Offer video only if an agenda has an address and a reason allows video. `also`: a place to keep on offer."""
    places = _places(form)
    by_video = places["agendas_with_video"] and any("video" in kinds for kinds in places["reasons"].values())
    cast("PlaceField", form.fields["kind"]).choices = [
        choice for choice in AppointmentKind.choices if by_video or choice[0] in (AppointmentKind.IN_PERSON, also)
    ]


def _born_where(form: forms.Form, practice: Practice) -> None:
    """Judge birth dates by the current day at the practice."""
    cast("BirthDateField", form.fields["birth_date"]).today = timezone.localdate(timezone=practice.zone)


class RowField(forms.ModelChoiceField[Model]):
    """An invalid key gets the same message as a key that is not offered: both come from an outdated page."""

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except forms.ValidationError:
            raise forms.ValidationError(self.error_messages["invalid_choice"], code="invalid_choice") from None


class FormOfPlace(forms.Form):
    """Agenda, reason, place and time of an appointment."""

    of_a_time = ("agenda", "visit_reason", "kind", "starts_at")

    @property
    def places(self) -> Places:
        return _places(self)

    @property
    def of_the_place(self) -> list[forms.BoundField]:
        return [self[name] for name in self.of_a_time if name != "starts_at"]

    def chosen(self, name: str) -> Any:
        """The record, the agenda or the reason chosen so far, even if other fields have errors; None if none is."""
        try:
            return self.fields[name].clean(self[name].value())
        except forms.ValidationError:
            return None


class BookingForm(FormOfPlace):
    agenda = RowField(
        Agenda.objects.none(),
        label=_("Agenda"),
        empty_label=_("Choisir…"),
        error_messages={
            "required": _("Choisissez un agenda."),
            "invalid_choice": _("Cet agenda n’est plus proposé : choisissez-en un autre."),
        },
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    visit_reason = RowField(
        VisitReason.objects.none(),
        label=_("Motif"),
        empty_label=_("Choisir…"),
        error_messages={
            "required": _("Choisissez un motif."),
            "invalid_choice": _("Ce motif n’est plus proposé : choisissez-en un autre."),
        },
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    starts_at = MomentField(label=_("Date et heure"), error_messages={"required": _("Indiquez la date et l’heure.")})
    kind = PlaceField(label=_("Où"))
    q = forms.CharField(label=_("Chercher un patient connu du cabinet"), required=False)
    patient = RowField(
        Patient.objects.none(),
        required=False,
        error_messages={"invalid_choice": _("Cette fiche n’existe plus : cherchez le patient de nouveau.")},
    )
    first_name = forms.CharField(
        label=_("Prénom"), max_length=100, error_messages=dict(TOO_LONG), widget=_text(autocomplete="off")
    )
    last_name = forms.CharField(
        label=_("Nom"), max_length=100, error_messages=dict(TOO_LONG), widget=_text(autocomplete="off")
    )
    birth_date = BirthDateField(label=_("Date de naissance"))
    email = EmailField(required=False)
    mobile = MobileField(required=False)
    somebody_else = forms.BooleanField(label=_("C’est quelqu’un d’autre : créer une fiche"), required=False)

    of_a_person = ("last_name", "first_name", "birth_date", "mobile", "email")
    field_order = ("q", "patient", "somebody_else", *of_a_person, *FormOfPlace.of_a_time)

    def __init__(self, *args: Any, practice: Practice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.practice = practice
        for name, sentence in MISSING.items():
            self.fields[name].error_messages["required"] = sentence
            self.fields[name].required = not self.data.get("patient")
        _born_where(self, practice)
        self.alike: list[Likeness] = []  # records similar to the new patient: a question, not an error
        choices: dict[str, Any] = {
            "agenda": practice.agendas.filter(is_active=True),
            "visit_reason": practice.visit_reasons.filter(is_active=True),
            "patient": practice.patients.all(),
        }
        for name, queryset in choices.items():
            model_field(self, name).queryset = queryset
        _offer_places(self)

    @property
    def of_a_new_patient(self) -> list[forms.BoundField]:
        return [self[name] for name in self.of_a_person]

    def doubts(self) -> list[Doubt]:
        """Doubts about the new patient as typed in. Choosing a record answers which one it is."""
        given = self.cleaned_data
        doubts = [Doubt("looks_like", asked_about(self.alike[0]), key="")] if self.alike else []
        if given.get("patient") is None and (question := did_you_mean(given["email"])):
            sentence = gettext("L’adresse e-mail %(address)s est peut-être mal écrite.") % {"address": given["email"]}
            doubts.append(Doubt("misspelt_email", f"{sentence} {question}", key=f"misspelt_email/{given['email']}"))
        return doubts

    def clean(self) -> dict[str, Any]:
        asked = self.cleaned_data
        if asked.get("patient") is not None:  # the fields of a new patient are ignored
            for name in (*PERSON, *CONTACTS):
                self.errors.pop(name, None)
        person: dict[str, Any] = {name: asked.get(name) for name in PERSON}
        if asked.get("patient") is None and all(person.values()) and not asked["somebody_else"]:
            records = self.practice.patients.all()
            self.alike = likenesses(records, **person, email=asked.get("email"), mobile=asked.get("mobile"))
        return asked


def asked_about(likest: Likeness) -> str:
    if Alike.SAME_PERSON in likest.why:
        return gettext(
            "Une fiche de ce nom, née le même jour, existe : choisissez-la, ou dites que c’est quelqu’un d’autre."
        )
    sentence = gettext("Une fiche lui ressemble (%(why)s) : choisissez-la, ou dites que c’est quelqu’un d’autre.")
    return sentence % {"why": likest.words}


class IdentityForm(forms.Form):
    """Names and birth date of a record, corrected by its practice. Saves only fields that changed: somebody else may
    have corrected the others meanwhile."""

    first_name = forms.CharField(
        label=_("Prénom"),
        max_length=100,
        error_messages=dict(TOO_LONG),
        show_hidden_initial=True,
        widget=_text(autocomplete="off"),
    )
    last_name = forms.CharField(
        label=_("Nom"),
        max_length=100,
        error_messages=dict(TOO_LONG),
        show_hidden_initial=True,
        widget=_text(autocomplete="off"),
    )
    birth_date = BirthDateField(label=_("Date de naissance"), show_hidden_initial=True)

    def __init__(self, *args: Any, patient: Patient, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {name: getattr(patient, name) for name in PERSON}
        _born_where(self, patient.practice)
        self.fields["first_name"].error_messages["required"] = _("Saisissez son prénom.")
        self.fields["last_name"].error_messages["required"] = _("Saisissez son nom.")
        self.fields["birth_date"].error_messages["required"] = _("Saisissez sa date de naissance.")

    def changes(self) -> PatientChanges:
        """The arguments for patients.records.change_patient."""
        changes = PatientChanges()
        if "first_name" in self.changed_data:
            changes["first_name"] = self.cleaned_data["first_name"]
        if "last_name" in self.changed_data:
            changes["last_name"] = self.cleaned_data["last_name"]
        if "birth_date" in self.changed_data:
            changes["birth_date"] = self.cleaned_data["birth_date"]
        return changes


class MoveForm(FormOfPlace):
    """Time, agenda, reason and place. The current ones may stay, even if closed to booking."""

    def __init__(self, *args: Any, appointment: Appointment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        practice = appointment.practice
        asked = BookingForm(practice=practice)
        agendas = practice.agendas.filter(Q(is_active=True) | Q(pk=appointment.agenda_id))
        reasons = practice.visit_reasons.filter(Q(is_active=True) | Q(pk=appointment.visit_reason_id))
        model_field(asked, "agenda").queryset = agendas
        model_field(asked, "visit_reason").queryset = reasons
        for name in self.of_a_time:
            self.fields[name] = asked.fields[name]
        _offer_places(self, also=appointment.kind)


class WhichAppointmentsForm(forms.Form):
    """Reasons and agendas of the practice; none chosen means all."""

    visit_reasons = forms.ModelMultipleChoiceField(
        VisitReason.objects.none(),
        label=_("Motifs"),
        help_text=_("Aucun coché : tous les motifs."),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    agendas = forms.ModelMultipleChoiceField(
        Agenda.objects.none(),
        label=_("Agendas"),
        help_text=_("Aucun coché : tous les agendas."),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, practice: Practice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        model_field(self, "visit_reasons").queryset = practice.visit_reasons.all()
        model_field(self, "agendas").queryset = practice.agendas.all()
