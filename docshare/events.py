"""Events that the operator's commands record in the trail: keys, exports and erasures."""

from django.utils.translation import gettext_lazy as _

from audit.events import Topic, declare

declare("keys.noted", _("Clé de l’installation enregistrée"), Topic.KEY, shown=False)
declare("keys.rotated", _("Clé de l’installation remplacée"), Topic.KEY, shown=False)
declare("keys.given_up", _("Clé perdue de l’installation abandonnée"), Topic.KEY, shown=False)

declare("account.exported", _("Données du compte exportées"), Topic.PERSONAL, shown=False)
declare("account.erased", _("Données du compte effacées"), Topic.PERSONAL, shown=False)
declare("patient.exported", _("Données de la fiche exportées"), Topic.RECORD, shown=False)
declare("patient.erased", _("Données de la fiche effacées"), Topic.RECORD, shown=False)
declare("document.erased", _("Document effacé avec la fiche du patient"), Topic.DOCUMENT, shown=False)

declare("practice.exported", _("Archive du cabinet faite par l’exploitant du site"), Topic.SETTING)
declare("practice.imported", _("Cabinet repris d’une autre installation"), Topic.SETTING)
