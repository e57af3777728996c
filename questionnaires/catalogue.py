"""The questionnaires of a practice: made, edited as a draft, published as versions that never change."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, cast

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from audit.trail import record
from files.names import composed
from practices.models import Practice
from practices.roles import require_administrator
from questionnaires.fhir.clocks import on_clock
from questionnaires.fhir.editing import NoSuchItem, blank, with_moved_item, without_item
from questionnaires.fhir.faults import Fault, NotUnderstood
from questionnaires.fhir.items import Questions
from questionnaires.fhir.reading import read_draft, read_questionnaire
from questionnaires.models import Questionnaire, QuestionnaireVersion
from questionnaires.words import sentence_of
from refusals import Kind, Reason, Refusal

ONLY_ADMINISTRATORS = gettext_lazy("Seul un administrateur du cabinet modifie les questionnaires.")
Json = dict[str, Any]


class QuestionnaireNotUnderstood(Refusal):
    """One reason for each fault; its field is the linkId of the question."""

    code = "questionnaire_not_understood"
    kind = Kind.INVALID
    words = gettext_lazy("Ce questionnaire contient des éléments qui ne sont pas pris en charge.")

    def __init__(self, faults: Iterable[Fault]) -> None:
        super().__init__()
        self.faults = tuple(faults)

    def errors(self) -> list[Reason]:
        return [Reason(self.code, sentence_of(fault), fault.link_id or None) for fault in self.faults]


class ItemGone(Refusal):
    code = "item_gone"
    kind = Kind.CONFLICT
    words = gettext_lazy("Cette question vient d’être retirée du questionnaire : rien n’a changé.")


class DraftChanged(Refusal):
    """Somebody else has changed what this change would replace."""

    code = "draft_changed"
    kind = Kind.CONFLICT
    words = gettext_lazy(
        "Quelqu’un d’autre vient de modifier ceci : rien n’est enregistré, et ce que vous avez écrit est "
        "toujours là. Comparez avec sa version, puis enregistrez de nouveau pour la remplacer."
    )


class NothingToPublish(Refusal):
    code = "nothing_to_publish"
    kind = Kind.CONFLICT
    words = gettext_lazy("Rien n’a changé depuis la dernière version : il n’y a rien à publier.")


Part = Callable[[Json], object]


@dataclass(frozen=True)
class Seen:
    """A part of the draft as somebody read it."""

    part: Part
    mark: str


def mark_of(edited: Json, part: Part = dict) -> str:
    """Changes with the part. Raises NoSuchItem."""
    return hashlib.sha256(json.dumps(part(edited), sort_keys=True).encode()).hexdigest()[:32]


@transaction.atomic
def create_questionnaire(*, practice: Practice, title: str, by: User, resource: Json | None = None) -> Questionnaire:
    """A draft: empty, or with the questions of `resource` (a ready example). Raises NotAllowed,
    QuestionnaireNotUnderstood."""
    check_may_edit(practice, by)
    draft = (resource or blank()) | {"title": composed(title)}
    _read(read_draft, draft)
    made = Questionnaire.objects.create(practice=practice, title=composed(title), draft=_text(draft))
    record("questionnaire.created", by=by, on=made, practice=practice)
    return made


@transaction.atomic
def import_questionnaire(
    *, practice: Practice, resource: object, by: User, title: str = "", pk: uuid.UUID | None = None
) -> Questionnaire:
    """Version 1 is the resource, on the practice's clock. Raises NotAllowed, QuestionnaireNotUnderstood."""
    check_may_edit(practice, by)
    resource = on_clock(resource, practice.zone)
    questions = _read(read_questionnaire, resource)
    named = composed(title or questions.title)
    if not named:
        raise QuestionnaireNotUnderstood([Fault("", "no_title")])
    made = Questionnaire.objects.create(id=pk or uuid.uuid4(), practice=practice, title=named)
    record("questionnaire.created", by=by, on=made, practice=practice)
    _store_version(made, cast("Json", resource) | {"title": named}, by)
    return made


@transaction.atomic
def change_draft(
    *, questionnaire: Questionnaire, change: Callable[[Json], Json], by: User, seen: Seen | None = None
) -> Questionnaire:
    """Apply one change to the draft; the first one begins a draft from the newest version. What is incomplete may
    stay so until it is published. `seen`: the part that the change replaces, as its author has read it. Raises
    NotAllowed, ItemGone, DraftChanged, QuestionnaireNotUnderstood."""
    check_may_edit(questionnaire.practice, by)
    locked = Questionnaire.objects.select_for_update().get(pk=questionnaire.pk)
    try:
        if seen is not None and seen.mark != mark_of(locked.edited, seen.part):
            raise DraftChanged
        changed = change(locked.edited)
    except NoSuchItem:
        raise ItemGone from None
    if isinstance(changed.get("title"), str):
        changed = {**changed, "title": composed(changed["title"])}
    questions = _read(read_draft, changed)
    locked.draft, locked.title = _text(changed), questions.title
    locked.save(update_fields=["draft", "title"])
    record("questionnaire.edited", by=by, on=locked, practice=locked.practice_id)
    return locked


def remove_item(*, questionnaire: Questionnaire, link_id: str, by: User, seen: Seen | None = None) -> Questionnaire:
    """Remove an item of the draft, with all below it. Raises as change_draft."""
    try:
        return change_draft(
            questionnaire=questionnaire, change=lambda draft: without_item(draft, link_id), by=by, seen=seen
        )
    except DraftChanged:
        raise DraftChanged(
            _("Quelqu’un d’autre vient de modifier ceci : rien n’est retiré. Relisez-le, puis retirez-le de nouveau.")
        ) from None


def move_item(
    *, questionnaire: Questionnaire, link_id: str, steps: int, by: User, seen: Seen | None = None
) -> Questionnaire:
    """Up (-1) or down (1) among its neighbours. Raises as change_draft."""
    try:
        return change_draft(
            questionnaire=questionnaire, change=lambda draft: with_moved_item(draft, link_id, steps), by=by, seen=seen
        )
    except DraftChanged:
        raise DraftChanged(_("L’ordre des questions vient de changer : regardez-le, puis déplacez.")) from None


@transaction.atomic
def discard_draft(*, questionnaire: Questionnaire, by: User, seen: str = "") -> None:
    """Back to the newest version. `seen`: the mark of the draft that is given up, as it was read. Raises NotAllowed,
    DraftChanged, NothingToPublish if there is no version or no draft."""
    check_may_edit(questionnaire.practice, by)
    locked = Questionnaire.objects.select_for_update().get(pk=questionnaire.pk)
    current = locked.current
    if current is None or not locked.draft:
        raise NothingToPublish
    if seen and seen != mark_of(locked.edited):
        raise DraftChanged(
            _("Quelqu’un d’autre vient de modifier le brouillon : il n’est pas abandonné. Relisez-le d’abord.")
        )
    locked.draft, locked.title = "", json.loads(current.resource)["title"]
    locked.save(update_fields=["draft", "title"])
    record("questionnaire.discarded", by=by, on=locked, practice=locked.practice_id)


@transaction.atomic
def publish(*, questionnaire: Questionnaire, by: User, seen: str = "") -> QuestionnaireVersion:
    """Make the draft the next version. `seen`: the mark of the draft that the publisher has read. Raises NotAllowed,
    NothingToPublish, DraftChanged, QuestionnaireNotUnderstood."""
    check_may_edit(questionnaire.practice, by)
    locked = Questionnaire.objects.select_for_update().get(pk=questionnaire.pk)
    if not locked.draft:
        raise NothingToPublish
    if seen and seen != mark_of(locked.edited):
        raise DraftChanged(_("Le brouillon vient de changer : relisez-le, puis publiez."))
    return _store_version(locked, json.loads(locked.draft), by)


@transaction.atomic
def publish_resource(*, questionnaire: Questionnaire, resource: object, by: User) -> QuestionnaireVersion:
    """Make this resource the next version, on the practice's clock; a draft is dropped. Raises NotAllowed,
    QuestionnaireNotUnderstood."""
    check_may_edit(questionnaire.practice, by)
    resource = on_clock(resource, questionnaire.practice.zone)
    questions = _read(read_questionnaire, resource)
    locked = Questionnaire.objects.select_for_update().get(pk=questionnaire.pk)
    named = composed(questions.title) or locked.title
    return _store_version(locked, cast("Json", resource) | {"title": named}, by)


@transaction.atomic
def archive_questionnaire(*, questionnaire: Questionnaire, by: User) -> None:
    """Ask it no longer; answers stay. Archiving twice changes nothing. Raises NotAllowed."""
    check_may_edit(questionnaire.practice, by)
    if Questionnaire.objects.in_use().filter(pk=questionnaire.pk).update(archived_at=timezone.now()):
        record("questionnaire.archived", by=by, on=questionnaire, practice=questionnaire.practice_id)


@transaction.atomic
def unarchive_questionnaire(*, questionnaire: Questionnaire, by: User) -> None:
    """Offer it again. Raises NotAllowed."""
    check_may_edit(questionnaire.practice, by)
    archived = Questionnaire.objects.filter(pk=questionnaire.pk, archived_at__isnull=False)
    if archived.update(archived_at=None):
        record("questionnaire.unarchived", by=by, on=questionnaire, practice=questionnaire.practice_id)


def published(practice: Practice) -> QuerySet[Questionnaire]:
    """Those that can be asked: in use, with a version."""
    versions = QuestionnaireVersion.objects.filter(questionnaire=OuterRef("pk"))
    return Questionnaire.objects.in_use().filter(Exists(versions), practice=practice).order_by("title", "pk")


def faults_before_publishing(questionnaire: Questionnaire) -> list[Fault]:
    """What `publish` would refuse in the draft, by question."""
    try:
        read_questionnaire(questionnaire.edited)
    except NotUnderstood as refused:
        return list(refused.faults)
    return []


def check_may_edit(practice: Practice, by: User) -> None:
    """Raises NotAllowed."""
    require_administrator(by, practice, ONLY_ADMINISTRATORS)


def _store_version(questionnaire: Questionnaire, resource: Json, by: User) -> QuestionnaireVersion:
    """The caller has locked the row, or just made it: numbers are consecutive."""
    questions = _read(read_questionnaire, resource)
    last = questionnaire.versions.order_by("-number").values_list("number", flat=True).first() or 0
    number, now = last + 1, timezone.now()
    version = QuestionnaireVersion.objects.create(
        id=uuid.uuid4(),
        questionnaire=questionnaire,
        number=number,
        resource=_text(_named(resource, questionnaire, number) | {"status": "active", "date": now.isoformat()}),
        created_by=by,
        created_at=now,
    )
    questionnaire.draft, questionnaire.title = "", questions.title
    questionnaire.save(update_fields=["draft", "title"])
    detail = {"version": number}
    record("questionnaire.published", by=by, on=questionnaire, practice=questionnaire.practice_id, detail=detail)
    return version


def _named(resource: Json, questionnaire: Questionnaire, number: int) -> Json:
    """With our address and version. The address that it came with is what it is derived from."""
    named = resource | {"id": str(questionnaire.pk), "url": questionnaire.canonical_url, "version": str(number)}
    came_as = resource.get("url")
    if isinstance(came_as, str) and came_as != questionnaire.canonical_url:
        version = resource.get("version")
        named["derivedFrom"] = [f"{came_as}|{version}" if isinstance(version, str) else came_as]
    return named


def _read(reader: Callable[[object], Questions], resource: object) -> Questions:
    try:
        return reader(resource)
    except NotUnderstood as refused:
        raise QuestionnaireNotUnderstood(refused.faults) from None


def _text(resource: Json) -> str:
    return json.dumps(resource, allow_nan=False)
