"""Why a message did not arrive, in words for staff. The row has the server's own code beside it."""

from __future__ import annotations

import re

from django.db import models
from django.utils.translation import gettext_lazy as _

ENHANCED_STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")  # RFC 3463


class Cause(models.TextChoices):
    # Causes that the practice can correct: the contact is wrong.
    ADDRESS_UNKNOWN = "address_unknown", _("cette adresse n’existe pas")
    DOMAIN_UNKNOWN = "domain_unknown", _("le nom de domaine de cette adresse ne reçoit pas d’e-mails")
    ADDRESS_UNFIT = "address_unfit", _("cette adresse est mal écrite")
    NUMBER_REFUSED = "number_refused", _("ce numéro est refusé par l’opérateur")
    NOT_A_MOBILE = "not_a_mobile", _("aucun SMS ne part vers un numéro satellite, surtaxé, court ou fixe")
    COUNTRY = "country", _("le cabinet n’envoie pas de SMS dans le pays de ce numéro")
    TOO_MANY = "too_many", _("trop de SMS étaient déjà partis vers ce numéro, de ce compte ou de ce cabinet")
    # Causes that only time or the recipient can resolve.
    MAILBOX_FULL = "mailbox_full", _("la boîte aux lettres du destinataire est pleine")
    UNREACHABLE_TELEPHONE = "unreachable_telephone", _("le téléphone est resté injoignable")
    BLOCKED = "blocked", _("le destinataire ou son fournisseur bloque nos messages")
    COMPLAINT = "complaint", _("le destinataire a signalé ce message comme indésirable")
    RETURNED = "returned", _("le message est revenu sans avoir été remis")
    REFUSED = "refused", _("le message est refusé")
    # Causes that the installation's operator can resolve.
    POSTPONED = "postponed", _("le serveur du destinataire demande d’attendre")
    UNREACHABLE = "unreachable", _("notre prestataire d’envoi est injoignable")
    SATURATED = "saturated", _("notre prestataire d’envoi est saturé")
    BREAKDOWN = "breakdown", _("notre prestataire d’envoi est en panne")
    SETTING = "setting", _("notre prestataire d’envoi refuse nos identifiants ou nos réglages")
    SEALED = "sealed", _("le texte du message est illisible : la clé du site n’est plus celle qui l’a chiffré")
    EXPIRED = "expired", _("le message est devenu inutile avant d’avoir pu partir")
    INTERRUPTED = "interrupted", _("chaque essai a été interrompu")
    UNEXPECTED = "unexpected", _("une erreur inattendue a empêché l’envoi")
    RESTORED = "restored", _("non envoyé : rétabli d’une sauvegarde")


# Another message to the same contact is refused again: the contact must be changed first.
WRONG_CONTACT = (
    *(Cause.ADDRESS_UNKNOWN, Cause.DOMAIN_UNKNOWN, Cause.ADDRESS_UNFIT),
    *(Cause.NUMBER_REFUSED, Cause.NOT_A_MOBILE),
)


def cause_of_smtp(text: str) -> Cause:
    """The cause for a mail server's enhanced status (RFC 3463, section 3); `refused` if there is none."""
    status = ENHANCED_STATUS.search(text)
    subject_detail = status.group().partition(".")[2] if status else ""
    causes = {
        "1.1": Cause.ADDRESS_UNKNOWN,
        "1.6": Cause.ADDRESS_UNKNOWN,
        "1.10": Cause.DOMAIN_UNKNOWN,  # RFC 7505: the domain accepts no mail
        "1.2": Cause.DOMAIN_UNKNOWN,
        "1.3": Cause.ADDRESS_UNFIT,
        "2.1": Cause.ADDRESS_UNKNOWN,
        "2.2": Cause.MAILBOX_FULL,
    }
    if subject_detail.startswith("7."):
        return Cause.BLOCKED
    return causes.get(subject_detail, Cause.REFUSED)
