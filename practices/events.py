"""What this room records in the trail."""

from django.utils.translation import gettext_lazy as _

from audit.events import Topic, declare

declare("member.added", _("Membre ajouté au cabinet"), Topic.MEMBER)
declare("member.roles_changed", _("Rôles changés"), Topic.MEMBER)
declare("member.removed", _("Membre retiré du cabinet"), Topic.MEMBER)
declare("member.period_changed", _("Jours d’accès changés"), Topic.MEMBER)
declare("member.invited", _("Invitation envoyée"), Topic.MEMBER)
declare("member.invited_again", _("Invitation envoyée de nouveau"), Topic.MEMBER)
declare("member.invitation_changed", _("Invitation modifiée"), Topic.MEMBER)
declare("member.invitation_revoked", _("Invitation retirée"), Topic.MEMBER)

declare("practice.founded", _("Cabinet créé"), Topic.SETTING)
declare("practice.edited", _("Cabinet modifié par l’administration du site"), Topic.SETTING)
declare("practice.identity_changed", _("Coordonnées du cabinet changées"), Topic.SETTING)
declare("practice.logo_changed", _("Logo du cabinet changé"), Topic.SETTING)
declare("practice.logo_removed", _("Logo du cabinet retiré"), Topic.SETTING)
declare("practice.correspondence_changed", _("Nom, réponses ou pied des messages changés"), Topic.SETTING)
declare("practice.checklist_put_away", _("Liste de mise en route rangée"), Topic.SETTING)
declare("practice.checklist_brought_back", _("Liste de mise en route proposée de nouveau"), Topic.SETTING)
declare("practice.booking_opening_changed", _("Ouverture de la réservation en ligne changée"), Topic.SETTING)
declare("practice.suspended", _("Cabinet suspendu par l’administration du site"), Topic.SETTING)
declare("practice.suspension_reworded", _("Raison de la suspension changée"), Topic.SETTING)
declare("practice.suspension_lifted", _("Suspension du cabinet levée"), Topic.SETTING)
declare("practice.unasked_changed", _("Réglage des documents envoyés sans demande changé"), Topic.SETTING)
declare("practice.listed", _("Cabinet montré dans la recherche"), Topic.SETTING)
declare("practice.unlisted", _("Cabinet retiré de la recherche"), Topic.SETTING)
declare("practice.deleted", _("Cabinet supprimé"), Topic.SETTING, shown=False)
