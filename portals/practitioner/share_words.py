"""The words that the share page's script says, in the page's language."""

from __future__ import annotations

from django.utils.translation import gettext as _


def share_words() -> dict[str, str]:
    """Read by static/js/share.js."""
    return {
        "kind": _("n’est pas d’un format accepté. Formats acceptés : PDF, BMP, GIF, JPEG, PNG et TIFF."),
        "large": _("dépasse la limite de 50 Mo."),
        "empty": _("est vide. Vérifiez le fichier, puis ajoutez-le de nouveau."),
        "lost": _("L’envoi a été interrompu. Le fichier est toujours là : réessayez."),
        "retry": _("Réessayer"),
        "analysing": _("Analyse en cours…"),
        "sent": _("envoyés"),
        "left": _("s restantes"),
        "page": _("Page"),
        "fromLeft": _("de la gauche"),
        "fromTop": _("du haut"),
        "asLastTime": _("comme la dernière fois"),
        "stamp": _("Signature : flèches pour déplacer, + et − pour la taille, Échap pour revenir"),
        "picture": _("Seul un PDF se signe : cette image sera partagée sans signature."),
        "library": _("Document de la bibliothèque : jamais signé."),
        "noSignature": _("Créez d’abord votre signature dans « Ma signature » pour signer."),
        "notPractitioner": _("Seul un praticien signe, avec sa propre signature."),
        "noPreview": _("L’aperçu n’a pas pu être affiché. La signature ira en bas à droite de la dernière page."),
        "share": _("Partager"),
        "documents": _("documents avec"),
        "mb": _("Mo"),
        "kb": _("Ko"),
    }
