"""Configuration of the scripts of pages that take files, as one JSON element each (static/js/config.js)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.templatetags.static import static
from django.utils.translation import gettext as _

from files.content import content_sentences
from files.intake import empty_sentence, too_large_sentence
from files.kinds import kind_refused_sentence
from files.limits import MAX_BYTES, MEDIA_TYPES


def pdfjs_addresses() -> dict[str, str]:
    """The addresses of pdf.js: its module, its worker, and the folder of its fonts and character maps."""
    return {
        "module": static("vendor/pdfjs/build/pdf.min.mjs"),
        "worker": static("vendor/pdfjs/build/pdf.worker.min.mjs"),
        "base": f"{settings.STATIC_URL}vendor/pdfjs/",
    }


def import_config() -> dict[str, Any]:
    """Read by static/js/library_import.js. The server checks again what the limits refuse."""
    return {"extensions": list(MEDIA_TYPES), "maxBytes": MAX_BYTES, "words": _upload_words()}


def agenda_config() -> dict[str, Any]:
    """Read by static/js/agenda_drag.js and agenda_files.js."""
    return {
        "words": {
            "moving": _("{time}, {column} : relâchez pour déplacer ici, Échap pour abandonner."),
            "aborted": _("Déplacement abandonné."),
            "notKept": _(
                "Ce navigateur n’a pas pu garder ces fichiers. Ouvrez la page de partage du rendez-vous, puis "
                "déposez-les là."
            ),
            "noAppointment": _("Déposez les fichiers sur un rendez-vous."),
        }
    }


def share_config() -> dict[str, Any]:
    """Common to every share page; each page adds its addresses and who signs."""
    return {
        "extensions": list(MEDIA_TYPES),
        "maxBytes": MAX_BYTES,
        "pdfjs": pdfjs_addresses(),
        "words": _share_words(),
    }


def _share_words() -> dict[str, str]:
    """Texts of the share page; its script fills in their {places} (static/js/words.js)."""
    sentences = content_sentences()
    return _upload_words() | {
        "page": _("Page"),
        "placed": _("Page {page}, à {x} de la gauche, {y} du haut"),
        "asLastTime": _("comme la dernière fois"),
        "stamp": _("Signature : flèches pour déplacer, + et − pour la taille, Échap pour revenir"),
        "picture": _("Seul un PDF se signe : cette image sera partagée sans signature."),
        "library": _("Document de la bibliothèque : jamais signé."),
        "libraryToSign": _("Document de la bibliothèque : le patient est invité à le signer."),
        "noSignature": _("Créez d’abord votre signature dans « Ma signature » pour signer."),
        "notPractitioner": _("Seul un praticien signe, avec sa propre signature."),
        "noPreview": _("L’aperçu n’a pas pu être affiché. La signature ira en bas à droite de la dernière page."),
        "shareAll": _("Partager {count} documents avec {name}"),
        "shareOne": _("Partager 1 document avec {name}"),
        "signedOn": _("signature page {page}"),
        "unsigned": _("sans signature"),
        "noText": _("La page {number} n’a pas de texte : c’est une image, qu’un lecteur d’écran ne lit pas."),
        "password": sentences["password"] % {"name": "{name}"},
        "unreadable": sentences["unreadable"] % {"name": "{name}"},
    }


def _upload_words() -> dict[str, str]:
    """Texts of every page that takes files (static/js/files.js). Refusals use the sentences of intake."""
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


def filling_config(*, stamp: str) -> dict[str, Any]:
    """Read by static/js/filling.js. `stamp`: the address of the reader's own stamp; "" if they do not sign."""
    return {
        "pdfjs": pdfjs_addresses(),
        "stampUrl": stamp,
        "words": {
            "page": _("Page"),
            "placed": _("Page {page}, à {x} de la gauche, {y} du haut"),
            "stamp": _("Signature : flèches pour déplacer, + et − pour la taille, Échap pour revenir"),
            "working": _("Mise en page en cours…"),
            "lost": _("L’aperçu n’a pas pu être demandé. Ce que vous avez écrit est toujours là."),
            "kept": _("Gardé à {time}."),
            "notKept": _("Ce que vous écrivez n’a pas pu être gardé. Vérifiez la connexion."),
        },
    }
