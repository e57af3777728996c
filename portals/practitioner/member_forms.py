"""The forms for members of a practice: who, what they may do, on which days."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portals.contact_fields import EmailField
from practices.colleagues import Identity
from practices.models import Role
from practices.periods import Period
from practices.team import TeamMember

ROLES = [
    (Role.PRACTITIONER.value, _("Praticien : peut signer, et partager")),
    (Role.SECRETARY.value, _("Secrétaire : peut partager, sans signer")),
    (Role.ADMIN.value, _("Administrateur : administre le cabinet et invite ses membres ; peut partager")),
    (Role.READER.value, _("Lecteur : lit seulement, ne partage rien")),
]


def _text(**attrs: str) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", **attrs})


class RightsForm(forms.Form):
    """What a member may do, and on which days."""

    roles = forms.MultipleChoiceField(
        label=_("Ce que cette personne peut faire"),
        choices=ROLES,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Cochez au moins un rôle.")},
    )
    valid_from = forms.DateField(
        label=_("Premier jour d’accès"),
        help_text=_("Pour un remplacement. Vide : dès maintenant."),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "form-control"}),
        error_messages={"invalid": _("Écrivez une date, par exemple 03/12/2026.")},
    )
    valid_until = forms.DateField(
        label=_("Dernier jour d’accès"),
        help_text=_("Ce jour compris. Vide : sans fin."),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "form-control"}),
        error_messages={"invalid": _("Écrivez une date, par exemple 14/12/2026.")},
    )

    @property
    def chosen_roles(self) -> frozenset[Role]:
        return frozenset(Role(one) for one in self.cleaned_data["roles"])

    @property
    def period(self) -> Period:
        return Period(self.cleaned_data["valid_from"], self.cleaned_data["valid_until"])


class InvitationForm(RightsForm):
    """Who is invited, too."""

    email = EmailField(error_messages={"required": _("Saisissez l’adresse e-mail de cette personne.")})
    title = forms.CharField(label=_("Titre"), help_text=_("Dr, Pr…"), required=False, max_length=20, widget=_text())
    first_name = forms.CharField(
        label=_("Prénom"), max_length=100, widget=_text(), error_messages={"required": _("Saisissez le prénom.")}
    )
    last_name = forms.CharField(
        label=_("Nom"), max_length=100, widget=_text(), error_messages={"required": _("Saisissez le nom.")}
    )
    professional_number = forms.CharField(
        label=_("Numéro RPPS"),
        help_text=_("Pour un praticien : 11 chiffres."),
        required=False,
        max_length=100,
        widget=_text(inputmode="numeric"),
    )

    field_order = ["email", "title", "first_name", "last_name", "professional_number"]

    @property
    def identity(self) -> Identity:
        names = ("email", "first_name", "last_name", "title", "professional_number")
        return Identity(**{name: self.cleaned_data[name] for name in names})


def initial_of(member: TeamMember, names: Iterable[str] = tuple(InvitationForm.base_fields)) -> dict[str, Any]:
    known: dict[str, Any] = {
        "roles": [role.value for role in member.roles],
        "valid_from": member.period.first,
        "valid_until": member.period.last,
    }
    return {name: known[name] if name in known else getattr(member, name) for name in names}
