"""The visit reasons of the practice: list, make, change, archive; ready-made ones. Administrators only."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from appointments.models import Agenda, AppointmentKind, Instruction, VisitReason
from appointments.reason_sets import READY_MADE, SPECIALTIES, add_ready_made, existing, named
from appointments.visit_reasons import (
    LONGEST,
    SHORTEST,
    ReasonFacts,
    archive_visit_reason,
    change_visit_reason,
    delete_visit_reason,
    is_used,
    make_visit_reason,
    offer_again,
)
from portals.answers import done, refusals_shown
from portals.form_errors import refusals_in
from portals.form_fields import model_field
from portals.pagination import list_page
from portals.practitioner.confirmation import Question, ask
from portals.practitioner.practices import administered_practice
from portals.practitioner.staff import frame, staff_only
from practices.models import Practice, Role


def _agendas_field() -> forms.ModelMultipleChoiceField[Agenda]:
    return forms.ModelMultipleChoiceField(
        Agenda.objects.none(),
        label=gettext_lazy("Proposé sur"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": gettext_lazy("Cet agenda n’est plus proposé : choisissez-en un autre.")},
    )


class ReasonForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Motif"),
        help_text=gettext_lazy("Comme un patient le dirait : « Consultation de suivi »."),
        max_length=100,
        error_messages={"required": gettext_lazy("Écrivez le nom du motif.")},
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
    duration = forms.IntegerField(
        label=gettext_lazy("Durée en minutes"),
        widget=forms.NumberInput(attrs={"class": "form-control", "min": SHORTEST, "max": LONGEST, "step": 5}),
        error_messages={
            name: gettext_lazy("Donnez une durée de 5 à 480 minutes.") for name in ("required", "invalid")
        },
    )
    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("Où"),
        choices=AppointmentKind.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choisissez au moins un lieu : au cabinet ou en vidéo.")},
    )
    online = forms.BooleanField(label=gettext_lazy("Les patients le réservent en ligne"), required=False)
    agendas = _agendas_field()

    def __init__(self, *args: Any, practice: Practice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        model_field(self, "agendas").queryset = practice.agendas.all()

    def facts(self) -> ReasonFacts:
        given = self.cleaned_data
        return ReasonFacts(
            name=given["name"],
            duration=given["duration"],
            online=given["online"],
            kinds=[AppointmentKind(one) for one in given["kinds"]],
            agendas=list(given["agendas"]),
        )


class ReadyMadeForm(forms.Form):
    keys = forms.MultipleChoiceField(
        choices=[(key, key) for key in READY_MADE],
        error_messages={
            "required": gettext_lazy("Cochez au moins un motif."),
            "invalid_choice": gettext_lazy("Ce motif n’est plus dans les modèles : rechargez la page."),
        },
    )
    agendas = _agendas_field()

    def __init__(self, *args: Any, practice: Practice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        model_field(self, "agendas").queryset = practice.agendas.filter(is_active=True)


@staff_only
@require_safe
def visit_reasons(request: HttpRequest, user: User) -> HttpResponse:
    practice = administered_practice(request, user)
    listed = practice.visit_reasons.prefetch_related("agendas")
    page = list_page(request, listed.filter(is_active=True))
    offered = page.of([(one, _in_words(one)) for one in page])
    archived = list_page(request, listed.filter(is_active=False), name="archived", anchor="archived")
    context = frame(request, user, "settings", practice=practice, offered=offered, archived=archived)
    return render(request, "practitioner/cabinet/reasons.html", context)


def _in_words(reason: VisitReason) -> str:
    places = {
        (True, True): _("au cabinet ou en vidéo"),
        (True, False): _("au cabinet"),
        (False, True): _("en vidéo"),
    }
    parts = [
        ngettext("%(minutes)s minute", "%(minutes)s minutes", reason.duration_minutes)
        % {"minutes": reason.duration_minutes},
        places[reason.in_person, reason.video],
        _("réservable en ligne") if reason.books_online else _("pas réservable en ligne"),
    ]
    return ", ".join(parts)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def visit_reason(request: HttpRequest, user: User, pk: uuid.UUID | None = None) -> HttpResponse:
    owned = _owned(user, pk) if pk else None
    practice = owned.practice if owned else administered_practice(request, user)
    facts = ReasonFacts.of(owned) if owned else ReasonFacts("", 20, agendas=list(practice.agendas.all()))
    initial = {
        "name": facts.name,
        "duration": facts.duration,
        "online": facts.online,
        "kinds": [one.value for one in facts.kinds],
        "agendas": list(facts.agendas),
    }
    form = ReasonForm(request.POST or None, practice=practice, initial=initial)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            if owned:
                change_visit_reason(reason=owned, facts=form.facts(), by=user)
            else:
                make_visit_reason(practice=practice, facts=form.facts(), by=user)
            messages.success(request, _("Le motif est enregistré. Les rendez-vous déjà pris gardent leur durée."))
            return done("practitioner:visit-reasons")
    instructions = Instruction.objects.filter(practice=practice, visit_reasons=owned) if owned else []
    context = frame(
        request,
        user,
        "settings",
        practice=practice,
        form=form,
        reason=owned,
        instructions=instructions,
        may_delete=owned is not None and not is_used(owned),
    )
    return render(request, "practitioner/cabinet/reason.html", context, status=400 if form.errors else 200)


@staff_only
@require_POST
def archive(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    owned = _owned(user, pk)
    archive_visit_reason(reason=owned, by=user)
    messages.success(request, _("Le motif « %(name)s » n’est plus proposé.") % {"name": owned.name})
    return done("practitioner:visit-reasons")


@staff_only
@require_POST
def unarchive(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    owned = _owned(user, pk)
    offer_again(reason=owned, by=user)
    messages.success(request, _("Le motif « %(name)s » est de nouveau proposé.") % {"name": owned.name})
    return done("practitioner:visit-reasons")


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Asks first: this can't be undone."""
    owned = _owned(user, pk)
    if request.method == "POST":
        with refusals_shown(request) as refusal:
            delete_visit_reason(reason=owned, by=user)
            messages.success(request, _("Le motif « %(name)s » est supprimé.") % {"name": owned.name})
        return refusal.redirect("practitioner:visit-reasons")
    question = Question(
        heading=_("Supprimer le motif « %(name)s » ?") % {"name": owned.name},
        ends=[
            _("Aucun rendez-vous, aucun horaire, aucune consigne et aucun envoi automatique ne s’en sert.")
            if not is_used(owned)
            else _("Ce motif a servi : il ne peut qu’être archivé."),
        ],
        button=_("Supprimer"),
        back=reverse("practitioner:visit-reasons"),
        section="settings",
    )
    return ask(request, user, question, practice=owned.practice)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def ready_made(request: HttpRequest, user: User) -> HttpResponse:
    """Ticks reasons of a specialty. Those that the practice has already are shown as such."""
    practice = administered_practice(request, user)
    everywhere = list(practice.agendas.filter(is_active=True))
    form = ReadyMadeForm(request.POST or None, practice=practice, initial={"agendas": everywhere})
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            added = add_ready_made(practice=practice, by=user, **form.cleaned_data)
            count = len(added.new) + len(added.offered_again)
            sentence = ngettext("%(count)s motif ajouté.", "%(count)s motifs ajoutés.", count) % {"count": count}
            messages.success(request, sentence if count else _("Le cabinet a déjà ces motifs : rien n’a changé."))
            return done("practitioner:visit-reasons")
    had, ticked = named(practice), request.POST.getlist("keys")
    sets = [
        (
            one,
            [
                (each, each.name_in(practice.language), known, each.key in ticked)
                for each in one.reasons
                for known in [existing(each, had)]
            ],
        )
        for one in SPECIALTIES
    ]
    context = frame(request, user, "settings", practice=practice, form=form, sets=sets)
    return render(request, "practitioner/cabinet/ready_made.html", context, status=400 if form.errors else 200)


def _owned(user: User, pk: uuid.UUID) -> VisitReason:
    """A reason of a practice that the user administers. Raises Http404 for others."""
    owned = VisitReason.objects.of_staff(user, Role.ADMIN)
    return get_object_or_404(owned.select_related("practice"), pk=pk)
