"""Opening all of a file, in the sandbox, and what a PDF may contain beside its pages (docs/decisions/0020)."""

from __future__ import annotations

import logging
from typing import Any

from django.utils.translation import gettext as _

from documents.files import decoding, sandbox
from documents.files.draft import Draft, Refused
from documents.files.limits import PDF

logger = logging.getLogger(__name__)
# What documents.files.structure finds: False, the document is refused; True, it is taken and staff are told.
POLICY = {
    "launch": False,  # starts a program
    "opens_file": True,  # another document beside it, as sets of documents do
    "executable": False,  # carries a program
    "dynamic_form": True,  # XFA without pages: most readers show "please wait", as the preview does
    "javascript": True,  # forms of public services check what is typed; our viewer runs none
    "opens_address": True,  # a page of the web, as soon as the document is opened
    "sends_form": True,
    "attachments": True,  # PDF/A-3 and electronic invoices carry their data so
    "xfa": True,  # a second form behind the pages, that some readers show in their place
    "media": True,
}


def check_content(draft: Draft) -> None:
    """Decode every page or frame within the bounds of decoding.py."""
    if draft.media_type == PDF:
        answer = _run(draft, decoding.check_pdf, str(draft.path))
    else:
        answer = _run(draft, decoding.check_picture, str(draft.path), draft.media_type)
    if code := answer.get("refused"):
        raise Refused(code, content_sentences()[code] % {"name": draft.name})
    draft.page_count = int(answer["page_count"])
    draft.signature_count = int(answer.get("signature_count", 0))
    draft.opening_text = str(answer.get("text", ""))
    draft.contains = [str(code) for code in answer.get("contains", [])]


def check_active_content(draft: Draft) -> None:
    """What a PDF would run, open or carry: refused, or taken and told."""
    for code in draft.contains:
        if not POLICY[code]:
            raise Refused("active_content", content_sentences()[code] % {"name": draft.name})
        draft.notices.append(code)


def _run(draft: Draft, function: Any, *arguments: str) -> decoding.Answer:
    try:
        answer: decoding.Answer = sandbox.run(function, *arguments)
    except sandbox.SandboxCrashed as error:
        logger.warning("A document was refused: its decoding died (%s)", error)
        return {"refused": "unreadable"}
    except sandbox.SandboxError as error:
        logger.warning("A document was refused: its decoding went over its limits (%s)", error)
        return {"refused": "too_complex"}
    return answer


def content_sentences() -> dict[str, str]:
    return {
        "unreadable": _(
            "« %(name)s » est endommagé ou incomplet : il ne s’ouvre pas. "
            "Enregistrez-le de nouveau depuis votre logiciel, puis ajoutez-le."
        ),
        "password": _(
            "« %(name)s » est protégé par un mot de passe : le patient ne pourrait pas l’ouvrir. "
            "Enregistrez-le sans mot de passe, puis ajoutez-le."
        ),
        "too_many_pixels": _(
            "L’image « %(name)s » est trop grande pour être affichée (plus de 100 millions de points, ou trop "
            "d’images). Réduisez-la ou enregistrez-la en PDF, puis ajoutez-la."
        ),
        "too_complex": _(
            "« %(name)s » est trop complexe pour être vérifié. "
            "Imprimez-le en PDF depuis votre logiciel, puis ajoutez-le."
        ),
        "launch": _(
            "« %(name)s » demande à lancer un programme : il n’est pas accepté. "
            "Imprimez-le en PDF depuis votre logiciel, puis ajoutez-le."
        ),
        "executable": _(
            "« %(name)s » contient un programme en pièce jointe : il n’est pas accepté. "
            "Imprimez-le en PDF depuis votre logiciel, puis ajoutez-le."
        ),
    }
