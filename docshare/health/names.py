"""The name of each part on screens, and the first remedy if it fails. docs/illnesses/ has the rest."""

from __future__ import annotations

from django.utils.translation import gettext as _


def name_of(part: str) -> str:
    return {
        "database": _("Base de données"),
        "queue": _("File d’attente et cache"),
        "storage": _("Stockage des documents"),
        "disk": _("Espace disque"),
        "workers": _("Processus de travail"),
        "scheduler": _("Planificateur"),
        "outbox": _("Messages à envoyer"),
        "sendings": _("Envois automatiques et rappels"),
        "mail": _("Serveur d’e-mail"),
        "sms": _("Passerelle SMS"),
        "scanner": _("Antivirus"),
        "timestamps": _("Horodatage"),
        "keys": _("Clés"),
        "certificates": _("Certificats de signature"),
        "tls": _("Certificat TLS du site"),
        "backup": _("Sauvegarde"),
        "fsck": _("Contrôle d’intégrité (fsck)"),
    }[part]


def remedy_of(part: str) -> str:
    return {
        "database": _("Vérifiez que PostgreSQL tourne et que DATABASE_URL y mène."),
        "queue": _("Vérifiez que Redis tourne et que REDIS_URL y mène. Aucun envoi n’est perdu : il attend en base."),
        "storage": _("Vérifiez que DATA_DIR/files est monté, ou que le serveur S3 de STORAGE_URL répond."),
        "disk": _("Libérez de la place sur le disque de DATA_DIR, ou agrandissez-le."),
        "workers": _("Démarrez les workers, puis lisez leur journal. Aucun envoi n’est perdu : il attend en base."),
        "scheduler": _("Démarrez beat, et un seul, puis lisez son journal."),
        "outbox": _("Regardez d’abord les workers, le serveur d’e-mail et la passerelle SMS."),
        "sendings": _("Cherchez les erreurs dans le journal des workers, puis lancez manage.py fsck."),
        "mail": _("Vérifiez EMAIL_URL, puis essayez : manage.py sendtest email ADRESSE."),
        "sms": _("Vérifiez SMS_URL, puis essayez : manage.py sendtest sms NUMÉRO."),
        "scanner": _("Démarrez clamd et vérifiez CLAMD_URL. D’ici là, aucun document n’est accepté."),
        "timestamps": _("Vérifiez TSA_URL et l’accès au réseau. D’ici là, les signatures horodatées échouent."),
        "keys": _("Remettez les clés d’origine avant toute autre chose : manage.py check les nomme."),
        "certificates": _("Prévenez le praticien ou le cabinet : il doit importer un nouveau certificat."),
        "tls": _("Renouvelez le certificat, puis rechargez nginx."),
        "backup": _("Lancez manage.py backup DOSSIER, puis vérifiez ce qui devait le lancer chaque nuit."),
        "fsck": _("Lancez manage.py fsck : il écrit une ligne par défaut."),
    }[part]
