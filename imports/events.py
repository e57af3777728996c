"""What this room records in the trail."""

from django.utils.translation import gettext_lazy as _

from audit.events import Topic, declare

declare("import.uploaded", _("Fichier à importer reçu et vérifié"), Topic.SETTING)
declare("import.alike_chosen", _("Choix pour des lignes ressemblantes d’un import"), Topic.SETTING)
declare("import.started", _("Import lancé"), Topic.SETTING)
declare("import.stopped", _("Import arrêté"), Topic.SETTING)
declare("import.resumed", _("Import repris"), Topic.SETTING)
declare("import.done", _("Import terminé"), Topic.SETTING)
declare("import.undo_started", _("Annulation d’un import lancée"), Topic.SETTING)
declare("import.undone", _("Import annulé"), Topic.SETTING)
declare("patient.import_undone", _("Fiche du patient supprimée avec son import"), Topic.RECORD, shown=False)

declare("calendar.added", _("Calendrier d’un autre logiciel ajouté"), Topic.SETTING)
declare("calendar.switched_on", _("Calendrier d’un autre logiciel activé"), Topic.SETTING)
declare("calendar.paused", _("Lecture d’un calendrier suspendue"), Topic.SETTING)
declare("calendar.resumed", _("Lecture d’un calendrier reprise"), Topic.SETTING)
declare("calendar.removed", _("Calendrier d’un autre logiciel retiré"), Topic.SETTING)
declare("calendar.address_changed", _("Adresse d’un calendrier changée"), Topic.SETTING)
declare("calendar.first_reading_undone", _("Première lecture d’un calendrier annulée"), Topic.SETTING)
declare("calendar.held", _("Annulations ou déplacements d’un calendrier retenus"), Topic.SETTING)
declare("calendar.cancellations_confirmed", _("Annulations ou déplacements d’un calendrier confirmés"), Topic.SETTING)
declare("calendar.cancellations_refused", _("Annulations ou déplacements d’un calendrier refusés"), Topic.SETTING)
declare("calendar.given_up", _("Lecture d’un calendrier arrêtée après des échecs"), Topic.SETTING)
declare("appointment.followed_calendar", _("Suivi du calendrier d’un autre logiciel"), Topic.APPOINTMENT)
