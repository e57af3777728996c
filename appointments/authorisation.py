""" "Autoriser et continuer": the holder may receive an adult relative's documents, for one appointment."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import NotAllowed, may_share
from appointments import signals
from appointments.models import Appointment, HolderAuthorisation
from appointments.recipients import Audience, Recipient, RecipientState, resolve
from audit.trail import record


class NothingToAuthorise(Exception):
    """The recipient does not depend on an authorisation (contacts completed, or not booked for a relative)."""


@transaction.atomic
def authorise_holder(*, appointment: Appointment, by: User) -> Recipient:
    """From now on the holder receives, for this appointment alone. Authorising twice changes nothing.

    Raises NotAllowed, NothingToAuthorise.
    """
    _check(appointment, by)
    appointment = Appointment.objects.select_for_update(of=("self",)).get(pk=appointment.pk)
    recipient = resolve(appointment)
    if recipient.authorisation:
        return recipient
    if recipient.state is not RecipientState.NEEDS_AUTHORISATION or recipient.holder is None:
        raise NothingToAuthorise
    HolderAuthorisation.objects.create(appointment=appointment, holder=recipient.holder, authorised_by=by)
    record("holder.authorised", by=by, on=appointment, practice=appointment.practice_id, within=appointment)
    return resolve(appointment)


@transaction.atomic
def withdraw_authorisation(*, appointment: Appointment, by: User) -> Recipient:
    """What was shared under it disappears for the holder. Withdrawing twice changes nothing."""
    _check(appointment, by)
    withdrawn = appointment.holder_authorisations.filter(withdrawn_at=None).update(
        withdrawn_at=timezone.now(), withdrawn_by=by
    )
    if withdrawn:
        signals.changed.send(
            sender=Appointment, appointment=appointment, fields=frozenset({"holder_authorisation"}), by=by
        )
        record(
            "holder.authorisation_withdrawn",
            by=by,
            on=appointment,
            practice=appointment.practice_id,
            within=appointment,
        )
    return resolve(appointment)


@transaction.atomic
def keep_with_holder(*, appointment: Appointment, by: User) -> None:
    """The patient has contacts by now: what the holder has under the authorisation stays there, staff decided."""
    _check(appointment, by)
    kept = appointment.holder_authorisations.filter(withdrawn_at=None, kept_at=None).update(
        kept_at=timezone.now(), kept_by=by
    )
    if kept:
        record(
            "holder.authorisation_kept",
            by=by,
            on=appointment,
            practice=appointment.practice_id,
            within=appointment,
        )


def outlived_authorisation(appointment: Appointment) -> HolderAuthorisation | None:
    """An authorisation that still shows documents to the holder though new ones go to the patient by now.

    Staff are asked what becomes of those; None once they have said.
    """
    standing = appointment.holder_authorisations.filter(withdrawn_at=None, kept_at=None).first()
    return standing if standing and resolve(appointment).audience is Audience.PATIENT else None


def _check(appointment: Appointment, by: User) -> None:
    if not may_share(by, appointment.practice):
        raise NotAllowed(
            _("Votre rôle permet de lire, pas de partager. Un administrateur du cabinet peut le changer.")
        )
