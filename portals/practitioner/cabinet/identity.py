"""The practice's identity and logo. Administrators only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from appointments.models import Appointment, AppointmentStatus
from files.intake import Refused
from files.logos import remove_logo, set_logo
from notifications.wording import telephone_by_pairs
from portals.answers import done
from portals.contact_fields import EmailField
from portals.form_errors import refusals_in
from portals.form_fields import choice_field
from portals.language_form import LanguageSelect
from portals.practitioner.practices import administered_practice
from portals.practitioner.staff import frame, staff_only
from portals.time_zones import zones
from practices.identity import LONGEST_ADDRESS, Identity, set_identity
from practices.models import Practice, PracticeLogo


def _text(**attrs: str) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "form-control", **attrs})


class IdentityForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Nom du cabinet"),
        max_length=200,
        error_messages={"required": gettext_lazy("Écrivez le nom du cabinet.")},
        widget=_text(autocomplete="organization"),
    )
    address = forms.CharField(
        label=gettext_lazy("Adresse"),
        help_text=gettext_lazy("Avec le code postal : les jours fériés du lieu en dépendent."),
        max_length=LONGEST_ADDRESS,
        required=False,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 3, "autocomplete": "street-address"}),
    )
    telephone = forms.CharField(
        label=gettext_lazy("Téléphone"),
        help_text=gettext_lazy("Comme vous l’écrivez : 01 40 00 00 00."),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "tel", "inputmode": "tel"}),
    )
    email = EmailField(
        label=gettext_lazy("Adresse e-mail"),
        help_text=gettext_lazy("Reçoit les réponses des patients et les alertes."),
        required=False,
        widget=forms.EmailInput(attrs={"class": "form-control", "autocomplete": "email"}),
    )
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Fuseau horaire"),
        choices=zones,
        widget=forms.Select(attrs={"class": "form-select"}),
        error_messages={"invalid_choice": gettext_lazy("Choisissez un fuseau horaire proposé.")},
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Langue des messages et des documents"),
        help_text=gettext_lazy("Là où le patient n’a pas choisi la sienne."),
        choices=settings.LANGUAGES,
        widget=LanguageSelect(attrs={"class": "form-select"}),
    )

    def __init__(self, *args: Any, practice: Practice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice_field(self, "time_zone").choices = zones(practice.time_zone)

    def changes(self) -> Identity:
        given = self.cleaned_data
        return Identity(
            name=given["name"],
            address=given["address"],
            telephone=given["telephone"],
            email=given["email"],
            time_zone=given["time_zone"],
            language=given["language"],
        )


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def identity(request: HttpRequest, user: User) -> HttpResponse:
    practice = administered_practice(request, user)
    form = IdentityForm(request.POST or None, practice=practice, initial=_initial(practice))
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            changed = set_identity(practice=practice, changes=form.changes(), by=user)
            messages.success(request, _("Les coordonnées du cabinet sont enregistrées."))
            _warn_about_clock(request, practice, changed)
            return done("practitioner:identity")
    return _page(request, user, practice, form)


@staff_only
@require_POST
def logo(request: HttpRequest, user: User) -> HttpResponse:
    practice = administered_practice(request, user)
    file = request.FILES.get("logo")
    form = IdentityForm(practice=practice, initial=_initial(practice))
    try:
        set_logo(practice=practice, upload=file if isinstance(file, UploadedFile) else None, by=user)
    except Refused as refused:
        return _page(request, user, practice, form, logo_error=refused.sentence)
    messages.success(request, _("Le logo est enregistré : les prochains messages et documents le portent."))
    return done("practitioner:identity")


@staff_only
@require_POST
def drop_logo(request: HttpRequest, user: User) -> HttpResponse:
    remove_logo(practice=administered_practice(request, user), by=user)
    messages.success(request, _("Le logo est retiré."))
    return done("practitioner:identity")


@staff_only
@require_safe
def logo_picture(request: HttpRequest, user: User) -> HttpResponse:
    """As it is now, also where messages do not show it."""
    stored = PracticeLogo.objects.filter(practice=administered_practice(request, user)).first()
    if stored is None:
        raise Http404
    return HttpResponse(bytes(stored.png), content_type="image/png")


def _initial(practice: Practice) -> dict[str, str]:
    names = ("name", "address", "email", "time_zone", "language")
    return {name: getattr(practice, name) for name in names} | {"telephone": telephone_by_pairs(practice.telephone)}


def _page(
    request: HttpRequest, user: User, practice: Practice, form: IdentityForm, *, logo_error: str = ""
) -> HttpResponse:
    context = frame(
        request,
        user,
        "settings",
        practice=practice,
        form=form,
        logo=PracticeLogo.objects.filter(practice=practice).first(),
        logo_error=logo_error,
        has_errors=bool(logo_error),
    )
    status = 400 if form.errors or logo_error else 200
    return render(request, "practitioner/cabinet/identity.html", context, status=status)


def _warn_about_clock(request: HttpRequest, before: Practice, after: Practice) -> None:
    """After a change of the time zone: appointments keep their moment, so their hour reads differently."""
    booked = Appointment.objects.filter(practice=after, status=AppointmentStatus.BOOKED)
    if before.time_zone != after.time_zone and booked.exists():
        messages.warning(
            request,
            _(
                "Le fuseau horaire a changé. Les rendez-vous déjà pris gardent leur instant : ils s’affichent à "
                "la nouvelle heure (%(zone)s). Vérifiez l’agenda, et les horaires d’ouverture, qui se lisent à la "
                "nouvelle heure."
            )
            % {"zone": after.time_zone},
        )
