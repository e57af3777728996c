"""What this room records in the trail."""

from django.utils.translation import gettext_lazy as _

from audit.events import Topic, declare

declare("member.added", _("Membre ajouté au cabinet"), Topic.MEMBER)
declare("member.roles_changed", _("Rôles changés"), Topic.MEMBER)
declare("member.removed", _("Membre retiré du cabinet"), Topic.MEMBER)

declare("practice.edited", _("Cabinet modifié par l’administration du site"), Topic.SETTING)
declare("practice.deleted", _("Cabinet supprimé"), Topic.SETTING, shown=False)
