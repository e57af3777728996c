"""The audit events of this package."""

from django.utils.translation import gettext_lazy as _

from audit.events import Topic, declare

declare("appointment.booked", _("Rendez-vous pris"), Topic.APPOINTMENT, webhook=True)
declare("appointment.moved", _("Rendez-vous déplacé"), Topic.APPOINTMENT, webhook=True)
declare("appointment.cancelled", _("Rendez-vous annulé"), Topic.APPOINTMENT, webhook=True)
declare("appointment.confirmed", _("Rendez-vous confirmé"), Topic.APPOINTMENT, webhook=True)
declare("appointment.reinstated", _("Rendez-vous rétabli"), Topic.APPOINTMENT, webhook=True)
declare("appointment.deleted", _("Rendez-vous supprimé"), Topic.APPOINTMENT, webhook=True, shown=False)

declare("waiting.joined", _("Inscription sur la liste d’attente"), Topic.APPOINTMENT)
declare("waiting.offered", _("Créneau plus tôt proposé"), Topic.APPOINTMENT)
declare("waiting.refused", _("Créneau plus tôt refusé"), Topic.APPOINTMENT)
declare("waiting.accepted", _("Créneau plus tôt accepté"), Topic.APPOINTMENT)
declare("waiting.left", _("Fin d’inscription sur la liste d’attente"), Topic.APPOINTMENT)

declare(
    "holder.authorised",
    _("Envoi autorisé à la personne qui a pris le rendez-vous"),
    Topic.ACCESS,
    webhook=True,
    webhook_words=_("Titulaire du compte autorisé"),
)
declare("holder.refused", _("Envoi refusé à la personne qui a pris le rendez-vous"), Topic.ACCESS)
declare("holder.excluded", _("Accès retiré à la personne qui a pris le rendez-vous"), Topic.ACCESS)
declare("holder.exclusion_lifted", _("Accès rendu à la personne qui a pris le rendez-vous"), Topic.ACCESS)
declare(
    "holder.authorisation_withdrawn",
    _("Autorisation retirée à la personne qui a pris le rendez-vous"),
    Topic.ACCESS,
)
declare("holder.authorisation_kept", _("Documents laissés à la personne qui a pris le rendez-vous"), Topic.ACCESS)

declare("message.failed", _("Message non remis"), Topic.MESSAGE, webhook=True)
declare("message.settled", _("Message non remis : traité"), Topic.MESSAGE)

declare("practice.booking_limits_changed", _("Limites de la réservation en ligne changées"), Topic.SETTING)
declare("practice.reminders_changed", _("Réglage des rappels changé"), Topic.SETTING)
declare("practice.sms_limits_changed", _("Limites des SMS changées"), Topic.SETTING)
declare("practice.video_changed", _("Adresse de consultation en vidéo changée"), Topic.SETTING)
declare("practice.instruction_written", _("Consigne écrite"), Topic.SETTING)
declare("practice.instruction_deleted", _("Consigne supprimée"), Topic.SETTING)
declare("practice.closed", _("Fermeture ajoutée"), Topic.SETTING)
declare("practice.opened_again", _("Fermeture supprimée"), Topic.SETTING)
declare("practice.opening_hours_changed", _("Horaires d’ouverture changés"), Topic.SETTING)

declare("practice.agenda_made", _("Agenda créé"), Topic.SETTING)
declare("practice.agenda_changed", _("Agenda modifié"), Topic.SETTING)
declare("practice.agendas_ordered", _("Ordre des agendas changé"), Topic.SETTING)
declare("practice.agenda_closed", _("Agenda fermé"), Topic.SETTING)
declare("practice.agenda_reopened", _("Agenda rouvert"), Topic.SETTING)
declare("practice.visit_reason_made", _("Motif créé"), Topic.SETTING)
declare("practice.visit_reason_changed", _("Motif modifié"), Topic.SETTING)
declare("practice.visit_reason_archived", _("Motif archivé"), Topic.SETTING)
declare("practice.visit_reason_offered_again", _("Motif proposé de nouveau"), Topic.SETTING)
declare("practice.visit_reason_deleted", _("Motif supprimé"), Topic.SETTING)
