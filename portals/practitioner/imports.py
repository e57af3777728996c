"""Moving in: imports of patients and appointments from files. Administrators only."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from appointments.models import Agenda, VisitReason
from imports.choosing import chosen
from imports.models import Choice, Form, Import, Stage, Subject, Verdict
from imports.reading.headings import WORDS
from imports.steering import resume, start, stop, undo
from imports.undoing import made_something
from imports.uploads import check_size, choose_columns, choose_for_unnamed, fields_of, lacks, rows_of, upload
from portals.answers import done, refusals_shown
from portals.clock import set_clock
from portals.form_errors import refusals_in
from portals.form_fields import model_field
from portals.practitioner.confirmation import Question, ask
from portals.practitioner.practices import administered_practice
from portals.practitioner.staff import frame, staff_only
from practices.models import Practice, Role
from sealing.columns import CannotOpen

SHOWN = 20  # imports in the list
LISTED = 200  # refused or alike lines on a page
SAMPLE = 3  # rows beside the choice of columns


def _select() -> forms.Select:
    return forms.Select(attrs={"class": "form-select"})


class ForAppointments(forms.Form):
    """The agenda and reason of appointments whose line or event names none."""

    agenda = forms.ModelChoiceField(
        Agenda.objects.none(),
        label=gettext_lazy("Agenda"),
        empty_label=gettext_lazy("Aucun"),
        help_text=gettext_lazy("Des rendez-vous qui n’en nomment pas dans le fichier."),
        required=False,
        widget=_select(),
    )
    visit_reason = forms.ModelChoiceField(
        VisitReason.objects.none(),
        label=gettext_lazy("Motif"),
        empty_label=gettext_lazy("Aucun"),
        help_text=gettext_lazy("Des rendez-vous qui n’en nomment pas dans le fichier."),
        required=False,
        widget=_select(),
    )

    def __init__(self, *args: Any, practice: Practice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        model_field(self, "agenda").queryset = practice.agendas.filter(is_active=True)
        model_field(self, "visit_reason").queryset = practice.visit_reasons.filter(is_active=True)


class ImportForm(ForAppointments):
    subject = forms.ChoiceField(
        label=gettext_lazy("Ce que contient le fichier"),
        choices=Subject.choices,
        initial=Subject.PATIENTS,
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
        error_messages={"required": gettext_lazy("Dites ce que contient le fichier.")},
    )
    file = forms.FileField(
        label=gettext_lazy("Fichier"),
        help_text=gettext_lazy("CSV ou vCard pour des patients, CSV ou ICS pour des rendez-vous."),
        widget=forms.FileInput(attrs={"class": "form-control", "accept": ".csv,.txt,.tsv,.ics,.vcf"}),
        error_messages={
            "required": gettext_lazy("Choisissez le fichier à importer."),
            "empty": gettext_lazy("Ce fichier est vide. Choisissez l’export de l’autre logiciel."),
        },
    )
    field_order = ("subject", "file", "agenda", "visit_reason")

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        check_size(file.size)
        return file


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def imports(request: HttpRequest, user: User) -> HttpResponse:
    """Earlier imports, and a new one."""
    practice = administered_practice(request, user)
    form = ImportForm(request.POST or None, request.FILES or None, practice=practice)
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        with refusals_in(form):
            job = upload(
                practice=practice,
                file=asked["file"],
                name=asked["file"].name,
                subject=Subject(asked["subject"]),
                agenda=asked["agenda"],
                visit_reason=asked["visit_reason"],
                by=user,
            )
            return done("practitioner:import", pk=job.pk)
    jobs = [(job, name_of(job)) for job in Import.objects.filter(practice=practice)[:SHOWN]]
    context = frame(request, user, "settings", practice=practice, form=form, jobs=jobs)
    return render(request, "practitioner/imports.html", context, status=400 if form.errors else 200)


@staff_only
@require_safe
def import_(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    job = owned(user, pk)
    context = frame(request, user, "settings", practice=job.practice, **_state(job))
    if job.stage == Stage.MAPPING or (job.stage == Stage.CHECKED and "columns" in request.GET):
        context |= {"form": _for_appointments(job), **_mapping(job, job.columns)}
        return render(request, "practitioner/import_columns.html", context)
    return render(request, "practitioner/import.html", context)


@staff_only
@require_safe
def import_state(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """The part of the page that changes: polled while the import runs."""
    job = owned(user, pk)
    set_clock(job.practice)
    return render(request, "practitioner/_import_state.html", _state(job))


@staff_only
@require_POST
def import_columns(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    job = owned(user, pk)
    form = ForAppointments(request.POST, practice=job.practice)
    chosen = {number: request.POST.get(f"column-{number}", "") for number in range(len(job.headings))}
    if form.is_valid():
        with refusals_in(form):
            choose_columns(job=job, columns=chosen, by=user, **form.cleaned_data)
            return done("practitioner:import", pk=job.pk)
    columns = {str(number): name for number, name in chosen.items()}
    context = frame(
        request, user, "settings", practice=job.practice, **_state(job) | {"form": form}, **_mapping(job, columns)
    )
    return render(request, "practitioner/import_columns.html", context, status=400)


@staff_only
@require_POST
def import_unnamed(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """The agenda and the reason of lines that name none."""
    job = owned(user, pk)
    form = ForAppointments(request.POST, practice=job.practice)
    if form.is_valid():
        with refusals_in(form):
            choose_for_unnamed(job=job, by=user, **form.cleaned_data)
            return done("practitioner:import", pk=job.pk)
    context = frame(request, user, "settings", practice=job.practice, **_state(job) | {"form": form})
    return render(request, "practitioner/import.html", context, status=400)


@staff_only
@require_POST
def import_start(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    job = owned(user, pk)
    with refusals_shown(request) as refusal:
        start(job=job, by=user)
    return refusal.redirect("practitioner:import", pk=job.pk)


@staff_only
@require_POST
def import_stop(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    job = owned(user, pk)
    with refusals_shown(request) as refusal:
        stop(job=job, by=user)
    return refusal.redirect("practitioner:import", pk=job.pk)


@staff_only
@require_POST
def import_resume(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    job = owned(user, pk)
    with refusals_shown(request) as refusal:
        resume(job=job, by=user)
    return refusal.redirect("practitioner:import", pk=job.pk)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def import_undo(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Asks first."""
    job = owned(user, pk)
    if request.method != "POST":
        question = Question(
            heading=_("Annuler cet import ?"),
            ends=[
                _("Ce qu’il a créé sera supprimé. Personne ne reçoit de message."),
                _("Ce que quelqu’un a modifié ou utilisé depuis reste, et la page en donne la liste."),
            ],
            button=_("Annuler l’import"),
            back=reverse("practitioner:import", args=[job.pk]),
            section="settings",
        )
        return ask(request, user, question, practice=job.practice)
    with refusals_shown(request) as refusal:
        undo(job=job, by=user)
    return refusal.redirect("practitioner:import", pk=job.pk)


def owned(user: User, pk: uuid.UUID) -> Import:
    owned = Import.objects.of_staff(user, Role.ADMIN)
    return get_object_or_404(owned.select_related("practice", "agenda", "visit_reason"), pk=pk)


def name_of(job: Import) -> str:
    try:
        return job.name
    except CannotOpen:
        return _("Fichier sans nom lisible")


def _for_appointments(job: Import) -> ForAppointments:
    return ForAppointments(practice=job.practice, initial={"agenda": job.agenda, "visit_reason": job.visit_reason})


def _state(job: Import) -> dict[str, Any]:
    stopped = job.stage == Stage.IMPORTING and job.stopped_at is not None
    also = chosen(job) if job.stage == Stage.CHECKED else 0
    stays = job.judged.filter(Q(verdict=Verdict.NEW) | Q(filled__isnull=False)).exclude(detail="")
    not_completed = job.judged.filter(choice=Choice.SAME_RECORD, filled=None, verdict=Verdict.SAME).exclude(detail="")
    left_out = job.judged.filter(verdict=Verdict.ALIKE, choice__in=["", Choice.LEAVE_OUT])
    has_appointments = job.subject == Subject.APPOINTMENTS
    return {
        "job": job,
        "name": name_of(job),
        "refused": job.judged.filter(verdict=Verdict.REFUSED).order_by("line")[:LISTED],
        "alike": left_out.select_related("twin").order_by("line")[:LISTED],
        "stays": stays.order_by("line")[:LISTED] if job.left else [],
        "not_completed": not_completed.select_related("twin").order_by("line")[:LISTED],
        "listed": LISTED,
        "chosen": also,
        "to_import": job.new + also,
        "left_out": job.alike - also,
        "can_undo": (stopped or job.stage in (Stage.DONE, Stage.FAILED)) and made_something(job),
        "can_choose_columns": job.form == Form.CSV and job.stage == Stage.CHECKED,
        "has_appointments": has_appointments,
        "form": _for_appointments(job) if has_appointments and job.stage == Stage.CHECKED else None,
    }


def _mapping(job: Import, columns: dict[str, str]) -> dict[str, Any]:
    """Each column with its first values, and what it may hold."""
    rows = rows_of(job, 0)[:SAMPLE]
    choices = [(field.value, WORDS[field]) for field in fields_of(job) if field in WORDS]
    mapping = [
        {
            "number": number,
            "heading": heading,
            "chosen": columns.get(str(number), ""),
            "values": [row.cells[number] for row in rows if number < len(row.cells)],
        }
        for number, heading in enumerate(job.headings)
    ]
    return {"columns": mapping, "choices": choices, "lacks": lacks(job)}
