"""The audit events of this package."""

from django.utils.translation import gettext_lazy as _

from audit.events import Topic, declare

declare("contact.changed", _("Coordonnées du patient modifiées"), Topic.RECORD)
declare("contact.confirmed", _("Coordonnées du patient confirmées"), Topic.RECORD)
declare("contact.proposal_left", _("Nouvelles coordonnées du patient non reprises"), Topic.RECORD)
declare("patient.created", _("Fiche du patient créée"), Topic.RECORD, shown=False)
declare("patient.changed", _("Identité du patient modifiée dans la fiche"), Topic.RECORD)
declare("record.merged", _("Une autre fiche réunie à celle-ci"), Topic.RECORD)
declare("record.merged_into", _("Fiche réunie à une autre"), Topic.RECORD)
declare("record.unmerged", _("Fiche séparée de nouveau"), Topic.RECORD)
declare("record.distinct", _("Fiches ressemblantes : ce ne sont pas la même personne"), Topic.RECORD)
declare("record.distinct_undone", _("Fiches ressemblantes : de nouveau à vérifier"), Topic.RECORD)
declare("patient.identity_checked", _("Identité du patient vérifiée par le cabinet"), Topic.RECORD)

declare(
    "record.tied",
    _("Compte relié à la fiche"),
    Topic.TIE,
    account_words=_("Compte relié aux documents d’un cabinet"),
)
declare(
    "record.untied",
    _("Accès d’un compte à la fiche retiré"),
    Topic.TIE,
    account_words=_("Accès aux documents d’un cabinet retiré"),
)
declare(
    "record.tie_suspended",
    _("Accès d’un compte suspendu : la fiche ne porte plus ce qu’il avait prouvé"),
    Topic.TIE,
    account_words=_("Coordonnées changées par un cabinet, à vérifier pour voir la suite"),
)
declare(
    "record.tie_renewed",
    _("Accès d’un compte rétabli : il a prouvé ce que porte la fiche"),
    Topic.TIE,
    account_words=_("Nouvelles coordonnées vérifiées pour un cabinet"),
)

declare("invitation.sent", _("Invitation envoyée"), Topic.INVITATION)
declare("invitation.stopped", _("Invitation arrêtée"), Topic.INVITATION)

declare("account.opened", _("Compte ouvert"), Topic.PERSONAL)
