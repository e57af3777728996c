"""The audit events of this package."""

from django.utils.translation import gettext_lazy as _

from audit.events import Topic, declare

declare("questionnaire.created", _("Questionnaire créé"), Topic.LIBRARY, shown=False)
declare("questionnaire.edited", _("Brouillon d’un questionnaire modifié"), Topic.LIBRARY, shown=False)
declare("questionnaire.discarded", _("Brouillon d’un questionnaire abandonné"), Topic.LIBRARY, shown=False)
declare("questionnaire.published", _("Nouvelle version d’un questionnaire"), Topic.LIBRARY, shown=False)
declare("questionnaire.archived", _("Questionnaire archivé"), Topic.LIBRARY, shown=False)
declare("questionnaire.unarchived", _("Questionnaire désarchivé"), Topic.LIBRARY, shown=False)

declare("questionnaire.begun", _("Questionnaire commencé"), Topic.APPOINTMENT)
declare("questionnaire.answered", _("Questionnaire rempli et envoyé au cabinet"), Topic.APPOINTMENT, webhook=True)
declare("questionnaire.opened", _("Réponses à un questionnaire, lues par le cabinet"), Topic.APPOINTMENT)
declare(
    "questionnaire.lapsed", _("Questionnaire commencé et pas envoyé, effacé après trente jours"), Topic.APPOINTMENT
)
declare(
    "questionnaire.deleted", _("Réponses à un questionnaire, supprimées avec leur rendez-vous"), Topic.APPOINTMENT
)
