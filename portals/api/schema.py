"""How endpoints are told in the OpenAPI: every refusal has the same shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers

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
