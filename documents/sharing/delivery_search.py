"""Which deliveries a page lists: by state, agendas, days of sharing and patients."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar

from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from appointments.models import Appointment
from appointments.notices import to_be_seen_to
from documents.consents.waiting import consents_to_see_to
from documents.models import AutoSend, Consent, ConsentState, DocumentRequest, SharedDocument
from documents.sharing import deliveries
from documents.sharing.access import visible_as_staff
from notifications.models import MessageQuerySet, MessageState
from patients.models import ContactProposal
from practices.models import Practice

M = TypeVar("M", bound=models.Model)

WAITING_READ = 10_000  # documents with a message that has not left; at most
_told = SharedDocument.messages.through


class Shown(models.TextChoices):
    TO_DO = "", _("À traiter")
    WAITING = "waiting", _("En attente d’envoi")
    UNREAD = "unread", _("Pas encore lus")
    READ = "read", _("Lus")
    UNSIGNED = "unsigned", _("Signature du patient attendue")
    NOT_SIGNED = "not_signed", _("Signature refusée ou retirée")
    ALL = "all", _("Tous")


@dataclass(frozen=True)
class DeliverySearch:
    """`agendas`, `patients`: None for all. `first`, `last`: days in the practice's time zone; without them, the last
    30 days."""

    shown: Shown = Shown.TO_DO
    agendas: Collection[uuid.UUID] | None = None
    first: date | None = None
    last: date | None = None
    patients: Collection[uuid.UUID] | None = None

    @property
    def narrows(self) -> bool:
        """Whether it asks for less than all of its state."""
        return any(one is not None for one in (self.agendas, self.first, self.last, self.patients))

    @property
    def is_of_documents(self) -> bool:
        """Whether only shared documents can be in this state."""
        return self.shown not in (Shown.TO_DO, Shown.ALL)

    def days(self, practice: Practice) -> tuple[datetime, datetime | None]:
        """Half open."""
        end = None
        if self.last:
            end = datetime.combine(self.last + timedelta(days=1), time.min, practice.zone)
        if self.first:
            return datetime.combine(self.first, time.min, practice.zone), end
        return (end - deliveries.PERIOD if end else deliveries.since()), end

    def within_days(self, column: str, practice: Practice) -> Q:
        start, end = self.days(practice)
        return Q((f"{column}__gte", start)) & (Q((f"{column}__lt", end)) if end else Q())


def documents(user: User, practice: Practice, search: DeliverySearch) -> QuerySet[SharedDocument]:
    matching = visible_as_staff(user).filter(practice=practice)
    match search.shown:
        case Shown.TO_DO:
            matching = deliveries.unreached(matching, practice.pk)
        case Shown.WAITING:
            matching = matching.filter(pk__in=_with_waiting_messages(practice))
        case Shown.UNREAD:
            matching = matching.filter(first_read_at=None)
        case Shown.READ:
            matching = matching.filter(first_read_at__isnull=False)
        case Shown.UNSIGNED:
            matching = matching.filter(consent__state=ConsentState.ASKED)
        case Shown.NOT_SIGNED:
            matching = matching.filter(consent__state__in=[ConsentState.REFUSED, ConsentState.WITHDRAWN])
        case Shown.ALL:
            pass
    if search.shown is not Shown.TO_DO or search.first or search.last:
        matching = matching.filter(search.within_days("shared_at", practice))
    if search.agendas is not None:
        matching = matching.filter(appointment__agenda__in=search.agendas)
    if search.patients is not None:
        matching = matching.filter(patient__in=search.patients)
    return matching


def _with_waiting_messages(practice: Practice) -> list[Any]:
    """As `deliveries.unreached`: the few messages first, by their own index."""
    waiting = _told.objects.filter(message__state=MessageState.QUEUED, message__practice=practice.pk)
    return list(waiting.values_list("shareddocument", flat=True).distinct()[:WAITING_READ])


def blocked(user: User, practice: Practice, search: DeliverySearch) -> QuerySet[AutoSend]:
    return _around_appointments(deliveries.blocked_sendings(user, practice), practice, search, day="due_at")


def late(user: User, practice: Practice, search: DeliverySearch) -> QuerySet[DocumentRequest]:
    """Requests that wait too long; by the day of the appointment."""
    found = deliveries.late_requests(user, practice)
    return _around_appointments(found, practice, search, day="appointment__starts_at")


def unsigned(user: User, practice: Practice, search: DeliverySearch) -> QuerySet[Consent]:
    """Consents that staff are to see; by the day of the appointment."""
    found, way = consents_to_see_to(user, practice), "document__appointment"
    return _around_appointments(found, practice, search, day=f"{way}__starts_at", way=way)


def _around_appointments(
    found: QuerySet[M], practice: Practice, search: DeliverySearch, *, day: str, way: str = "appointment"
) -> QuerySet[M]:
    """Narrowed by the search. `day`: the field that its days are compared with; `way`: to the appointment."""
    if search.is_of_documents:
        return found.none()
    if search.first or search.last:
        found = found.filter(search.within_days(day, practice))
    if search.agendas is None and search.patients is None:
        return found
    return found.filter(Exists(_appointments(practice, search).filter(pk=OuterRef(way))))


def proposals(user: User, practice: Practice, search: DeliverySearch) -> QuerySet[ContactProposal]:
    """Of no agenda."""
    found = deliveries.contact_proposals(user, practice)
    if search.is_of_documents or search.agendas is not None:
        return found.none()
    if search.first or search.last:
        found = found.filter(search.within_days("made_at", practice))
    return found if search.patients is None else found.filter(patient__in=search.patients)


def notices(user: User, practice: Practice, search: DeliverySearch) -> MessageQuerySet:
    """A message about a deleted appointment is about the record, and of no agenda."""
    found = deliveries.notices_that_failed(user, practice)
    if search.is_of_documents:
        return found.none()
    if search.first or search.last:
        found = found.filter(search.within_days("created_at", practice))
    if search.agendas is not None or search.patients is not None:
        about = Q(Exists(_appointments(practice, search).filter(pk=OuterRef("about"))))
        if search.agendas is None and search.patients is not None:
            about |= Q(about__in=search.patients)
        found = found.filter(about)
    return to_be_seen_to(found) if search.shown is Shown.TO_DO else found


def _appointments(practice: Practice, search: DeliverySearch) -> QuerySet[Appointment]:
    found = Appointment.objects.filter(practice=practice)
    if search.agendas is not None:
        found = found.filter(agenda__in=search.agendas)
    return found if search.patients is None else found.filter(patient__in=search.patients)
