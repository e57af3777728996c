"""How endpoints are told in the OpenAPI: every refusal has the same shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers

from documents.files.limits import EXTENSIONS
from portals.api.serializers import ErrorsOut

View = TypeVar("View", bound=Callable[..., Any])
IDEMPOTENCY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, description="Kept 24 hours")
ALWAYS = (400, 401, 403, 404, 405, 429)


def answers(
    success: int, shape: Any = None, *, request: Any = None, errors: tuple[int, ...] = (), **more: Any
) -> Callable[[View], View]:
    """Declare what a call takes and answers; the errors that any call may have are added."""
    responses: dict[Any, Any] = {code: OpenApiResponse(ErrorsOut) for code in (*ALWAYS, *errors)}
    responses[success] = shape if shape is not None else OpenApiResponse(description="Nothing")
    return extend_schema(request=request, responses=responses, **more)


def a_file(view: View) -> View:
    """A call that answers with the bytes of a file: whole, or a range, or the address of them in the bucket."""
    told = {(code, kind): OpenApiTypes.BINARY for code in (200, 206) for kind in EXTENSIONS}
    there = OpenApiParameter("Location", str, OpenApiParameter.HEADER, response=[303])
    moved = {303: OpenApiResponse(description="They are at this address for a minute")}
    refused = {code: OpenApiResponse(ErrorsOut) for code in (*ALWAYS, 409, 416)}
    return extend_schema(request=None, responses={**told, **moved, **refused}, parameters=[there])(view)


def whole_list(shape: type[serializers.BaseSerializer[Any]]) -> Any:
    """A list that comes whole."""
    return inline_serializer(f"{shape.__name__}List", {"results": shape(many=True)})


def page_of(shape: type[serializers.BaseSerializer[Any]]) -> Any:
    """A list by pages."""
    link = {"allow_null": True, "required": True}
    return inline_serializer(
        f"{shape.__name__}Page",
        {
            "results": shape(many=True),
            "next": serializers.URLField(**link),  # type: ignore[arg-type]
            "previous": serializers.URLField(**link),  # type: ignore[arg-type]
        },
    )
