"""What this room records in the trail."""

from django.utils.translation import gettext_lazy as _

from audit.events import Topic, declare

declare("webhook.added", _("Logiciel à prévenir ajouté"), Topic.SETTING)
declare("webhook.removed", _("Logiciel à prévenir retiré"), Topic.SETTING)
