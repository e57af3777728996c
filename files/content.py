"""Opens all of a file in the sandbox, and decides what a PDF may contain beside its pages (docs/decisions/0013)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from files import answers, decoding, sandbox
from files.answers import Refusal
from files.limits import PDF
from files.upload import Refused, Upload

logger = logging.getLogger(__name__)
T = TypeVar("T")
UNREADABLE = Refusal("unreadable")
LONGEST_TEXT = decoding.OPENING_TEXT + decoding.OPENING_PAGES  # a line break behind each page
# The codes of files.structure. False: the document is refused; True: it is accepted and staff are informed.
POLICY = {
    "launch": False,  # starts a program, or opens a file with the program of its kind
    # names a file of the reader's computer or network, an unknown scheme or an unknown action
    "leads_outside": False,
    "executable": False,  # carries a file that may be run
    "too_complex": False,
    "dynamic_form": True,  # XFA without pages: most readers show "please wait", as the preview does
    "javascript": True,  # forms of public services validate input with it; our viewer runs none
    "opens_address": True,  # opens a web page as soon as the document is opened
    "sends_form": True,
    "attachments": True,  # PDF/A-3 and electronic invoices carry their data this way
    "xfa": True,  # a second form behind the pages, that some readers show in their place
    "media": True,
}


def check_opens(upload: Upload) -> None:
    """Check that a PDF opens, and count its pages. Raises Refused."""
    upload.page_count = _passed(upload, _run(upload, _findings, decoding.look_at_pdf, str(upload.path))).page_count


def check_content(upload: Upload) -> None:
    """Decode every page or frame within the limits of decoding.py."""
    if upload.media_type == PDF:
        findings = _of_pdf(upload)
    else:
        findings = _passed(
            upload, _run(upload, _findings, decoding.check_picture, str(upload.path), upload.media_type)
        )
    upload.page_count = findings.page_count
    upload.signature_count = findings.signature_count
    upload.contains = findings.contains
    if findings.left_out:
        upload.notices.append("first_picture_only")


@dataclass(frozen=True)
class Found:
    page_count: int
    signature_count: int
    contains: list[str]  # codes of POLICY
    left_out: int = 0  # number of pictures beside the main one, which alone is stored


def _passed(upload: Upload, result: Found | Refusal) -> Found:
    if isinstance(result, Refusal):
        raise Refused(result.code, content_sentences()[result.code] % {"name": upload.name})
    return result


def _of_pdf(upload: Upload) -> Found:
    """What the child found. If reading the text took too long, the text is empty, as for a scan."""
    messages: list[object] = []
    last = _run(upload, _opening_text, decoding.check_pdf, str(upload.path), answering=messages.append)
    if not messages:
        return _passed(upload, last if isinstance(last, Refusal) else UNREADABLE)
    try:
        findings = _passed(upload, _findings(messages[0]))
    except answers.WrongForm as error:
        logger.warning("A document was refused: its decoding died (%s)", error)
        return _passed(upload, UNREADABLE)
    if isinstance(last, Refusal):
        logger.info("The text of a document was not read: that takes too long")
    else:
        upload.opening_text = last
    return findings


def _findings(answer: object) -> Found | Refusal:
    """Parse an answer of files.decoding. Raises WrongForm."""
    if refusal := answers.refusal(answer, content_sentences()):
        return refusal
    entries = answers.fields(answer)
    if entries.keys() - {"page_count", "signature_count", "contains", "left_out"}:
        raise answers.WrongForm("more than is asked")
    codes = answers.sequence(entries.get("contains", []), partial(answers.one_of, allowed=POLICY), most=len(POLICY))
    return Found(
        page_count=answers.count(answers.entry(entries, "page_count")),
        signature_count=answers.count(entries.get("signature_count", 0)),
        contains=codes,
        left_out=answers.count(entries.get("left_out", 0)),
    )


def _opening_text(answer: object) -> str | Refusal:
    """The text of the first pages, the child's last answer (decoding.check_pdf). Raises WrongForm."""
    refusal = answers.refusal(answer, content_sentences())
    return refusal or answers.text(answers.entry(answers.fields(answer), "text"), longest=LONGEST_TEXT)


def check_active_content(upload: Upload) -> None:
    """Refuse a PDF for what it would run, open or carry, or add notices for staff. Raises Refused."""
    for code in upload.contains:
        if not POLICY[code]:
            raise Refused("active_content", content_sentences()[code] % {"name": upload.name})
        upload.notices.append(code)


def _run(
    upload: Upload,
    read: Callable[[object], T],
    function: Any,
    *arguments: str,
    answering: sandbox.Answering | None = None,
) -> T | Refusal:
    try:
        return read(sandbox.run(function, *arguments, reads=[upload.path], answering=answering))
    except sandbox.SandboxCrashed as error:
        logger.warning("A document was refused: its decoding died (%s)", error)
        return UNREADABLE
    except sandbox.SandboxError as error:
        logger.warning("A document was refused: its decoding went over its limits (%s)", error)
        return Refusal("too_complex")


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
            "« %(name)s » demande à ouvrir un programme ou un fichier de l’ordinateur : il n’est pas accepté. "
            "Imprimez-le en PDF depuis votre logiciel, puis ajoutez-le."
        ),
        "leads_outside": _(
            "« %(name)s » contient un lien qui n’est ni une adresse Internet (http, https), ni un e-mail, ni un "
            "téléphone, ni un renvoi dans le document : il n’est pas accepté. "
            "Imprimez-le en PDF depuis votre logiciel, puis ajoutez-le."
        ),
        "executable": _(
            "« %(name)s » contient une pièce jointe d’un type qui peut lancer un programme : il n’est pas accepté. "
            "Imprimez-le en PDF depuis votre logiciel, puis ajoutez-le."
        ),
    }
