"""The audit events of this package."""

from django.utils.translation import gettext_lazy as _

from audit.events import Topic, declare

declare("document.shared", _("Document partagé"), Topic.DOCUMENT, webhook=True)
declare(
    "document.replaced",
    _("Document remplacé par une nouvelle version"),
    Topic.DOCUMENT,
    webhook=True,
    webhook_words=_("Document remplacé"),
)
declare("document.taken_back", _("Document retiré"), Topic.DOCUMENT, webhook=True)
declare("document.share_undone", _("Partage annulé dans les 30 secondes"), Topic.DOCUMENT)
declare("document.take_back_undone", _("Retrait annulé dans les 30 secondes : document remis"), Topic.DOCUMENT)
declare("document.read", _("Document lu par le destinataire"), Topic.DOCUMENT, webhook=True)
declare("document.consulted", _("Document ouvert par le cabinet"), Topic.DOCUMENT)
declare("document.chased", _("Destinataire relancé"), Topic.DOCUMENT)
declare("document.reminded", _("Document non lu : destinataire relancé automatiquement"), Topic.DOCUMENT)
declare(
    "document.given_back",
    _("Document rendu à la personne qui a pris le rendez-vous, de nouveau autorisée"),
    Topic.DOCUMENT,
)
declare(
    "document.holder_ended",
    _("Document retiré à la personne qui a pris le rendez-vous : le patient était majeur"),
    Topic.DOCUMENT,
)
declare(
    "document.holder_restored",
    _("Document rendu à la personne qui a pris le rendez-vous : le patient était mineur"),
    Topic.DOCUMENT,
)
declare("task.prepared", _("Document préparé pour la signature d’un praticien"), Topic.DOCUMENT)
declare("task.corrected", _("Document à signer corrigé"), Topic.DOCUMENT)
declare("task.sent_back", _("Document à signer renvoyé par le praticien"), Topic.DOCUMENT)
declare("task.signed", _("Document préparé, signé par le praticien"), Topic.DOCUMENT)
declare("task.signing_undone", _("Signature annulée : le document est de nouveau à signer"), Topic.DOCUMENT)
declare("task.withdrawn", _("Document à signer retiré"), Topic.DOCUMENT)
declare("request.asked", _("Demande faite au patient"), Topic.DOCUMENT)
declare("request.changed", _("Demande au patient modifiée"), Topic.DOCUMENT)
declare("request.cancelled", _("Demande au patient annulée"), Topic.DOCUMENT)
declare("request.asked_again", _("Demande faite de nouveau au patient"), Topic.DOCUMENT)
declare("request.reminded", _("Demande sans réponse : rappel envoyé automatiquement"), Topic.DOCUMENT)
declare("request.expired", _("Demande au patient expirée, 30 jours après le rendez-vous"), Topic.DOCUMENT)
declare("request.fulfilled", _("Demande au patient satisfaite"), Topic.DOCUMENT, webhook=True)
declare("document.received", _("Document reçu du patient"), Topic.DOCUMENT, webhook=True)
declare("received.opened", _("Document reçu, ouvert par le cabinet"), Topic.DOCUMENT)
declare("received.reread", _("Document envoyé, relu depuis le compte qui l’a envoyé"), Topic.DOCUMENT)
declare("received.taken_back", _("Document envoyé, repris avant d’avoir été vu"), Topic.DOCUMENT)
declare("received.accepted", _("Document reçu, accepté"), Topic.DOCUMENT)
declare("received.refused", _("Document reçu, refusé"), Topic.DOCUMENT)
declare("received.deleted", _("Document reçu, supprimé avec son rendez-vous"), Topic.DOCUMENT)
declare("consent.form_changed", _("Signature du patient : réglage d’un document changé"), Topic.LIBRARY, shown=False)
declare("consent.asked", _("Signature demandée au patient"), Topic.DOCUMENT)
declare("consent.proof_begun", _("Signature : preuve demandée au signataire"), Topic.DOCUMENT)
declare("consent.signed", _("Document signé par le patient ou pour lui"), Topic.DOCUMENT, webhook=True)
declare("consent.refused", _("Signature refusée"), Topic.DOCUMENT)
declare("consent.seen", _("Signature attendue, refusée ou retirée : vue par le cabinet"), Topic.DOCUMENT)
declare("consent.withdrawn", _("Consentement retiré"), Topic.DOCUMENT, webhook=True)
declare("accesses.judged_anew", _("Date de naissance corrigée : accès liés à la minorité revus"), Topic.ACCESS)

declare("appointment.move_undone", _("Déplacement annulé dans les 30 secondes"), Topic.APPOINTMENT)
declare(
    "appointment.cancel_undone", _("Annulation annulée dans les 30 secondes : rendez-vous remis"), Topic.APPOINTMENT
)

declare("auto_send.sent", _("Document envoyé automatiquement"), Topic.SENDING, webhook=True)
declare("auto_send.sent_again", _("Message d’un envoi automatique renvoyé"), Topic.SENDING)
declare("auto_send.failed", _("Document automatique non envoyé : mise en page impossible"), Topic.SENDING)
declare("auto_send.cancelled", _("Envoi automatique annulé"), Topic.SENDING)
declare("auto_send.planned_again", _("Envoi automatique prévu de nouveau"), Topic.SENDING)
declare("link.revoked", _("Lien fermé"), Topic.SENDING)

declare("rule.created", _("Règle d’envoi automatique créée"), Topic.RULE, shown=False)
declare("rule.changed", _("Règle d’envoi automatique modifiée"), Topic.RULE, shown=False)
declare("rule.deleted", _("Règle d’envoi automatique supprimée"), Topic.RULE, shown=False)

declare("library.imported", _("Document importé dans la bibliothèque"), Topic.LIBRARY, shown=False)
declare("library.written", _("Document écrit dans la bibliothèque"), Topic.LIBRARY, shown=False)
declare("library.version_added", _("Nouvelle version d’un document de la bibliothèque"), Topic.LIBRARY, shown=False)
declare("library.changed", _("Document de la bibliothèque modifié"), Topic.LIBRARY, shown=False)
declare("library.archived", _("Document de la bibliothèque archivé"), Topic.LIBRARY, shown=False)
declare("library.unarchived", _("Document de la bibliothèque désarchivé"), Topic.LIBRARY, shown=False)

declare("practice.unread_reminder_changed", _("Réglage des documents non lus changé"), Topic.SETTING)
