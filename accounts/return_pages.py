"""Where to redirect a browser after signing in or confirming the identity: always a page that answers GET."""

from __future__ import annotations

from collections.abc import Callable
from inspect import getclosurevars, unwrap
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.urls import Resolver404, resolve

SAFE = ("GET", "HEAD")


def return_page(request: HttpRequest) -> str:
    """The page to return to: for a button the page that contained it, for a link its address."""
    if request.method in SAFE:
        return request.get_full_path() if takes_get(request.path) else nearest_page(request.path)
    came_from = request.headers.get("Referer", "")
    # with the slash, so that no other host matches
    if came_from.startswith(f"{request.scheme}://{request.get_host()}/"):
        parts = urlsplit(came_from)
        if takes_get(parts.path):
            return f"{parts.path}?{parts.query}" if parts.query else parts.path
        return nearest_page(parts.path)
    return nearest_page(request.path)


def nearest_page(path: str) -> str:
    """`path` itself if it answers GET, else the nearest parent path that does: `/documents/1/open/` is a button of
    `/documents/1/`."""
    while path != "/" and not takes_get(path):
        path = path.rstrip("/").rpartition("/")[0] + "/"
    return path


def takes_get(path: str) -> bool:
    try:
        view = resolve(path).func
    except Resolver404:
        return False
    methods = _methods(view)
    return methods is None or "GET" in methods


def _methods(view: Callable[..., Any]) -> set[str] | None:
    """The methods that `require_http_methods` or a class-based view allows; None if the view accepts all."""
    if view_class := getattr(view, "view_class", None):
        return {name.upper() for name in view_class.http_method_names if hasattr(view_class, name)}
    allowed: list[set[str]] = []

    def look(layer: Callable[..., Any]) -> bool:
        if hasattr(layer, "__code__"):
            methods = getclosurevars(layer).nonlocals.get("request_method_list")
            allowed.extend([set(methods)] if methods else [])
        return False

    unwrap(view, stop=look)
    return set.intersection(*allowed) if allowed else None
