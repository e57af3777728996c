"""The agendas of the practice: list, make, change, order, close, reopen. Administrators only."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from appointments.agendas import (
    AgendaFacts,
    change_agenda,
    close_agenda,
    make_agenda,
    move_agenda,
    practitioners_of,
    reopen_agenda,
    upcoming,
)
from appointments.models import Agenda
from appointments.specialties import Specialty
from portals.answers import done
from portals.form_errors import refusals_in
from portals.form_fields import choice_field
from portals.pagination import list_page
from portals.practitioner.confirmation import Question, ask
from portals.practitioner.practices import administered_practice
from portals.practitioner.staff import frame, staff_only
from practices.models import Practice, Role


class AgendaForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Nom de l’agenda"),
        help_text=gettext_lazy("Les patients le lisent : « Dr Anne Martin », « Salle de radiographie »."),
        max_length=100,
        error_messages={"required": gettext_lazy("Écrivez le nom de l’agenda.")},
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
    practitioner = forms.ChoiceField(
        label=gettext_lazy("Praticien"),
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
        error_messages={"invalid_choice": gettext_lazy("Choisissez un praticien de ce cabinet.")},
    )
    specialty = forms.ChoiceField(
        label=gettext_lazy("Spécialité"),
        help_text=gettext_lazy("La page du cabinet la montre, et la recherche trouve le cabinet par elle."),
        choices=[("", gettext_lazy("Aucune")), *Specialty.choices],
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
        error_messages={"invalid_choice": gettext_lazy("Choisissez une spécialité proposée.")},
    )
    shown = forms.BooleanField(
        label=gettext_lazy(
            "Nommé sur la page du cabinet, même si les patients n’y prennent pas rendez-vous en ligne"
        ),
        required=False,
    )
    online = forms.BooleanField(label=gettext_lazy("Les patients y prennent rendez-vous en ligne"), required=False)
    video_url = forms.CharField(
        label=gettext_lazy("Adresse des consultations en vidéo"),
        help_text=gettext_lazy(
            "Où le patient rejoint le praticien. Elle figure dans la confirmation, le rappel, le compte et les "
            "documents qui disent le lieu. Sans elle, rien ne se réserve en vidéo ici."
        ),
        required=False,
        max_length=500,
        widget=forms.TextInput(
            attrs={"class": "form-control", "inputmode": "url", "autocomplete": "off", "spellcheck": "false"}
        ),
    )

    def __init__(self, *args: Any, practice: Practice, current: User | None = None, **kwargs: Any) -> None:
        """`current`: the practitioner as it is, who may have left the practice since."""
        super().__init__(*args, **kwargs)
        self.people = {str(one.pk): one for one in practitioners_of(practice)}
        if current is not None:
            self.people.setdefault(str(current.pk), current)
        choices = [("", _("Aucun : une salle, un appareil")), *((pk, str(one)) for pk, one in self.people.items())]
        choice_field(self, "practitioner").choices = choices

    def facts(self) -> AgendaFacts:
        given = self.cleaned_data
        return AgendaFacts(
            name=given["name"],
            practitioner=self.people.get(given["practitioner"]),
            online=given["online"],
            video_url=given["video_url"],
            specialty=given["specialty"],
            shown=given["shown"],
        )


@staff_only
@require_safe
def agendas(request: HttpRequest, user: User) -> HttpResponse:
    practice = administered_practice(request, user)
    listed = practice.agendas.select_related("practitioner").annotate(
        hours_count=Count("opening_hours", distinct=True), reasons_count=Count("visit_reasons", distinct=True)
    )
    page = list_page(request, listed.filter(is_active=True))
    opened = page.of([(one, _in_words(one)) for one in page])
    page = list_page(request, listed.filter(is_active=False), name="closed", anchor="closed")
    closed = page.of([(one, upcoming(one).count()) for one in page])
    context = frame(request, user, "settings", practice=practice, opened=opened, closed=closed)
    return render(request, "practitioner/cabinet/agendas.html", context)


def _in_words(agenda: Agenda) -> str:
    parts = [
        str(agenda.practitioner) if agenda.practitioner else _("Sans praticien"),
        _("réservable en ligne") if agenda.books_online else _("pas réservable en ligne"),
        *([_("en vidéo aussi")] if agenda.video_url else []),
    ]
    return ", ".join(parts)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def agenda(request: HttpRequest, user: User, pk: uuid.UUID | None = None) -> HttpResponse:
    owned = owned_agenda(user, pk) if pk else None
    practice = owned.practice if owned else administered_practice(request, user)
    initial: dict[str, Any] = {"online": True}
    if owned:
        initial = {
            "name": owned.name,
            "practitioner": str(owned.practitioner_id or ""),
            "online": owned.books_online,
            "video_url": owned.video_url,
            "specialty": owned.specialty,
            "shown": owned.is_shown,
        }
    current = owned.practitioner if owned else None
    form = AgendaForm(request.POST or None, practice=practice, current=current, initial=initial)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            if owned:
                change_agenda(agenda=owned, facts=form.facts(), by=user)
                messages.success(request, _("L’agenda est enregistré."))
                return done("practitioner:agendas")
            made = make_agenda(practice=practice, facts=form.facts(), by=user)
            messages.success(request, _("L’agenda est créé. Donnez ses horaires : sans eux, rien ne s’y réserve."))
            return done("practitioner:week", pk=made.pk)
    context = frame(request, user, "settings", practice=practice, form=form, agenda=owned)
    return render(request, "practitioner/cabinet/agenda.html", context, status=400 if form.errors else 200)


@staff_only
@require_POST
def order(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    owned = owned_agenda(user, pk)
    move_agenda(agenda=owned, earlier=request.POST.get("to") == "earlier", by=user)
    return done("practitioner:agendas")


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def close(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Asks first, and says what stays."""
    owned = owned_agenda(user, pk)
    if request.method == "POST":
        close_agenda(agenda=owned, by=user)
        messages.success(request, _("L’agenda « %(name)s » est fermé. Rien n’en est perdu.") % {"name": owned.name})
        return done("practitioner:agendas")
    count = upcoming(owned).count()
    stays = ngettext(
        "%(count)s rendez-vous à venir y reste : déplacez-le ou annulez-le s’il n’a plus lieu.",
        "%(count)s rendez-vous à venir y restent : déplacez ou annulez ceux qui n’ont plus lieu.",
        count,
    ) % {"count": count}
    question = Question(
        heading=_("Fermer l’agenda « %(name)s » ?") % {"name": owned.name},
        ends=[
            _("Les patients n’y réservent plus. Le cabinet peut encore, après une question."),
            stays if count else _("Aucun rendez-vous à venir n’y est prévu."),
            _("Ses horaires, ses rendez-vous passés et leurs documents restent. Vous pouvez le rouvrir."),
        ],
        button=_("Fermer cet agenda"),
        back=reverse("practitioner:agendas"),
        section="settings",
    )
    return ask(request, user, question, practice=owned.practice)


@staff_only
@require_POST
def reopen(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    owned = owned_agenda(user, pk)
    reopen_agenda(agenda=owned, by=user)
    messages.success(request, _("L’agenda « %(name)s » est rouvert.") % {"name": owned.name})
    return done("practitioner:agendas")


def owned_agenda(user: User, pk: uuid.UUID) -> Agenda:
    """An agenda of a practice that the user administers. Raises Http404 for others."""
    owned = Agenda.objects.of_staff(user, Role.ADMIN)
    return get_object_or_404(owned.select_related("practice", "practitioner"), pk=pk)
