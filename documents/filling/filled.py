"""A document of the library, filled in for one appointment: its paper, and sharing it, signed or not."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy

from accounts.models import User
from appointments.models import Appointment
from appointments.recipients import Addressee, resolve
from documents.filling.answers import checked, printed
from documents.filling.drafts import end_draft, kept_for_undoing
from documents.library.writing.blanks import blanks_of
from documents.library.writing.body import fill
from documents.library.writing.fields import values
from documents.library.writing.printing import plain_text, print_body
from documents.models import Category, LibraryDocument, LibraryVersion, SharedDocument
from documents.sharing.share import share_prepared
from documents.sharing.uploads import Prepared, check_may_share, locked, prepare, ready_recipient
from documents.sharing.wrong_patient import WrongPatientSuspected, names_only_another
from files import storage
from files.intake import Intake
from refusals import Kind, Refusal
from signing.pdf.placement import DEFAULT_WIDTH, Placement


class TemplateWithdrawn(Refusal):
    """The document is archived, or has no text to fill in."""

    code = "template_withdrawn"
    kind = Kind.CONFLICT
    words = gettext_lazy("Ce modèle n’est plus dans la bibliothèque : préparez le document avec un autre.")


class AnotherPatientNamed(WrongPatientSuspected):
    """What was filled in names another patient, and not this one. Staff may confirm it."""

    code = "another_patient_named"
    field = "confirm_patient"
    question = gettext_lazy(
        "Ce document nomme %(named)s, et pas %(patient)s. Vérifiez ce que vous avez écrit et pour qui, puis "
        "confirmez."
    )


@dataclass(frozen=True)
class Place:
    """Where the signature goes, before the pages are counted. `page`: None for the last one.

    Raises signing.pdf.placement.InvalidPlacement.
    """

    page: int | None = None
    x: float = 0.8
    y: float = 0.9
    width: float = DEFAULT_WIDTH

    def __post_init__(self) -> None:
        Placement(page=1 if self.page is None else self.page, x=self.x, y=self.y, width=self.width)

    def on(self, page_count: int) -> Placement:
        """On a paper of so many pages; on the last one if it has become shorter."""
        page = page_count if self.page is None else min(self.page, page_count)
        return Placement(page=page, x=self.x, y=self.y, width=self.width)


@dataclass(frozen=True)
class Filling:
    """What a document of the library becomes. `answers`: by the label of the blank. `place`: None for unsigned."""

    version: LibraryVersion
    answers: Mapping[str, str]
    category: Category
    title: str
    place: Place | None = None


def check_filling(appointment: Appointment, filling: Filling) -> dict[str, str]:
    """The answers, checked. Raises TemplateWithdrawn, LibraryDocument.DoesNotExist for another practice's, and
    ValidationError by field."""
    document = filling.version.document
    if document.practice_id != appointment.practice_id:
        raise LibraryDocument.DoesNotExist
    if document.archived_at is not None or not filling.version.body:
        raise TemplateWithdrawn
    return checked(blanks_of(filling.version.body), filling.answers)


def print_filled(appointment: Appointment, filling: Filling, addressee: Addressee | None = None) -> Intake:
    """The paper, in a temporary file; never stored unsigned. `addressee`: the dates are in their language; None for
    whoever would receive it now. Raises as check_filling, and documents.library.writing.printing.CannotWrite."""
    answers = check_filling(appointment, filling)
    language = language_of(appointment, addressee or resolve(appointment).addressee)
    return print_body(
        filling.version.body,
        practice=appointment.practice,
        title=filling.title,
        values=values(appointment, language=language),
        language=language,
        answers=printed(blanks_of(filling.version.body), answers, language=language),
    )


def language_of(appointment: Appointment, addressee: Addressee) -> str:
    return (addressee.holder or appointment.patient).language


def others_named(appointment: Appointment, filling: Filling) -> list[str]:
    """As documents.sharing.wrong_patient.names_only_another, of what was filled in; without printing it."""
    language = language_of(appointment, resolve(appointment).addressee)
    answers = printed(blanks_of(filling.version.body), filling.answers, language=language)
    text = plain_text(fill(filling.version.body, values(appointment, language=language), answers))
    return names_only_another(text, patient=appointment.patient)


def check_patient(appointment: Appointment, filling: Filling) -> None:
    """Raises AnotherPatientNamed."""
    if named := others_named(appointment, filling):
        raise AnotherPatientNamed(named=named, patient=appointment.patient)


@dataclass(frozen=True)
class Paper:
    """A printed document that may be shared. `placement`: where the signature goes; None for unsigned."""

    intake: Intake
    placement: Placement | None


def print_to_share(*, appointment: Appointment, filling: Filling, by: User, confirm_patient: bool) -> Paper:
    """Check and print; the caller enters the intake. Raises as share_filled, except by signing."""
    check_may_share(appointment, by, signs=filling.place is not None)
    addressee = ready_recipient(appointment).addressee
    check_filling(appointment, filling)
    if not confirm_patient:
        check_patient(appointment, filling)
    intake = print_filled(appointment, filling, addressee)
    return Paper(intake, filling.place.on(intake.page_count) if filling.place else None)


def prepare_filled(*, appointment: Appointment, filling: Filling, by: User, confirm_patient: bool) -> Prepared:
    """Print, sign if there is a place for it, then store: never unsigned bytes that somebody is to sign. The caller
    saves it with its document in one transaction, or abandons it. Raises as share_filled."""
    paper = print_to_share(appointment=appointment, filling=filling, by=by, confirm_patient=confirm_patient)
    return prepare(
        appointment=appointment, intake=paper.intake, placement=paper.placement, by=by, confirm_patient=True
    )


def share_filled(
    *,
    appointment: Appointment,
    filling: Filling,
    by: User,
    pk: uuid.UUID | None = None,
    session: str = "",
    confirm_patient: bool = False,
) -> SharedDocument:
    """Share it; signed by whoever shares if it has a `place`. Ends their draft, which undoing puts back.

    `pk`, `session`, `confirm_patient`: as share_upload. Raises as print_filled, NotAllowed, RecipientNotReady,
    AnotherPatientNamed, and what signing.signatures.sign_for raises.
    """
    pk = pk or uuid.uuid4()
    made = SharedDocument.objects.filter(pk=pk, appointment=appointment, shared_by=by)
    if before := made.first():
        end_draft(by, appointment, filling.version)
        return before
    prepared = prepare_filled(appointment=appointment, filling=filling, by=by, confirm_patient=confirm_patient)
    try:
        with transaction.atomic():
            locked(appointment)
            if before := made.first():  # the same form, sent at the same time
                storage.abandon(prepared.stored)
                end_draft(by, appointment, filling.version)
                return before
            document = share_prepared(
                appointment=appointment,
                prepared=prepared,
                category=filling.category,
                title=filling.title,
                by=by,
                pk=pk,
                session=session,
                kept=kept_for_undoing(by, appointment, filling.version),
                made_from=filling.version.document,
            )
            end_draft(by, appointment, filling.version)
            return document
    except Exception:
        storage.abandon(prepared.stored)
        raise
