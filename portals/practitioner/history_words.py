"""The history of an appointment and its record, in sentences: the action, and its document or access."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from appointments.history import history_of
from appointments.models import Agenda, Appointment, AppointmentKind, CancelReason, VisitReason
from audit.events import words_for_practice
from audit.models import AuditEvent
from documents.models import Category, Consent, DocumentLink, ReadingMeans
from documents.receiving.access import received_by_staff, requests_of_staff
from documents.sharing.access import around, practices_of_staff
from files.notices import notice_sentences
from notifications.models import Message
from notifications.wording import long_day
from patients.models import Invitation
from portals.appointment_words import why_cancelled
from portals.pagination import ListPage
from portals.practitioner.series_words import place_in_series
from portals.templatetags.presentation import colon
from portals.who_has import masked_contacts
from questionnaires.models import QuestionnaireResponse

OF_THE_BOOKER = ("holder.authorised", "holder.refused", "holder.authorisation_withdrawn", "holder.authorisation_kept")

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class HistoryLine:
    """`what`: the document, or whose access it was."""

    at: datetime
    actor: User | None
    words: str
    what: str
    notes: list[str]


def history_lines(lines: Sequence[AuditEvent], appointment: Appointment, user: User) -> list[HistoryLine]:
    """The lines as `user`, of the practice, may see them."""
    ids = {line.actor_id for line in lines} | {_account(line) for line in lines}
    people = User.objects.in_bulk([pk for pk in ids if pk])
    what = _subjects(lines, appointment, user, people)
    names = _names_of_parts(lines, appointment)
    why = _why_cancelled(lines, appointment)
    return [
        HistoryLine(
            at=line.at,
            actor=people.get(line.actor_id) if line.actor_id else None,
            words=words_for_practice(line.action),
            what=what.get(line.pk, ""),
            notes=_changes(line, appointment, names) + _notes(line.detail) + why.get(line.pk, []),
        )
        for line in lines
    ]


def beside(page: ListPage[AuditEvent], rows: QuerySet[M], moment: str) -> QuerySet[M]:
    """The rows whose time, in the field `moment`, is between the first action of the page and that of the later page;
    also the newer ones on the first page. Each row is beside one page."""
    if page.earlier:
        rows = rows.filter(**{f"{moment}__lte": page.rows[0].at})
    if page.following:
        rows = rows.filter(**{f"{moment}__gt": page.following.at})
    return rows


def with_messages(lines: list[HistoryLine], messages: Iterable[Message]) -> list[HistoryLine]:
    """The history with the messages about the appointment: which, by which channel, where, and what came of it."""
    told = [
        HistoryLine(
            at=one.sent_at or one.created_at,
            actor=None,
            words=str(one.get_channel_display()),
            what=one.subject,
            notes=[
                f"{masked_contacts(one.to)}{colon()}{one.get_state_display().lower()}",
                *filter(None, [one.error]),
            ],
        )
        for one in messages
    ]
    return sorted([*lines, *told], key=lambda line: line.at, reverse=True)


def _why_cancelled(lines: Sequence[AuditEvent], appointment: Appointment) -> dict[Any, list[str]]:
    """By line: what staff said when they cancelled; the note only of the last time, as it is not in the trail."""
    reasons = {
        line.pk: [str(CancelReason(line.detail["reason"]).label)]
        for line in lines
        if line.action == "appointment.cancelled" and line.detail.get("reason") in CancelReason.values
    }
    cancelled = {line.pk for line in lines if line.action == "appointment.cancelled"}
    if cancelled and (why := why_cancelled(appointment)):
        last = history_of(appointment).filter(action="appointment.cancelled").values_list("pk", flat=True).first()
        reasons |= {last: [why]} if last in cancelled else {}
    return reasons


def _subjects(
    lines: Sequence[AuditEvent], appointment: Appointment, user: User, people: dict[uuid.UUID, User]
) -> dict[Any, str]:
    """The subject of each line, by the line's key."""
    titles = _titles(lines, appointment, user)
    categories = {category.code: category.label for category in Category.objects.all()}
    of_contacts = _sent_to(lines, appointment)
    booker = str(appointment.holder or "")
    return {
        line.pk: (
            titles.get(line.object_id)
            or categories.get(str(line.detail.get("category", "")))
            or of_contacts.get(line.object_id)
            or (str(people[account]) if (account := _account(line)) in people else "")
            or (booker if line.action in OF_THE_BOOKER else "")
        )
        for line in lines
    }


def _titles(lines: Sequence[AuditEvent], appointment: Appointment, user: User) -> dict[uuid.UUID, str]:
    """Of what the lines are about: shared documents, requests, what came, questionnaires, signatures."""
    shared = around(appointment, user=user)
    titles: dict[uuid.UUID, str] = dict(shared.values_list("pk", "title"))
    kinds = {line.object_type for line in lines}
    if "DocumentRequest" in kinds:
        titles |= dict(requests_of_staff(user).filter(appointment=appointment).values_list("pk", "label"))
    if "ReceivedDocument" in kinds:
        titles |= {one.pk: one.title for one in received_by_staff(user).filter(appointment=appointment)}
    if "QuestionnaireResponse" in kinds and appointment.practice_id in practices_of_staff(user):
        responses = QuestionnaireResponse.objects.filter(appointment=appointment)
        titles |= dict(responses.values_list("pk", "version__questionnaire__title"))
    if "Consent" in kinds:
        titles |= dict(Consent.objects.filter(document__in=shared).values_list("pk", "document__title"))
    return titles


def _sent_to(lines: Sequence[AuditEvent], appointment: Appointment) -> dict[uuid.UUID, str]:
    """The masked contacts that links and invitations went to, by link or invitation. Masked, because they may have
    been somebody else's."""
    ids = {line.object_id for line in lines if line.object_type in ("DocumentLink", "Invitation")}
    links = DocumentLink.objects.filter(pk__in=ids, appointment__patient=appointment.patient_id)
    invitations = Invitation.objects.filter(pk__in=ids, patient=appointment.patient_id)
    return {one.pk: masked_contacts(one.email, one.mobile) for one in (*links, *invitations)}


def _account(line: AuditEvent) -> uuid.UUID | None:
    """The account, of a line about what an account sees."""
    try:
        return uuid.UUID(str(line.detail.get("account", "")))
    except ValueError:
        return None


def _names_of_parts(lines: Sequence[AuditEvent], appointment: Appointment) -> dict[str, str]:
    """Names of the agendas and reasons before and after moves, by their keys in the trail."""
    moves = [line.detail for line in lines if line.action == "appointment.moved"]

    def named(part: str) -> set[uuid.UUID]:
        texts = (str(detail.get(name, "")) for detail in moves for name in (part, f"{part}_before"))
        return {uuid.UUID(text) for text in texts if text}

    practice = appointment.practice_id
    agendas = Agenda.objects.filter(practice=practice, pk__in=named("agenda")).values_list("pk", "name")
    reasons = VisitReason.objects.filter(practice=practice, pk__in=named("visit_reason")).values_list("pk", "name")
    return {str(pk): name for pk, name in (*agendas, *reasons)}


def _changes(line: AuditEvent, appointment: Appointment, names: dict[str, str]) -> list[str]:
    """What a move changed: one sentence for each part, with the new and the old value. Moves recorded by an earlier
    version only name the changed parts."""
    if line.action != "appointment.moved":
        return []
    labels = {
        "starts_at": _("Date et heure"),
        "agenda": _("Agenda"),
        "visit_reason": _("Motif"),
        "kind": _("Lieu"),
    }
    parts = [name for name in labels if name in line.detail.get("fields", [])]
    if any(f"{name}_before" not in line.detail for name in parts):
        return [_("A changé : %(parts)s.") % {"parts": ", ".join(labels[name].lower() for name in parts)}]
    sentence = _("%(part)s : %(now)s (avant : %(before)s).")
    return [
        sentence
        % {
            "part": labels[name],
            "now": _part(name, line.detail[name], appointment, names),
            "before": _part(name, line.detail[f"{name}_before"], appointment, names),
        }
        for name in parts
    ]


def _part(name: str, value: str, appointment: Appointment, names: dict[str, str]) -> str:
    """One part of an appointment, formatted from the trail; times in the practice's time zone."""
    if name == "starts_at":
        start = timezone.localtime(datetime.fromisoformat(value), appointment.practice.zone)
        return f"{long_day(start, weekday=True)}, {date_format(start, 'H:i')}"
    if name == "kind":
        return str(AppointmentKind(value).label).lower() if value in AppointmentKind.values else value
    return names.get(value) or _("supprimé depuis")


def _of_series(detail: dict[str, Any]) -> list[str]:
    """That it was booked together with others."""
    if "series" not in detail:
        return []
    return [_("Série : %(place)s.") % {"place": place_in_series(int(detail["rank"]), int(detail["count"]))}]


def _notes(detail: dict[str, Any]) -> list[str]:
    """Remarks: what intake noticed in a document, that staff confirmed the patient, that a booker gave the document;
    for a reading, by which means."""
    notes = {
        "patient_confirmed": _("Il nommait un autre patient : le destinataire a été confirmé."),
        "batch": _("Dans un envoi de documents à plusieurs patients."),
        "by_the_account": _("Par le patient, dans son compte."),
        "by_reminder": _("Par le lien du rappel."),
        "given_by_booker": _("Données par la personne qui a pris le rendez-vous, non vérifiées."),
    }
    means = [one.label.capitalize() for one in ReadingMeans if one.value == detail.get("means")]
    return (
        _of_series(detail)
        + means
        + notice_sentences(detail.get("notices", []))
        + [notes[fact] for fact in notes if detail.get(fact)]
    )
