"""Forms of the first steps: who opens the account, by which means they sign in, and the practice."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.models import AccountLink
from portals.contact_fields import EmailField
from portals.language_form import LanguageSelect
from portals.time_zones import zones
from practices.colleagues import Identity
from practices.models import Practice
from practices.suspension import LONGEST_REASON


def _text(label: Any, missing: Any, autocomplete: str, **more: Any) -> forms.CharField:
    attrs = {"autocomplete": autocomplete, "class": "form-control"}
    return forms.CharField(
        label=label, error_messages={"required": missing}, widget=forms.TextInput(attrs=attrs), **more
    )


class PersonForm(forms.Form):
    """The address is asked for unless the link names it."""

    first_name = _text(_("Prénom"), _("Écrivez votre prénom."), "given-name", max_length=100)
    last_name = _text(_("Nom"), _("Écrivez votre nom."), "family-name", max_length=100)
    email = EmailField(
        label=_("Adresse e-mail"),
        help_text=_("Vous vous connecterez avec elle. Aucun message n’est envoyé pour la vérifier."),
        error_messages={
            "required": _("Écrivez votre adresse e-mail."),
        },
        widget=forms.EmailInput(attrs={"autocomplete": "email", "class": "form-control"}),
    )

    def __init__(self, *args: Any, link: AccountLink, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if link.email:
            del self.fields["email"]


class PracticeForm(forms.Form):
    WHO: ClassVar = [("me", _("J’en suis l’administrateur")), ("invite", _("Inviter son administrateur par e-mail"))]

    name = _text(
        _("Nom du cabinet"),
        _("Écrivez le nom du cabinet."),
        "organization",
        max_length=Practice._meta.get_field("name").max_length,
        help_text=_("Les patients le lisent dans chaque message. Exemple : Cabinet médical des Lilas."),
    )
    time_zone = forms.ChoiceField(
        label=_("Fuseau horaire"),
        choices=zones,
        initial="Europe/Paris",
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    language = forms.ChoiceField(
        label=_("Langue des messages"),
        choices=settings.LANGUAGES,
        initial="fr",
        widget=LanguageSelect(attrs={"class": "form-select"}),
    )
    who = forms.ChoiceField(label=_("Qui l’administre ?"), choices=WHO, initial="me", widget=forms.RadioSelect)
    first_name = _text(_("Prénom de l’administrateur"), "", "off", max_length=100, required=False)
    last_name = _text(_("Nom de l’administrateur"), "", "off", max_length=100, required=False)
    email = EmailField(
        label=_("Adresse e-mail de l’administrateur"),
        help_text=_("Si vous l’invitez : il reçoit un lien, et choisit lui-même son mot de passe."),
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "class": "form-control"}),
    )
    MISSING: ClassVar = {
        "first_name": _("Écrivez le prénom de la personne à inviter."),
        "last_name": _("Écrivez le nom de la personne à inviter."),
        "email": _("Écrivez l’adresse de la personne à inviter."),
    }

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("who") == "invite":
            for name, sentence in self.MISSING.items():
                if not self.cleaned_data.get(name) and name not in self.errors:
                    self.add_error(name, str(sentence))
        return self.cleaned_data

    @property
    def administrator(self) -> Identity | None:
        return identity_of(self.cleaned_data) if self.cleaned_data["who"] == "invite" else None


class AdministratorForm(forms.Form):
    """Whom an operator invites to administer a practice."""

    first_name = _text(_("Prénom"), PracticeForm.MISSING["first_name"], "off", max_length=100)
    last_name = _text(_("Nom"), PracticeForm.MISSING["last_name"], "off", max_length=100)
    email = EmailField(
        label=_("Adresse e-mail"),
        help_text=_("Cette personne reçoit un lien, et choisit elle-même son mot de passe."),
        error_messages={"required": PracticeForm.MISSING["email"]},
        widget=forms.EmailInput(attrs={"autocomplete": "off", "class": "form-control"}),
    )


class SuspensionForm(forms.Form):
    reason = forms.CharField(
        label=_("Raison"),
        help_text=_("L’équipe du cabinet la lit. N’y écrivez rien d’un patient."),
        max_length=LONGEST_REASON,
        error_messages={"required": _("Écrivez pourquoi : l’équipe du cabinet le lit.")},
        widget=forms.Textarea(attrs={"rows": 3, "class": "form-control"}),
    )


def identity_of(typed: dict[str, Any]) -> Identity:
    return Identity(email=typed["email"], first_name=typed["first_name"], last_name=typed["last_name"])
