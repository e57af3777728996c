"""The place of a signature on a page, as the user chose it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from django.utils.translation import gettext as _

from refusals import Kind, Refusal

DEFAULT_WIDTH = 0.25
MIN_WIDTH = 0.05


class InvalidPlacement(Refusal):
    """A place that is not on the document. `field`: which value."""

    code = "invalid_placement"
    kind = Kind.INVALID

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field

    def __str__(self) -> str:
        return f"{self.code}: {self.field}"


@dataclass(frozen=True)
class Placement:
    """The centre and width of the stamp, as fractions of the page as displayed, from its top left.

    Raises InvalidPlacement for a value outside 0…1 or NaN, or a page below 1.
    """

    page: int  # from 1
    x: float
    y: float
    width: float = DEFAULT_WIDTH

    def __post_init__(self) -> None:
        if self.page < 1:
            raise InvalidPlacement("page", _("Les pages se comptent à partir de 1."))
        for field in ("x", "y"):
            value = getattr(self, field)
            if not math.isfinite(value) or not 0 <= value <= 1:
                raise InvalidPlacement(
                    field, _("La place de la signature est hors de la page : donnez des fractions entre 0 et 1.")
                )
        if not math.isfinite(self.width) or not MIN_WIDTH <= self.width <= 1:
            raise InvalidPlacement(
                "width", _("La largeur de la signature est une fraction de la page, entre 0,05 et 1.")
            )
