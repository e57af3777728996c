"""Sentences for staff about what intake noticed in a document or changed. They reveal nothing about its subject."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

# Reported codes of files.content.POLICY, files.content and files.pictures.
NOTICES = (
    *("javascript", "opens_address", "opens_file", "sends_form", "attachments", "xfa", "dynamic_form", "media"),
    *("first_picture_only", "heic_converted", "metadata_removed", "metadata_kept"),
)


def notice_sentences(codes: Iterable[str]) -> list[str]:
    """One sentence for each code."""
    sentences = {
        "javascript": _("Ce PDF contient des scripts (JavaScript) : notre aperçu n’en exécute aucun."),
        "opens_address": _("Ce PDF demande à ouvrir une adresse Internet dès qu’on l’ouvre."),
        "sends_form": _("Ce PDF contient un formulaire qui s’envoie par Internet."),
        "attachments": _("Ce PDF contient des fichiers joints : le patient les recevra aussi."),
        "opens_file": _("Ce PDF renvoie vers un autre fichier, que le patient n’aura pas."),
        "dynamic_form": _(
            "Ce PDF est un formulaire dynamique (XFA) : la plupart des lecteurs n’en montrent pas le contenu."
        ),
        "xfa": _("Ce PDF contient un formulaire XFA : d’autres lecteurs peuvent l’afficher autrement."),
        "media": _("Ce PDF contient du son, de la vidéo ou de la 3D : tous les lecteurs ne les montrent pas."),
        "first_picture_only": _(
            "Ce fichier contient plusieurs images : seule la principale est partagée. "
            "Pour envoyer les autres, enregistrez-les en PDF ou une par une."
        ),
        "heic_converted": _("La photo HEIC a été convertie en JPEG, que tous les appareils affichent."),
        "metadata_removed": _(
            "Les données cachées de la photo (lieu, appareil, date) ont été retirées ; l’image est inchangée."
        ),
        "metadata_kept": _("L’image contient des données cachées (par exemple le lieu) qui n’ont pas été retirées."),
    }
    return [sentences[code] for code in codes if code in sentences]
