"""What this room records in the trail."""

from django.utils.translation import gettext_lazy as _

from audit.events import Topic, declare

declare("account.signed_in", _("Connexion"), Topic.SIGN_IN)
declare("account.sign_in_failed", _("Connexion refusée"), Topic.SIGN_IN)

declare("account.factor_added", _("Double authentification : moyen ajouté"), Topic.SECURITY)
declare("account.factor_removed", _("Double authentification : moyen retiré"), Topic.SECURITY)
declare("account.recovery_codes_made", _("Nouveaux codes de secours"), Topic.SECURITY)
declare("account.password_changed", _("Mot de passe changé"), Topic.SECURITY)
declare("account.identity_changed", _("Identité changée (nom, titre ou RPPS)"), Topic.SECURITY)
declare("api_token.issued", _("Jeton d’API créé"), Topic.SECURITY)
declare("api_token.revoked", _("Jeton d’API révoqué"), Topic.SECURITY)

declare("account.signed_out", _("Déconnexion"), Topic.PERSONAL)
declare("account.sessions_ended", _("Autres appareils déconnectés"), Topic.PERSONAL)
declare("account.device_added", _("Appareil reconnu à partir de maintenant"), Topic.PERSONAL)
declare("account.device_forgotten", _("Appareil oublié"), Topic.PERSONAL)
declare("account.devices_forgotten", _("Tous les appareils oubliés"), Topic.PERSONAL)
declare("account.mobile_changed", _("Numéro de mobile changé"), Topic.PERSONAL)
declare("account.email_changed", _("Adresse e-mail changée"), Topic.PERSONAL)
declare("account.language_changed", _("Langue du compte changée"), Topic.PERSONAL, shown=False)
declare("account.created", _("Compte créé par l’administration du site"), Topic.PERSONAL)
declare("account.edited", _("Compte modifié par l’administration du site"), Topic.PERSONAL)
declare("account.deleted", _("Compte supprimé par l’administration du site"), Topic.PERSONAL, shown=False)
declare("account.opened_by_link", _("Compte ouvert par un lien"), Topic.PERSONAL)
declare("account.link_withdrawn", _("Invitation arrêtée"), Topic.PERSONAL, shown=False)
declare("account.blocked", _("Compte bloqué par l’administration du site"), Topic.PERSONAL)
declare("account.unlocked", _("Compte débloqué par l’administration du site"), Topic.PERSONAL)

declare("operator.link_made", _("Lien d’un exploitant créé"), Topic.PERSONAL, shown=False)
declare("operator.invited", _("Exploitant invité"), Topic.PERSONAL, shown=False)
declare("operator.added", _("Exploitant de l’installation"), Topic.PERSONAL)
declare("operator.removed", _("N’est plus exploitant de l’installation"), Topic.PERSONAL)
