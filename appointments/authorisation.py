""" "Autoriser et continuer": the holder may receive an adult relative's documents, for one appointment."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from appointments import signals
from appointments.models import Appointment, HolderAuthorisation, HolderExclusion
from appointments.recipients import Audience, Recipient, RecipientState, resolve
from audit.trail import record
from patients.models import Patient
from practices.models import Practice
from practices.roles import require_sharer
from refusals import Kind, Refusal


class NothingToAuthorise(Refusal):
    """The recipient does not depend on an authorisation (contacts completed, or not booked for a relative)."""

    code = "nothing_to_authorise"
    kind = Kind.CONFLICT
    words = gettext_lazy("Aucune autorisation n’est nécessaire : le destinataire est déjà prêt.")


@transaction.atomic
def authorise_holder(*, appointment: Appointment, by: User) -> Recipient:
    """Let the holder receive documents of this appointment alone. The holder also sees again what a withdrawn
    authorisation had shown (receivers of `changed` do that). Authorising twice changes nothing.

    Raises NotAllowed, NothingToAuthorise.
    """
    require_sharer(by, appointment.practice)
    appointment = Appointment.objects.select_for_update(of=("self",)).get(pk=appointment.pk)
    recipient = resolve(appointment)
    if recipient.authorisation:
        return recipient
    if recipient.state is not RecipientState.NEEDS_AUTHORISATION or recipient.holder is None:
        raise NothingToAuthorise
    HolderAuthorisation.objects.create(appointment=appointment, holder=recipient.holder, authorised_by=by)
    record("holder.authorised", by=by, on=appointment, practice=appointment.practice_id, within=appointment)
    _send_changed(appointment, by)
    return resolve(appointment)


@transaction.atomic
def refuse_holder(*, appointment: Appointment, by: User) -> Recipient:
    """Refuse the holder. Contacts that the holder gives for the patient from now on do not make this appointment
    ready. Refusing twice changes nothing. Raises NotAllowed, NothingToAuthorise."""
    require_sharer(by, appointment.practice)
    appointment = Appointment.objects.select_for_update(of=("self",)).get(pk=appointment.pk)
    recipient = resolve(appointment)
    if recipient.refused:
        return recipient
    if recipient.state is not RecipientState.NEEDS_AUTHORISATION or recipient.holder is None:
        raise NothingToAuthorise
    HolderAuthorisation.objects.create(
        appointment=appointment,
        holder=recipient.holder,
        authorised_by=by,
        refused=True,
        withdrawn_by=by,
        withdrawn_at=timezone.now(),
    )
    record("holder.refused", by=by, on=appointment, practice=appointment.practice_id, within=appointment)
    return resolve(appointment)


@transaction.atomic
def exclude_holder(*, patient: Patient, holder: User, by: User) -> None:
    """End what an account sees of a minor's record because it booked for the minor; later documents do not go to it
    either. Excluding twice changes nothing. Raises NotAllowed."""
    check_may_end_access(patient.practice, by)
    _exclusion, made = HolderExclusion.objects.get_or_create(
        patient=patient, holder=holder, defaults={"excluded_by": by}
    )
    if made:
        record("holder.excluded", by=by, on=patient, practice=patient.practice_id, detail={"account": str(holder.pk)})


@transaction.atomic
def lift_exclusion(*, patient: Patient, holder: User, by: User) -> bool:
    """Let an excluded holder receive again: staff changed their mind, or the holder (`by`) proved to be the minor's
    guardian, with an invitation by staff. False if the holder was not excluded. Raises NotAllowed."""
    if by != holder:
        refusal = _(
            "Votre rôle permet de lire, pas de rendre un accès. Un administrateur du cabinet peut le changer."
        )
        require_sharer(by, patient.practice, refusal)
    lifted, _rows = HolderExclusion.objects.filter(patient=patient, holder=holder).delete()
    if lifted:
        record(
            "holder.exclusion_lifted",
            by=by,
            on=patient,
            practice=patient.practice_id,
            detail={"account": str(holder.pk)},
        )
    return bool(lifted)


@transaction.atomic
def withdraw_authorisation(*, appointment: Appointment, by: User) -> Recipient:
    """End the authorisation: the holder no longer sees what was shared under it. Withdrawing twice changes
    nothing."""
    require_sharer(by, appointment.practice)
    withdrawn = appointment.holder_authorisations.filter(withdrawn_at=None).update(
        withdrawn_at=timezone.now(), withdrawn_by=by
    )
    if withdrawn:
        _send_changed(appointment, by)
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
    """Record the decision of staff, once the patient has own contacts: the holder keeps what the authorisation
    shows."""
    require_sharer(by, appointment.practice)
    count = appointment.holder_authorisations.filter(withdrawn_at=None, kept_at=None).update(
        kept_at=timezone.now(), kept_by=by
    )
    if count:
        record(
            "holder.authorisation_kept",
            by=by,
            on=appointment,
            practice=appointment.practice_id,
            within=appointment,
        )


def superseded_authorisation(appointment: Appointment) -> HolderAuthorisation | None:
    """An authorisation that still shows documents to the holder, though new ones go to the patient.

    Staff are asked whether the holder keeps them; None once they have decided.
    """
    if appointment.holder_id is None:
        return None
    standing = appointment.holder_authorisations.filter(withdrawn_at=None, kept_at=None).first()
    return standing if standing and resolve(appointment).audience is Audience.PATIENT else None


def _send_changed(appointment: Appointment, by: User) -> None:
    signals.changed.send(
        sender=Appointment, appointments=[appointment], fields=frozenset({"holder_authorisation"}), by=by
    )


def check_may_end_access(practice: Practice, by: User) -> None:
    """Raises NotAllowed."""
    refusal = _("Votre rôle permet de lire, pas de retirer un accès. Un administrateur du cabinet peut le changer.")
    require_sharer(by, practice, refusal)
