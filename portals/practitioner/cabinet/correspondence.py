"""How the practice writes: reminders, quiet hours, unread documents, its name, replies and footer. Administrators
only."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from appointments.models import ReminderPolicy
from appointments.reminders import set_reminder_policy
from documents.models import UnreadPolicy
from documents.models.unread import MAX_DAYS
from documents.sharing.unread import set_unread_policy
from patients.names import ascii_digits
from portals.answers import done
from portals.form_errors import refusals_in
from portals.practitioner.practices import administered_practice
from portals.practitioner.staff import frame, staff_only
from practices.correspondence import LONGEST_FOOTER, set_correspondence
from practices.models import Practice


class HoursField(forms.CharField):
    """Numbers of hours, as people write them: 48, 2."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, widget=forms.TextInput(attrs={"class": "form-control"}), **kwargs)

    def prepare_value(self, value: object) -> object:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        parts = [part for part in re.split(r"[\s,;،]+", ascii_digits(super().to_python(value) or "")) if part]
        if any(not (part.isascii() and part.isdigit()) for part in parts):
            raise ValidationError(_("Écrivez des nombres d’heures séparés par des virgules. Exemple : 48, 2."))
        return sorted({int(part) for part in parts}, reverse=True)


class RemindersForm(forms.ModelForm[ReminderPolicy]):
    email_hours = HoursField(
        label=gettext_lazy("Rappels par e-mail, en heures avant le rendez-vous"),
        help_text=gettext_lazy("Exemple : 48, 2. Vide : aucun rappel par e-mail."),
    )
    sms_hours = HoursField(
        label=gettext_lazy("Rappels par SMS, en heures avant le rendez-vous"),
        help_text=gettext_lazy("Plusieurs rendez-vous du même jour font un seul SMS. Vide : aucun rappel par SMS."),
    )

    class Meta:
        model = ReminderPolicy
        fields = ["email_hours", "sms_hours", "quiet_from", "quiet_until"]
        labels = {
            "quiet_from": gettext_lazy("Aucun SMS à partir de"),
            "quiet_until": gettext_lazy("Jusqu’à"),
        }
        widgets = {
            name: forms.TimeInput(format="%H:%M", attrs={"type": "time", "class": "form-control"})
            for name in ("quiet_from", "quiet_until")
        }


class UnreadForm(forms.Form):
    days = forms.IntegerField(
        label=gettext_lazy("Relancer une fois après, en jours"),
        help_text=gettext_lazy("Un e-mail et un SMS, la nuit exceptée. Vide : aucune relance automatique."),
        required=False,
        widget=forms.NumberInput(attrs={"class": "form-control", "min": 1, "max": MAX_DAYS}),
        error_messages={"invalid": gettext_lazy("Écrivez un nombre de jours, ou rien.")},
    )


class CorrespondenceForm(forms.Form):
    discreet_name = forms.CharField(
        label=gettext_lazy("Nom dans les messages"),
        required=False,
        max_length=Practice._meta.get_field("discreet_name").max_length,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )

    discreet_email = forms.EmailField(
        label=gettext_lazy("Adresse des réponses"),
        required=False,
        widget=forms.EmailInput(attrs={"class": "form-control", "autocomplete": "off"}),
        error_messages={"invalid": gettext_lazy("Écrivez une adresse e-mail entière. Exemple : accueil@cabinet.fr.")},
    )

    message_footer = forms.CharField(
        label=gettext_lazy("Vos mots sous chaque e-mail"),
        help_text=gettext_lazy(
            "Texte simple : accès, parking, ligne de bus, un lien. Jamais de donnée de santé : ces mots se lisent "
            "sur un téléphone verrouillé ou dans une boîte partagée."
        ),
        required=False,
        max_length=LONGEST_FOOTER,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 3}),
    )

    def __init__(self, *args: Any, practice: Practice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["message_footer"].initial = practice.message_footer
        self.fields["discreet_name"].initial = practice.discreet_name
        self.fields["discreet_name"].help_text = _("Vide : %(name)s.") % {"name": practice.name}
        self.fields["discreet_email"].initial = practice.discreet_email
        self.fields["discreet_email"].help_text = _where_answers_go(practice)


def _where_answers_go(practice: Practice) -> str:
    """Where answers go now, and where with an empty field."""
    read = _("Elle se lit dans les messages et dans l’agenda du patient.")
    if practice.reply_address:
        going_to = _("Les réponses vont à %(email)s.") % {"email": practice.reply_address}
        return f"{read} {going_to}"
    if not practice.email:
        nobody = _("Vide : personne ne lit les réponses, et les messages le disent.")
        return f"{read} {nobody}"
    hidden = _(
        "Vide : personne ne lit les réponses, et les messages le disent, car avec un nom discret l’adresse %(email)s "
        "n’est pas montrée. Écrivez-la ici si elle ne dit pas pourquoi on vient."
    )
    return f"{read} {hidden % {'email': practice.email}}"


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def correspondence(request: HttpRequest, user: User) -> HttpResponse:
    """Three forms, each with its button; this address takes the reminders."""
    practice = administered_practice(request, user)
    form = RemindersForm(request.POST or None, instance=ReminderPolicy.of(practice))
    if request.method == "POST" and form.is_valid():
        set_reminder_policy(policy=form.instance, by=user)
        messages.success(request, _("Les réglages sont enregistrés. Les rappels à venir les suivent."))
        return done("practitioner:settings-messages")
    return _page(request, user, practice, reminders=form)


@staff_only
@require_POST
def discreet_name(request: HttpRequest, user: User) -> HttpResponse:
    """The name in messages, where replies go, the footer."""
    practice = administered_practice(request, user)
    form = CorrespondenceForm(request.POST, practice=practice)
    if form.is_valid():
        with refusals_in(form):
            set_correspondence(
                practice=practice,
                name=form.cleaned_data["discreet_name"],
                email=form.cleaned_data["discreet_email"],
                footer=form.cleaned_data["message_footer"],
                by=user,
            )
            sentence = _("Les prochains messages sont envoyés au nom de « %(name)s ».")
            messages.success(request, sentence % {"name": practice.name_in_messages})
            return done("practitioner:settings-messages")
    return _page(request, user, practice, naming=form)


@staff_only
@require_POST
def unread_reminder(request: HttpRequest, user: User) -> HttpResponse:
    """After how many days an unread document is reminded of."""
    practice = administered_practice(request, user)
    unread = UnreadForm(request.POST)
    if unread.is_valid():
        with refusals_in(unread):
            set_unread_policy(practice=practice, days=unread.cleaned_data["days"], by=user)
            messages.success(request, _("Les réglages sont enregistrés."))
            return done("practitioner:settings-messages")
    return _page(request, user, practice, unread=unread)


def _page(request: HttpRequest, user: User, practice: Practice, **sent: forms.BaseForm) -> HttpResponse:
    """Shows errors of the form that was sent."""
    shown: dict[str, Any] = {
        "reminders": RemindersForm(instance=ReminderPolicy.of(practice)),
        "unread": UnreadForm(initial={"days": UnreadPolicy.of(practice).days}),
        "naming": CorrespondenceForm(practice=practice),
    } | sent
    wrong = next((form for form in shown.values() if form.errors), shown["reminders"])
    context = frame(request, user, "settings", practice=practice, form=wrong, **shown)
    return render(request, "practitioner/cabinet/correspondence.html", context, status=400 if wrong.errors else 200)
