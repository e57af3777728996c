"""What patients' records have to tell."""

from __future__ import annotations

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from notifications.outbox import plan_email
from patients.models import Invitation


def tell_practice_invitation_stopped(invitation: Invitation) -> None:
    """Somebody followed the link and failed the birth date five times: staff should check the contacts."""
    practice = invitation.patient.practice
    if not practice.email:
        return
    with translation.override(practice.language):
        plan_email(
            to=practice.email,
            subject=_("Une invitation a été arrêtée"),
            body=_(
                "Bonjour,\n\n"
                "Une personne qui a suivi une invitation envoyée par votre cabinet a donné cinq fois une date de "
                "naissance qui n’est pas celle de la fiche. L’invitation est arrêtée.\n\n"
                "Vérifiez les coordonnées de la fiche avant d’inviter de nouveau :\n%(link)s\n"
            )
            % {"link": f"{settings.PUBLIC_URL}/pro/patients/{invitation.patient_id}/"},
            language=practice.language,
        )


def send_new_link(invitation: Invitation, link: str) -> None:
    """The invitation's email once more, for a link that had expired."""
    practice, language = invitation.patient.practice, invitation.patient.language
    with translation.override(language):
        plan_email(
            to=invitation.email,
            subject=_("Votre nouveau lien"),
            body=_(
                "Bonjour,\n\n"
                "Voici le nouveau lien pour accéder aux documents partagés par %(practice)s :\n%(link)s\n\n"
                "Un code vous sera envoyé par SMS, puis votre date de naissance vous sera demandée.\n"
            )
            % {"practice": practice.name, "link": link},
            language=language,
        )
