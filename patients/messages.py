"""Messages about patients' records."""

from __future__ import annotations

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.letters import from_site
from notifications.letters import Button, Fact, plan_letter
from notifications.wording import unlinked
from patients.models import Invitation
from practices.letters import from_practice


def plan_invitation_stopped_messages(invitation: Invitation) -> None:
    """After five wrong birth dates with an invitation: asks staff to check the contacts."""
    practice = invitation.patient.practice
    if not practice.email:
        return
    with translation.override(practice.language):
        letter = from_site(
            about=_("Une invitation a été arrêtée"),
            paragraphs=[
                _("Bonjour,"),
                _(
                    "Une personne qui a suivi une invitation envoyée par votre cabinet, %(practice)s, a donné cinq "
                    "fois une date de naissance qui n’est pas celle de la fiche. L’invitation est arrêtée."
                )
                % {"practice": practice.name},
                _("Vérifiez les coordonnées de la fiche avant d’inviter de nouveau."),
            ],
            button=Button(_("Ouvrir la fiche"), f"{settings.PUBLIC_URL}/pro/patients/{invitation.patient_id}/"),
        )
        plan_letter(letter, to=practice.email, language=practice.language)


def send_new_link(invitation: Invitation, link: str) -> None:
    """The invitation's email again, for an expired link."""
    patient, language = invitation.patient, invitation.patient.language
    with translation.override(language):
        letter = from_practice(
            patient.practice,
            about=_("Votre nouveau lien"),
            paragraphs=[
                _("Bonjour,"),
                _("Voici un nouveau lien pour accéder aux documents que nous partageons avec vous."),
                _(
                    "Un code vous sera envoyé par SMS, puis votre date de naissance vous sera demandée : ayez votre "
                    "téléphone près de vous."
                ),
            ],
            facts=[Fact(_("Pour"), unlinked(patient.first_name))],
            button=Button(_("Voir les documents"), link),
        )
        plan_letter(letter, to=invitation.email, language=language, about=invitation.pk)
