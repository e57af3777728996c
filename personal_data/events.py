"""What this room records in the trail."""

from django.utils.translation import gettext_lazy as _

from audit.events import Topic, declare

declare("account.export_requested", _("Archive de toutes ses données demandée"), Topic.PERSONAL)
declare("account.export_downloaded", _("Archive de toutes ses données téléchargée"), Topic.PERSONAL)
declare("account.closed", _("Compte fermé par son titulaire"), Topic.PERSONAL)
declare("practice.export_requested", _("Archive du cabinet demandée"), Topic.SETTING)
declare("practice.export_downloaded", _("Archive du cabinet téléchargée"), Topic.SETTING)
