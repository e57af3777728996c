"""The words that the share page's script says, in the page's language."""

from __future__ import annotations

from django.utils.translation import gettext as _

from files.intake import empty_sentence, too_large_sentence
from files.kinds import kind_refused_sentence


def share_words() -> dict[str, str]:
    """Read by static/js/share.js, which fills in {places} (words.js)."""
    return upload_words() | {
        "page": _("Page"),
        "placed": _("Page {page}, à {x} de la gauche, {y} du haut"),
        "asLastTime": _("comme la dernière fois"),
        "stamp": _("Signature : flèches pour déplacer, + et − pour la taille, Échap pour revenir"),
        "picture": _("Seul un PDF se signe : cette image sera partagée sans signature."),
        "library": _("Document de la bibliothèque : jamais signé."),
        "noSignature": _("Créez d’abord votre signature dans « Ma signature » pour signer."),
        "notPractitioner": _("Seul un praticien signe, avec sa propre signature."),
        "noPreview": _("L’aperçu n’a pas pu être affiché. La signature ira en bas à droite de la dernière page."),
        "shareAll": _("Partager {count} documents avec {name}"),
    }


def upload_words() -> dict[str, str]:
    """Of every page that takes files (static/js/files.js). Files are refused in the words of intake."""
    return {
        "kind": kind_refused_sentence("{name}"),
        "large": too_large_sentence("{name}", "{size}"),
        "empty": empty_sentence("{name}"),
        "lost": _("L’envoi a été interrompu. Le fichier est toujours là : réessayez."),
        "retry": _("Réessayer"),
        "analysing": _("Analyse en cours…"),
        "waiting": _("En cours d’analyse : l’antivirus ne répond pas. L’envoi reprend de lui-même ; gardez la page."),
        "sent": _("{loaded} sur {total} envoyés, encore {seconds} s"),
        "mb": _("Mo"),
        "kb": _("Ko"),
        "queued": _("En attente…"),
        "cancelled": _("L’import a été annulé. Le fichier est toujours là : réessayez."),
        "imported": _("« {name} » est dans la bibliothèque."),
    }
