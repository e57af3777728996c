"""The export of the trail: events of the account and of the person's records, and who read what and when."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from appointments.models import Appointment
from audit.models import AuditEvent, AuditEventQuerySet
from documents.models import SharedDocument
from personal_data.fhir import Resource, derived_id, instant, resource, staff
from personal_data.people import Person
from practices.activity import activity_of
from practices.models import Practice

NAMED = ("document.shared", "document.replaced")  # the patient's pages name the sharer, too
OTHERS = ("account",)  # details with the id of another account


def resources(person: Person) -> Iterator[Resource]:
    lines = list(_of_records(person))
    if person.account:
        seen = {line.pk for line in lines}
        lines += [line for line in activity_of(person.account) if line.pk not in seen]
        yield from _by_the_operator(person.account)
    people = User.objects.in_bulk({line.actor_id for line in lines if line.actor_id})
    bookers = set(_appointments(person).values_list("holder", flat=True))
    practices = Practice.objects.in_bulk({line.practice_id for line in lines if line.practice_id})
    for line in sorted(lines, key=lambda one: one.pk):
        practice = practices.get(line.practice_id) if line.practice_id else None
        actor = people.get(line.actor_id) if line.actor_id else None
        yield _event(line, _who(line, actor, practice, person, bookers))


def _of_records(person: Person) -> AuditEventQuerySet:
    records = [one.pk for one in person.records]
    documents = SharedDocument.objects.filter(patient__in=records).values("pk")
    appointments = _appointments(person).values("pk")
    return AuditEvent.objects.filter(
        Q(object_id__in=records) | Q(object_id__in=documents) | Q(record_id__in=appointments)
    )


def _appointments(person: Person) -> QuerySet[Appointment]:
    return Appointment.objects.filter(patient__in=[one.pk for one in person.records])


def _who(
    line: AuditEvent, actor: User | None, practice: Practice | None, person: Person, bookers: Collection[object]
) -> str:
    if line.actor_id is None:
        return _("le système, ou par un lien sans compte")
    if person.account and line.actor_id == person.account.pk:
        return _("vous")
    if line.action == "document.read" or line.actor_id in bookers:
        return _("le compte de qui a réservé, ou d’un responsable")
    if practice is None:
        return _("l’administration du site")
    return staff(actor, practice, named=line.action in NAMED)


def _event(line: AuditEvent, who: str) -> Resource:
    detail = [
        {"type": name, "valueString": ", ".join(map(str, value)) if isinstance(value, list) else str(value)}
        for name, value in line.detail.items()
        if name not in OTHERS and value not in (None, "", [])
    ]
    what = {"what": {"reference": f"urn:uuid:{line.object_id}"}, "name": line.object_type}
    return resource(
        "AuditEvent",
        derived_id("audit", line.pk),
        type={"code": line.action},
        recorded=instant(line.at),
        agent=[{"who": {"display": who}, "requestor": line.actor_id is not None}],
        source={"observer": {"display": "docshare"}},
        entity=[{**what, "detail": detail} if detail else what],
    )


def _by_the_operator(user: User) -> Iterator[Resource]:
    """Entries of Django's admin, which has a log of its own."""
    content_type = ContentType.objects.get_for_model(User)
    for entry in LogEntry.objects.filter(content_type=content_type, object_id=str(user.pk)):
        yield resource(
            "AuditEvent",
            derived_id("admin", entry.pk),
            type={"code": "account.edited"},
            recorded=instant(entry.action_time),
            agent=[{"who": {"display": _("l’administration du site")}, "requestor": True}],
            source={"observer": {"display": "docshare"}},
            entity=[{"what": {"reference": f"urn:uuid:{user.pk}"}, "name": "User"}],
        )
