"""Names of models (singular, plural) and fields in Django's administration.

Models of other packages have English names or none. So do our models without an admin page, which only appear in
lists of rows to delete and of permissions. Names from a model's Meta apply unless overridden here.
"""

from __future__ import annotations

from django.apps import apps
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

MODELS: dict[str, tuple[Promise, Promise]] = {
    "account.EmailAddress": (_("adresse e-mail d’un compte"), _("adresses e-mail des comptes")),
    "accounts.AccountLink": (_("invitation d’un exploitant"), _("invitations d’exploitants")),
    "accounts.BlockedAccount": (_("compte bloqué"), _("comptes bloqués")),
    "accounts.Operator": (_("exploitant"), _("exploitants")),
    "accounts.KnownDevice": (_("appareil reconnu"), _("appareils reconnus")),
    "accounts.OneTimeCode": (_("code à usage unique"), _("codes à usage unique")),
    "practices.Practice": (_("cabinet"), _("cabinets")),
    "accounts.RateCount": (_("compteur d’essais"), _("compteurs d’essais")),
    "practices.Membership": (_("accès d’un membre"), _("accès des membres")),
    "webhooks.WebhookDelivery": (_("envoi à un webhook"), _("envois aux webhooks")),
    "webhooks.WebhookProgress": (_("avancement d’un webhook"), _("avancements des webhooks")),
    "appointments.Absence": (_("absence"), _("absences")),
    "appointments.Agenda": (_("agenda"), _("agendas")),
    "appointments.AnswerLink": (_("lien d’un rappel"), _("liens des rappels")),
    "appointments.Appointment": (_("rendez-vous d’un patient"), _("rendez-vous des patients")),
    "appointments.AppointmentSeries": (_("série de rendez-vous"), _("séries de rendez-vous")),
    "appointments.SlotOffer": (_("créneau proposé"), _("créneaux proposés")),
    "appointments.WaitingEntry": (_("inscription sur la liste d’attente"), _("liste d’attente")),
    "appointments.Closing": (_("fermeture"), _("fermetures")),
    "appointments.HolderAuthorisation": (_("autorisation à recevoir"), _("autorisations à recevoir")),
    "appointments.HolderExclusion": (_("exclusion d’un accès"), _("exclusions d’accès")),
    "appointments.Instruction": (_("consigne"), _("consignes")),
    "appointments.Reminder": (_("rappel de rendez-vous"), _("rappels de rendez-vous")),
    "appointments.ReminderPolicy": (_("réglage des rappels"), _("réglages des rappels")),
    "audit.AuditEvent": (_("ligne de l’historique"), _("lignes de l’historique")),
    "audit.AuditSeal": (_("scellé de l’historique"), _("scellés de l’historique")),
    "audit.DailySeal": (_("scellé du jour"), _("scellés du jour")),
    "documents.AutoSend": (_("envoi automatique"), _("envois automatiques")),
    "documents.AutoSendRule": (_("règle d’envoi automatique"), _("règles d’envoi automatique")),
    "documents.Category": (_("catégorie"), _("catégories")),
    "documents.DocumentLink": (_("lien vers un document"), _("liens vers des documents")),
    "documents.DocumentReading": (_("lecture d’un document"), _("lectures de documents")),
    "signing.InstallationAuthority": (_("autorité de certification"), _("autorités de certification")),
    "documents.FillingDraft": (_("document en cours de remplissage"), _("documents en cours de remplissage")),
    "documents.RuleQuestion": (_("demande d’une règle"), _("demandes des règles")),
    "documents.DocumentRequest": (_("demande de document"), _("demandes de documents")),
    "documents.PartialUpload": (_("envoi en cours"), _("envois en cours")),
    "documents.ReceivedDocument": (_("document reçu"), _("documents reçus")),
    "documents.Consent": (_("signature demandée au patient"), _("signatures demandées aux patients")),
    "documents.ConsentForm": (_("réglage de la signature du patient"), _("réglages de la signature du patient")),
    "documents.ConsentDraft": (_("signature commencée"), _("signatures commencées")),
    "documents.ConsentChallenge": (_("preuve d’un signataire"), _("preuves de signataires")),
    "documents.Task": (_("document à signer"), _("documents à signer")),
    "files.KeptPage": (_("page gardée pour l’affichage"), _("pages gardées pour l’affichage")),
    "documents.LibraryDocument": (_("document de la bibliothèque"), _("documents de la bibliothèque")),
    "documents.LibraryVersion": (_("version d’un document"), _("versions de documents")),
    "documents.ShareBatch": (_("envoi à plusieurs patients"), _("envois à plusieurs patients")),
    "documents.ShareBatchLine": (
        _("ligne d’un envoi à plusieurs patients"),
        _("lignes des envois à plusieurs patients"),
    ),
    "signing.SignatureImage": (_("image de signature"), _("images de signature")),
    "signing.SigningCredential": (_("certificat de signature"), _("certificats de signature")),
    "files.StoredFile": (_("fichier enregistré"), _("fichiers enregistrés")),
    "documents.UndoableAct": (_("action annulable"), _("actions annulables")),
    "documents.UnreadPolicy": (_("réglage des documents non lus"), _("réglages des documents non lus")),
    "mfa.Authenticator": (_("moyen de double authentification"), _("moyens de double authentification")),
    "jobs.Heartbeat": (_("signe de vie"), _("signes de vie")),
    "sealing.KeyCheck": (_("témoin d’une clé"), _("témoins des clés")),
    "notifications.Message": (_("message"), _("messages")),
    "patients.ContactProposal": (_("coordonnée proposée"), _("coordonnées proposées")),
    "patients.FormerContact": (_("ancienne coordonnée"), _("anciennes coordonnées")),
    "patients.Invitation": (_("invitation"), _("invitations")),
    "patients.DistinctRecords": (_("paire de personnes distinctes"), _("paires de personnes distinctes")),
    "patients.IdentityChange": (_("identité corrigée"), _("identités corrigées")),
    "patients.RecordMerge": (_("réunion de fiches"), _("réunions de fiches")),
    "patients.RecordTie": (_("lien entre un compte et une fiche"), _("liens entre comptes et fiches")),
    "imports.Import": (_("import de données"), _("imports de données")),
    "imports.CalendarItem": (_("événement d’un calendrier suivi"), _("événements des calendriers suivis")),
    "imports.ImportPart": (_("partie d’un import"), _("parties des imports")),
    "imports.ImportLine": (_("ligne importée"), _("lignes importées")),
    "practices.ColleagueInvitation": (_("invitation d’un collègue"), _("invitations des collègues")),
    "practices.PracticeLogo": (_("logo d’un cabinet"), _("logos des cabinets")),
    "patients.SignUp": (_("inscription en cours"), _("inscriptions en cours")),
    "appointments.SlotHold": (_("créneau retenu"), _("créneaux retenus")),
    "patients.Relative": (_("proche"), _("proches")),
    "patients.RelativeRecord": (_("fiche d’un proche"), _("fiches des proches")),
    "personal_data.PracticeExport": (_("archive du cabinet"), _("archives du cabinet")),
    "personal_data.DataExport": (_("archive de données personnelles"), _("archives de données personnelles")),
    "portals.IdempotentCall": (_("appel d’API déjà répondu"), _("appels d’API déjà répondus")),
    "questionnaires.Questionnaire": (_("questionnaire"), _("questionnaires")),
    "questionnaires.QuestionnaireVersion": (_("version d’un questionnaire"), _("versions des questionnaires")),
    "questionnaires.QuestionnaireResponse": (_("réponse à un questionnaire"), _("réponses aux questionnaires")),
    "usersessions.UserSession": (_("appareil connecté"), _("appareils connectés")),
}
FIELDS: dict[str, dict[str, Promise]] = {
    "accounts.ApiToken": {
        "user": _("compte"),
        "scopes": _("droits"),
        "created_at": _("créé le"),
        "expires_at": _("expire le"),
        "last_used_at": _("dernière utilisation"),
        "revoked_at": _("révoqué le"),
    },
    "appointments.BookingPolicy": {"practice": _("cabinet")},
    "mfa.Authenticator": {
        "user": _("compte"),
        "type": _("genre"),
        "created_at": _("créé le"),
        "last_used_at": _("dernière utilisation"),
    },
    "notifications.Message": {
        "channel": _("voie"),
        "language": _("langue"),
        "state": _("état"),
        "created_at": _("créé le"),
        "due_at": _("à envoyer le"),
        "expires_at": _("expire le"),
        "lease_until": _("réservé jusqu’au"),
        "attempts": _("essais"),
        "cause": _("cause"),
        "last_error": _("dernière erreur"),
        "provider_id": _("numéro chez le fournisseur"),
        "sent_at": _("envoyé le"),
        "delivered_at": _("remis le"),
    },
    "usersessions.UserSession": {
        "user": _("compte"),
        "created_at": _("connecté depuis"),
        "last_seen_at": _("vu le"),
        "ip": _("adresse Internet"),
        "user_agent": _("navigateur"),
    },
}


def name_models() -> None:
    """Set the names when the site starts. Migrations are made from the models' files and do not contain them."""
    for label, (singular, plural) in MODELS.items():
        options = apps.get_model(label)._meta
        options.verbose_name, options.verbose_name_plural = singular, plural
    for label, names in FIELDS.items():
        options = apps.get_model(label)._meta
        for field, name in names.items():
            options.get_field(field).verbose_name = name
