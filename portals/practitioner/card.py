"""A card of the share page on the server: its file, the place of its signature, and its refusals."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.sole_control import SignInAgain, require_sole_control
from documents.models import Category
from documents.sharing.likely_category import likely_category
from documents.sharing.uploads import RecipientNotReady
from documents.sharing.wrong_patient import WrongPatientSuspected
from files.intake import Intake, Refused, accept
from files.limits import PDF
from portals.answers import OF_PAGES
from refusals import Kind, Refusal
from signing.pdf.placement import Placement


class CardRefused(Exception):
    """The sentence that says what is wrong with one card; `status` tells the page's script what to do next.

    `of_the_file`: the file itself is refused; sending it again would change nothing.
    """

    def __init__(self, sentence: str, status: int = 400, *, of_the_file: bool = False) -> None:
        super().__init__(sentence)
        self.status = status
        self.of_the_file = of_the_file


@contextmanager
def refusals_on_card() -> Iterator[None]:
    """Turns refusals of sharing into CardRefused. Kinds in OF_PAGES propagate."""
    try:
        yield
    except WrongPatientSuspected as suspected:  # the card asks for confirmation
        raise CardRefused(suspected.sentence, 409) from suspected
    except RecipientNotReady as refused:  # the page says what is missing, and has the fields for it
        raise CardRefused(
            _("Les coordonnées du destinataire ont changé. Rechargez la page : elle dit ce qui manque.")
        ) from refused
    except Refusal as refused:
        if refused.kind in OF_PAGES:
            raise
        later = refused.kind == Kind.TRY_LATER
        of_the_file = isinstance(refused, Refused) and not later
        raise CardRefused(refused.sentence, 503 if later else 400, of_the_file=of_the_file) from refused
    except ValidationError as refused:
        raise CardRefused(" ".join(refused.messages)) from refused


@contextmanager
def received(request: HttpRequest) -> Iterator[tuple[Intake, Placement | None]]:
    """The card's file, checked, and the place of its signature, if any; the file is gone afterwards unless it was
    stored. Raises SignInAgain, except for a card."""
    if request.POST.get("sign"):
        try:
            require_sole_control(request)
        except SignInAgain as needed:
            if request.headers.get("X-Requested-With") != "card":
                raise
            raise CardRefused(needed.sentence, 401) from needed
    placement = _placement(request) if request.POST.get("sign") and "page" in request.POST else None
    file = request.FILES.get("file")
    with accept(file if isinstance(file, UploadedFile) else None) as intake:
        if request.POST.get("sign") and placement is None:
            placement = _bottom_right_of_last_page(intake)
        yield intake, placement


def _placement(request: HttpRequest) -> Placement:
    try:
        return Placement(
            page=int(request.POST["page"]),
            x=float(request.POST["x"]),
            y=float(request.POST["y"]),
            width=float(request.POST.get("width", "0.25")),
        )
    except (KeyError, ValueError):
        raise CardRefused(_("La place de la signature est incomplète. Placez-la de nouveau sur la page.")) from None


def _bottom_right_of_last_page(intake: Intake) -> Placement:
    """The place of the signature if the page could not show one (no JavaScript)."""
    return Placement(page=intake.page_count, x=0.8, y=0.9)


def category_of(intake: Intake) -> Category:
    is_picture = intake.media_type != PDF
    likely = likely_category(name=intake.name, text=intake.opening_text, is_picture=is_picture).category
    if likely is None:
        raise CardRefused(_("Choisissez une catégorie."))
    return likely


def library_id_of(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise CardRefused(_("Ce document n’est plus dans la bibliothèque. Rechargez la page.")) from None
