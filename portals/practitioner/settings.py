"""A practice's settings: reminders, quiet hours, instructions. Administrators only."""

from __future__ import annotations

import re
import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from appointments.instructions import delete_instruction, save_instruction
from appointments.models import Instruction, ReminderPolicy
from appointments.reminders import set_reminder_policy
from appointments.video import set_video_url
from documents.models import UnreadPolicy
from documents.models.unread import MAX_DAYS
from documents.sharing.unread import set_unread_policy
from patients.names import ascii_digits
from portals.form_errors import refusals_in
from portals.practitioner.asking import Question, ask
from portals.practitioner.certificate import certificate_facts
from portals.practitioner.forms import WhichAppointmentsForm
from portals.practitioner.practices import administered_practice
from portals.practitioner.staff import frame, staff_only
from practices.administration import set_discreet_name
from practices.models import Practice, Role


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


class InstructionForm(WhichAppointmentsForm):
    text = forms.CharField(
        label=gettext_lazy("Consigne"),
        max_length=2000,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 5}),
        error_messages={"required": gettext_lazy("Écrivez la consigne.")},
    )
    in_messages = forms.BooleanField(
        label=gettext_lazy("Aussi dans les e-mails de confirmation et de rappel"), required=False
    )


class VideoForm(forms.Form):
    """One address for each agenda."""

    def __init__(self, *args: Any, practice: Practice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.agendas = {f"video_{agenda.pk}": agenda for agenda in practice.agendas.filter(is_active=True)}
        for name, agenda in self.agendas.items():
            self.fields[name] = forms.CharField(
                label=agenda.name,
                initial=agenda.video_url,
                required=False,
                max_length=500,
                widget=forms.TextInput(
                    attrs={"class": "form-control", "inputmode": "url", "autocomplete": "off", "spellcheck": "false"}
                ),
            )

    def save(self, by: User) -> bool:
        """All, or none where one is refused; its sentence is beside its field then."""
        with transaction.atomic():
            for name, agenda in self.agendas.items():
                if self.cleaned_data[name].strip() == agenda.video_url:
                    continue
                try:
                    set_video_url(agenda=agenda, url=self.cleaned_data[name], by=by)
                except ValidationError:
                    self.add_error(name, _("Écrivez une adresse complète qui commence par https://."))
            if self.errors:
                transaction.set_rollback(True)
        return not self.errors


class UnreadForm(forms.Form):
    days = forms.IntegerField(
        label=gettext_lazy("Relancer une fois après, en jours"),
        help_text=gettext_lazy("Un e-mail et un SMS, la nuit exceptée. Vide : aucune relance automatique."),
        required=False,
        widget=forms.NumberInput(attrs={"class": "form-control", "min": 1, "max": MAX_DAYS}),
        error_messages={"invalid": gettext_lazy("Écrivez un nombre de jours, ou rien.")},
    )


class DiscreetNameForm(forms.Form):
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

    def __init__(self, *args: Any, practice: Practice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["discreet_name"].initial = practice.discreet_name
        self.fields["discreet_name"].help_text = _("Vide : %(name)s.") % {"name": practice.name}
        self.fields["discreet_email"].initial = practice.discreet_email
        self.fields["discreet_email"].help_text = _where_answers_go(practice)


def _where_answers_go(practice: Practice) -> str:
    """Today; and what an empty field comes to."""
    read = _("Elle se lit dans les messages et dans l’agenda du patient.")
    if practice.reply_address:
        return f"{read} {_('Les réponses vont à %(email)s.') % {'email': practice.reply_address}}"
    if not practice.email:
        return f"{read} {_('Vide : personne ne lit les réponses, et les messages le disent.')}"
    hidden = _(
        "Vide : personne ne lit les réponses, et les messages le disent, car avec un nom discret l’adresse %(email)s "
        "n’est pas montrée. Écrivez-la ici si elle ne dit pas pourquoi on vient."
    )
    return f"{read} {hidden % {'email': practice.email}}"


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest, user: User) -> HttpResponse:
    practice = administered_practice(request, user)
    about_video = "video" in request.POST
    form = RemindersForm(None if about_video else request.POST or None, instance=ReminderPolicy.of(practice))
    video = VideoForm(request.POST if about_video else None, practice=practice)
    if about_video and video.is_valid() and video.save(user):
        messages.success(request, _("Les adresses sont enregistrées : elles sont données aux prochains messages."))
        return redirect("practitioner:settings")
    if request.method == "POST" and not about_video and form.is_valid():
        set_reminder_policy(policy=form.instance, by=user)
        messages.success(request, _("Les réglages sont enregistrés. Les rappels à venir les suivent."))
        return redirect("practitioner:settings")
    return _page(request, user, practice, reminders=form, video=video)


@staff_only
@require_POST
def discreet_name(request: HttpRequest, user: User) -> HttpResponse:
    """How messages call the practice."""
    practice = administered_practice(request, user)
    form = DiscreetNameForm(request.POST, practice=practice)
    if form.is_valid():
        with refusals_in(form):
            set_discreet_name(
                practice=practice,
                name=form.cleaned_data["discreet_name"],
                email=form.cleaned_data["discreet_email"],
                by=user,
            )
            told = _("Les prochains messages sont envoyés au nom de « %(name)s ».")
            messages.success(request, told % {"name": practice.name_in_messages})
            return redirect("practitioner:settings")
    return _page(request, user, practice, naming=form)


@staff_only
@require_POST
def unread_reminder(request: HttpRequest, user: User) -> HttpResponse:
    """After how many days an unread document is brought to mind."""
    practice = administered_practice(request, user)
    unread = UnreadForm(request.POST)
    if unread.is_valid():
        with refusals_in(unread):
            set_unread_policy(practice=practice, days=unread.cleaned_data["days"], by=user)
            messages.success(request, _("Les réglages sont enregistrés."))
            return redirect("practitioner:settings")
    return _page(request, user, practice, unread=unread)


def _page(request: HttpRequest, user: User, practice: Practice, **sent: forms.BaseForm) -> HttpResponse:
    """Four forms, each with its button; the errors told are those of the one that was sent."""
    shown: dict[str, Any] = {
        "reminders": RemindersForm(instance=ReminderPolicy.of(practice)),
        "video": VideoForm(practice=practice),
        "unread": UnreadForm(initial={"days": UnreadPolicy.of(practice).days}),
        "naming": DiscreetNameForm(practice=practice),
    } | sent
    wrong = next((form for form in shown.values() if form.errors), shown["reminders"])
    instructions = practice.instructions.prefetch_related("visit_reasons", "agendas")
    certificate = certificate_facts(practice)
    context = frame(
        request, user, "settings", form=wrong, instructions=instructions, certificate=certificate, **shown
    )
    return render(request, "practitioner/settings.html", context, status=400 if wrong.errors else 200)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def instruction(request: HttpRequest, user: User, pk: uuid.UUID | None = None) -> HttpResponse:
    found = _instruction(user, pk) if pk else None
    practice = found.practice if found else administered_practice(request, user)
    initial: dict[str, Any] = {"in_messages": True}
    if found:
        initial = {
            "text": found.text,
            "visit_reasons": found.visit_reasons.all(),
            "agendas": found.agendas.all(),
            "in_messages": found.in_messages,
        }
    form = InstructionForm(request.POST or None, practice=practice, initial=initial)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            save_instruction(practice=practice, instruction=found, by=user, **form.cleaned_data)
            messages.success(request, _("La consigne est enregistrée."))
            return redirect("practitioner:settings")
    context = frame(request, user, "settings", practice=practice, form=form, instruction=found)
    return render(request, "practitioner/instruction.html", context, status=400 if form.errors else 200)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def remove_instruction(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Asks first: what was written is gone then."""
    found = _instruction(user, pk)
    if request.method != "POST":
        question = Question(
            heading=_("Supprimer cette consigne ?"),
            ends=[
                found.text,
                _("Elle n’est plus montrée avec les rendez-vous, ni écrite dans les messages qui partiront."),
            ],
            button=_("Supprimer"),
            back=reverse("practitioner:settings"),
            section="settings",
        )
        return ask(request, user, question, practice=found.practice)
    delete_instruction(instruction=found, by=user)
    messages.success(request, _("La consigne est supprimée."))
    return redirect("practitioner:settings")


def _instruction(user: User, pk: uuid.UUID) -> Instruction:
    """Of a practice that the user administers. To others its page does not exist."""
    owned = Instruction.objects.of_staff(user, Role.ADMIN)
    return get_object_or_404(owned.select_related("practice"), pk=pk)
