"""One appointment: its panel, its history, moving, cancelling, deleting."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from appointments.authorisation import keep_with_holder, superseded_authorisation
from appointments.booking import check_time, delete, mark_of
from appointments.doubts import Doubt, Doubtful, doubts_about
from appointments.exclusions import exclusions_of
from appointments.finding import in_practices, practices_of
from appointments.history import history_of
from appointments.instructions import instructions_of
from appointments.models import Appointment, AppointmentStatus, WaitingEntry
from appointments.moving import AppointmentCancelled
from appointments.places import doubtful_place
from appointments.recipients import resolve
from appointments.series import cancel_following, companions, following
from documents.consents.keeping import carries_patients_signature
from documents.messages import messages_around
from documents.models import AutoSend, DocumentRequest, ReceivedDocument, SharedDocument, Task
from documents.models.shared import read_messages
from documents.sharing.access import around, in_practices_around, practices_of_staff
from documents.sharing.accesses import live_ties
from documents.undoing.appointments import cancel_for_now, move_for_now
from patients.duplicates import likenesses_of
from patients.own_contacts import open_proposals
from patients.proofs import proofs_of
from portals.answers import done, not_done, refusals_shown
from portals.appointment_words import why_cancelled
from portals.form_errors import refusals_in
from portals.pagination import ListPage, ReadPart, list_page
from portals.practitioner import document_lines
from portals.practitioner.access_words import unconfirmed_sentences
from portals.practitioner.accesses import accesses_of
from portals.practitioner.agenda import agenda_context
from portals.practitioner.auto_sends import auto_sends_of
from portals.practitioner.booking_words import cancelled_sentence, deleted_sentence, documents_stay, moved_sentence
from portals.practitioner.cancel_form import CancelForm
from portals.practitioner.forms import MomentField, MoveForm
from portals.practitioner.free_times import free_times_answer, free_times_of, shown_again
from portals.practitioner.history_words import beside, history_lines, with_messages
from portals.practitioner.notice_words import sent_notices, who_is_notified
from portals.practitioner.received import received_around, requests_around
from portals.practitioner.reminder_words import cannot_be_reminded, reminder_lines
from portals.practitioner.series_words import companions_shown, series_cancelled_sentence
from portals.practitioner.staff import appointment_of, frame, staff_only
from portals.practitioner.twins import distinguished
from portals.practitioner.undo_offer import offer_to_undo, session_mark, undo_offered
from portals.practitioner.waiting import rank_of
from practices.roles import may_share
from schema.composed import composed_once

SHOWN = 12  # lines of a list in the panel
HISTORY_LINES = 100
T = TypeVar("T", bound=Model)
# What most appointments lack. Asking for it with the appointment is cheaper than composing the queries of each.
AROUND = {
    f"has_{model._meta.model_name}": Exists(model._default_manager.filter(appointment=OuterRef("pk")))
    for model in (SharedDocument, Task, DocumentRequest, ReceivedDocument, AutoSend, WaitingEntry)
}


@staff_only
@require_safe
def appointment(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """The panel: alone for htmx; otherwise beside the agenda of its day (a small screen shows it alone)."""
    found = appointment_of(user, pk, find=_found_with_around)
    context = panel_context(request, found, user)
    if request.headers.get("HX-Request") == "true" and request.headers.get("HX-Target") == "panel":
        return render(request, "practitioner/_panel.html", context | {"panel_undo": undo_offered(request, user)})
    context |= agenda_context(request, found.practice, user, day=found.local_start.date(), current=pk)
    return render(request, "practitioner/agenda.html", frame(request, user, "agenda", **context))


@composed_once
def _with_around(practices: tuple[uuid.UUID, ...], pk: uuid.UUID) -> QuerySet[Appointment]:
    return in_practices(practices, pk).annotate(**AROUND)


def _found_with_around(user: User, pk: uuid.UUID) -> Appointment | None:
    return next(iter(_with_around(practices_of(user), pk)), None)


def panel_context(request: HttpRequest, found: Appointment, user: User) -> dict[str, Any]:
    """Needs the appointment with AROUND."""

    def shown(name: str, model: type[T], rows: Callable[[], QuerySet[T] | ReadPart[T]]) -> ListPage[T]:
        """`rows`: composed only if there are any."""
        if not _has(model, found):
            return ListPage(())
        return list_page(request, rows(), rows=SHOWN, name=name, anchor=f"panel-{name}")

    ties, documents = live_ties(found.patient), shown("documents", SharedDocument, lambda: documents_of(found, user))
    outlived, reminders = superseded_authorisation(found), reminder_lines(found)
    return {
        "appointment": found,
        "doubtful_place": doubtful_place(found),
        "why_cancelled": why_cancelled(found),
        "may_reinstate": found.status == AppointmentStatus.CANCELLED and found.starts_at > timezone.now(),
        "recipient": resolve(found),
        "proofs": proofs_of(found.patient, ties=ties),
        "companions": companions_shown(found, companions(found), len(following(found))),
        "waiting_rank": rank_of(found) if _has(WaitingEntry, found) else None,
        "documents": documents,
        "document_lines": document_lines.drawn(request, documents, may_share=may_share(user, found.practice)),
        "tasks": shown("tasks", Task, lambda: _prepared(found, user)),
        "outlived": outlived,
        "outlived_count": around(found, user=user).filter(authorisation=outlived).count() if outlived else 0,
        "likenesses": distinguished(found.patient, likenesses_of(found.patient)),
        "requests": shown("requests", DocumentRequest, lambda: requests_around(found)),
        "received": shown("received", ReceivedDocument, lambda: received_around(found, user)),
        "auto_sends": shown("sends", AutoSend, lambda: auto_sends_of(found)),
        "reminders": reminders,
        "cannot_be_reminded": cannot_be_reminded(found, reminders),
        "instructions": instructions_of(found),
        "may_share": may_share(user, found.practice),
        "patient": found.patient,
        "accesses": accesses_of(found.patient, ties=ties),
        "exclusions": exclusions_of(found.patient),
        "unconfirmed": unconfirmed_sentences(found.patient),
        "proposals": open_proposals(found.patient),
    }


def _has(model: type[Model], found: Appointment) -> bool:
    return bool(vars(found)[f"has_{model._meta.model_name}"])


def _prepared(found: Appointment, user: User) -> QuerySet[Task]:
    """What waits for a signature, or was sent back, as far as the user may see it."""
    prepared = Task.objects.of_sharers(user).open().filter(appointment=found)
    return prepared.select_related("practitioner", "prepared_by")


def documents_of(found: Appointment, user: User) -> ReadPart[SharedDocument]:
    """With what their lines show (_document_line.html), newest first."""

    def read(first: int, last: int) -> list[SharedDocument]:
        practices = practices_of_staff(user)
        if first:  # each later page would be another query, and a process keeps a few
            documents = list(_with_lines(in_practices_around(practices, found.pk))[first:last])
        else:
            documents = _first_documents(practices, found.pk, last)
        for one in documents:
            if one.patient_id == found.patient_id:  # read once for all
                one.patient = found.patient
        read_messages(documents)
        return documents

    return read


@composed_once
def _first_documents(practices: tuple[uuid.UUID, ...], appointment: uuid.UUID, last: int) -> QuerySet[SharedDocument]:
    return _with_lines(in_practices_around(practices, appointment))[:last]


def _with_lines(documents: QuerySet[SharedDocument]) -> QuerySet[SharedDocument]:
    own = ("category", "file", "consent", "auto_send")
    return documents.select_related(*own, "shared_by", "signed_by", "holder", "authorisation")


@staff_only
@require_safe
def history(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = appointment_of(user, pk)
    page = list_page(request, history_of(found), rows=HISTORY_LINES)
    lines = with_messages(history_lines(page.rows, found, user), beside(page, messages_around(found), "created_at"))
    context = frame(request, user, "agenda", practice=found.practice, appointment=found, lines=lines, page=page)
    return render(request, "practitioner/history.html", context)


@staff_only
@require_POST
def keep_documents_with_holder(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    keep_with_holder(appointment=appointment_of(user, pk), by=user)
    messages.success(
        request, _("Les documents déjà partagés restent visibles par la personne qui a pris le rendez-vous.")
    )
    return done("practitioner:appointment", pk=pk)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def move_appointment(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = appointment_of(user, pk)
    initial = {
        "starts_at": found.local_start,
        "agenda": found.agenda_id,
        "visit_reason": found.visit_reason_id,
        "kind": found.kind,
    }
    asked = _asked_in_grid(request, found)
    typed = shown_again(request)
    form = MoveForm(None if typed else request.POST or None, appointment=found, initial=typed or initial | asked)
    if typed and request.headers.get("HX-Request") == "true":
        return free_times_answer(request, form)
    doubts: list[Doubt] = _doubts_about(found, asked) if asked and request.method != "POST" else []
    if form.is_bound and form.is_valid():
        since = timezone.now()
        try:
            with refusals_in(form, but=(Doubtful,)):
                accepted = request.POST.getlist("accepted")
                moved, act = move_for_now(
                    appointment=found,
                    by=user,
                    session=session_mark(request),
                    seen=request.POST.get("seen"),
                    accepted=accepted,
                    **form.cleaned_data,
                )
                offer_to_undo(request, act)
                say_what_moving_did(request, moved, since)
                return done("practitioner:appointment", pk=pk)
        except Doubtful as refused:
            doubts = refused.doubts
        found = appointment_of(user, pk)  # as it is now
    if found.status == AppointmentStatus.CANCELLED:
        messages.error(request, str(AppointmentCancelled.words))
        return not_done("practitioner:appointment", pk=pk)
    moving_to = (form.cleaned_data if form.is_bound else asked).get("starts_at") if doubts else None
    told = [who_is_notified(found, by=user, moving=True, moving_to=moving_to), *documents_stay(_count(found, user))]
    shown = {"form": form, "doubts": doubts, "told": told, "seen": mark_of([found])} | free_times_of(request, form)
    context = frame(request, user, "agenda", practice=found.practice, appointment=found, **shown)
    status = 400 if form.errors else 409 if doubts and request.method == "POST" else 200
    return render(request, "practitioner/move.html", context, status=status)


def _asked_in_grid(request: HttpRequest, found: Appointment) -> dict[str, Any]:
    """The time and the agenda in the address, where somebody dropped the appointment; {} without a time that an
    appointment can have."""
    try:
        start = MomentField().clean(request.GET.get("start", ""))
        check_time(start)
    except ValidationError:
        return {}
    agenda = next((one for one in found.practice.agendas.all() if str(one.pk) == request.GET.get("agenda")), None)
    return {"starts_at": start, "agenda": (agenda or found.agenda).pk}


def _doubts_about(found: Appointment, asked: dict[str, Any]) -> list[Doubt]:
    agenda = found.practice.agendas.select_related("practice").get(pk=asked["agenda"])
    return doubts_about(
        agenda=agenda,
        visit_reason=found.visit_reason,
        patient=found.patient,
        starts_at=asked["starts_at"],
        moving=found,
    )


def say_what_moving_did(request: HttpRequest, moved: Appointment, since: datetime) -> None:
    """`since`: from when on messages were planned."""
    _say(request, moved_sentence(moved), moved, since)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def cancel_appointment(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Asks first: the patient is told, unless it is undone within seconds."""
    found = appointment_of(user, pk)
    form = CancelForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            return _cancelled(request, user, found, form)
        found = appointment_of(user, pk)  # as it is now
    if found.status == AppointmentStatus.CANCELLED:
        messages.info(request, _("Ce rendez-vous est déjà annulé."))
        return not_done("practitioner:appointment", pk=pk)
    told = [who_is_notified(found, by=user), *documents_stay(_count(found, user))]
    later = following(found)
    context = frame(
        request,
        user,
        "agenda",
        practice=found.practice,
        appointment=found,
        told=told,
        form=form,
        seen=mark_of([found]),
        following=later[1:],
        mark=mark_of(later),
    )
    return render(request, "practitioner/cancel.html", context, status=400 if form.errors else 200)


def _cancelled(request: HttpRequest, user: User, found: Appointment, form: CancelForm) -> HttpResponse:
    """Raises what the use cases raise."""
    since, why = timezone.now(), form.cleaned_data
    seen = request.POST.get("following")
    if seen is not None and (cancelled := cancel_following(appointment=found, by=user, seen=seen, **why)):
        notice, lacks = sent_notices(cancelled[0], since=since)
        said = series_cancelled_sentence(cancelled, notice)
        (messages.warning if lacks else messages.success)(request, said)
        return done("practitioner:appointment", pk=found.pk)
    _now, act = cancel_for_now(
        appointment=found, by=user, session=session_mark(request), seen=request.POST.get("seen"), **why
    )
    offer_to_undo(request, act)
    _say(request, cancelled_sentence(found, documents=_count(found, user)), found, since)
    return done("practitioner:appointment", pk=found.pk)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def delete_appointment(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Asks first, and names the documents that will be deleted."""
    found = appointment_of(user, pk)
    if request.method == "POST":
        day, since, documents = found.local_start.date(), timezone.now(), _count(found, user)
        if _shows_other_documents(request, found, user):
            return not_done("practitioner:delete", pk=pk)
        with refusals_shown(request) as refused:
            delete(appointment=found, by=user, seen=request.POST.get("seen"))
            _say(request, deleted_sentence(found, documents=documents), found, since)
            response = done("practitioner:agenda")
            response["Location"] += f"?date={day.isoformat()}"
            return response
        return refused.redirect("practitioner:delete", pk=pk)
    told, shared = who_is_notified(found, by=user), list(_with_lines(around(found, user=user)))
    context = frame(request, user, "agenda", practice=found.practice, appointment=found, told=told, count=len(shared))
    context |= {"seen": mark_of([found]), "named": _mark_of_documents(shared)}
    context["documents"] = list_page(request, shared)
    context["tasks"] = list_page(request, _prepared(found, user), name="tasks")
    context["signed_count"] = sum(1 for one in shared if carries_patients_signature(one))
    return render(request, "practitioner/delete.html", context)


def _shows_other_documents(request: HttpRequest, found: Appointment, user: User) -> bool:
    """Whether the page named other documents than would be deleted now; says so."""
    if "documents" not in request.POST:
        return False
    if request.POST["documents"] == _mark_of_documents(around(found, user=user)):
        return False
    messages.error(
        request,
        _(
            "Rien n’est supprimé : les documents de ce rendez-vous ont changé depuis que la page est affichée. "
            "Relisez-les, puis confirmez."
        ),
    )
    return True


def _mark_of_documents(documents: Iterable[SharedDocument]) -> str:
    return hashlib.sha256(",".join(sorted(str(one.pk) for one in documents)).encode()).hexdigest()


def _count(found: Appointment, user: User) -> int:
    return around(found, user=user).count()


def _say(request: HttpRequest, done: str, found: Appointment, since: datetime) -> None:
    """Says what was done and who is told of it; as a warning if staff still have to tell somebody."""
    told, lacks = sent_notices(found, since=since)
    (messages.warning if lacks else messages.success)(request, f"{done} {told}".strip())
