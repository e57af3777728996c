"""Erases messages to a person: waiting ones are not sent, and sent ones lose their address."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from appointments.models import Appointment
from documents.models import Consent, DocumentLink, DocumentRequest, SharedDocument
from notifications.models import Message, MessageState
from patients.models import Invitation
from personal_data.people import Person
from personal_data.report import Report
from practices.models import ColleagueInvitation


def messages_about(person: Person) -> QuerySet[Message]:
    """Messages about their appointments, documents, invitations and account, to any recipient."""
    records = [one.pk for one in person.records]
    appointments, documents = Q(patient__in=records), Q(patient__in=records)
    about = Q()
    if person.account:
        appointments |= Q(holder=person.account)
        documents |= Q(holder=person.account)
        about |= Q(caused_by=person.account.pk) | Q(about=person.account.pk) | Q(about=None, caused_by=None)
        about |= Q(about__in=ColleagueInvitation.objects.for_account(person.account).values("pk"))
    shared = SharedDocument.messages.through.objects.filter(
        shareddocument__in=SharedDocument.objects.filter(documents)
    )
    booked = Appointment.objects.filter(appointments).values("pk")
    about |= Q(about__in=booked)
    about |= Q(about__in=DocumentRequest.objects.filter(appointment__in=booked).values("pk"))
    about |= Q(about__in=DocumentLink.objects.filter(appointment__in=booked).values("pk"))
    about |= Q(about__in=Consent.objects.filter(document__in=SharedDocument.objects.filter(documents)).values("pk"))
    about |= Q(about__in=records)  # for appointments that were deleted
    about |= Q(about__in=Invitation.objects.filter(patient__in=records).values("pk"))
    about |= Q(pk__in=shared.values("message"))
    return Message.objects.filter(about)


def messages_to(person: Person, contacts: Collection[str]) -> QuerySet[Message]:
    """Those of `messages_about` that went to the person's own contacts; other people may have received messages about
    the same subjects."""
    return messages_about(person).alias(address=Lower("to")).filter(address__in=contacts)


def erase_messages(person: Person, contacts: Collection[str], report: Report) -> None:
    """Call it before the subjects of the messages are erased. Messages for another person to a shared mailbox
    stay."""
    of_records = messages_about(Person(None, person.records)).alias(address=Lower("to"))
    # also to addresses that are stored nowhere else
    anywhere = of_records.exclude(address__in=person.contacts_of_others())
    theirs = {*messages_to(person, contacts).values_list("pk", "state"), *anywhere.values_list("pk", "state")}
    waiting = [pk for pk, state in theirs if state == MessageState.QUEUED]
    report.delete_by_key("messages that had not left", Message.objects.all(), waiting)
    for pk, _state in theirs:
        report.count(
            "addresses of messages", Message.objects.filter(pk=pk).update(to="", body="", html="", calendar="")
        )
