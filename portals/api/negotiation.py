"""Content negotiation: JSON, or the bytes of a document in its one verified type; and the answer to OPTIONS."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rest_framework.exceptions import NotAcceptable
from rest_framework.metadata import SimpleMetadata
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

if TYPE_CHECKING:  # rest_framework.views imports this module at run time
    from rest_framework.views import APIView


class IgnoringAccept(DefaultContentNegotiation):
    """Ignores `Accept`, as there is one representation (RFC 9110, 12.5.1): `image/png` gets a document, too."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        offered = list(renderers)
        try:
            chosen: tuple[BaseRenderer, str] = super().select_renderer(request, offered, format_suffix)
        except NotAcceptable:
            return offered[0], offered[0].media_type
        return chosen


class NoActions(SimpleMetadata):
    """OPTIONS answers with name and description only. The OpenAPI document describes bodies."""

    def determine_actions(self, request: Request, view: APIView) -> dict[str, Any]:
        return {}
