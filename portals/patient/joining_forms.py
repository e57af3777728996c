"""The forms of a new patient: who they are, and the two codes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from appointments.models import BookedFor
from patients.models import SignUp
from patients.sign_up import WrongCodes
from portals.code_form import digits_of
from portals.contact_fields import EmailField, MobileField
from portals.patient.booking_forms import PersonForm


class JoinForm(PersonForm):
    """The names, birth date and contacts of the person who books."""

    email = EmailField(
        label=_("Votre adresse e-mail"),
        error_messages={"required": _("Saisissez votre adresse e-mail.")},
        widget=forms.EmailInput(attrs={"class": "form-control", "autocomplete": "email"}),
    )
    mobile = MobileField(
        label=_("Votre mobile"),
        error_messages={"required": _("Saisissez votre numéro de mobile.")},
        widget=forms.TelInput(attrs={"class": "form-control", "autocomplete": "tel"}),
    )
    who = forms.ChoiceField(
        label=_("Pour qui est ce rendez-vous ?"),
        choices=[
            (BookedFor.SELF.value, _("Pour moi")),
            (BookedFor.MINOR_RELATIVE.value, _("Pour un enfant")),
            (BookedFor.ADULT_RELATIVE.value, _("Pour un autre adulte")),
        ],
        initial=BookedFor.SELF.value,
        widget=forms.RadioSelect,
    )

    field_order = ["who", "first_name", "last_name", "day", "month", "year", "mobile", "email"]
    of_oneself = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label, missing, token in (
            ("first_name", _("Votre prénom"), _("Saisissez votre prénom."), "given-name"),
            ("last_name", _("Votre nom"), _("Saisissez votre nom."), "family-name"),
        ):
            self.fields[name].label = label
            self.fields[name].error_messages["required"] = str(missing)
            self.fields[name].widget.attrs["autocomplete"] = token


class TwoCodesForm(forms.Form):
    """A code for each contact that is not proved yet."""

    def __init__(self, *args: Any, sign_up: SignUp, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not sign_up.mobile_proved_at:
            self.fields["mobile_code"] = _code_field(_("Code reçu par SMS"), _("Saisissez le code reçu par SMS."))
        if not sign_up.email_proved_at:
            missing = _("Saisissez le code reçu par e-mail.")
            self.fields["email_code"] = _code_field(_("Code reçu par e-mail"), missing)

    def clean_mobile_code(self) -> str:
        return digits_of(self.cleaned_data["mobile_code"])

    def clean_email_code(self) -> str:
        return digits_of(self.cleaned_data["email_code"])

    def refuse(self, wrong: WrongCodes) -> None:
        """Say which of the codes does not match; a right one is not asked again."""
        for name, is_wrong in (("mobile_code", wrong.mobile), ("email_code", wrong.email)):
            if is_wrong:
                self.add_error(
                    name,
                    _now("Ce code n’est pas le bon, ou il a expiré. Vérifiez le message le plus récent."),
                )
            else:
                self.fields.pop(name, None)


def _code_field(label: Any, missing: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=_("Six chiffres."),
        error_messages={"required": missing},
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "class": "form-control code-input"}
        ),
    )
