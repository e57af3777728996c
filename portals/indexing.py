"""Keeps every answer out of search engines, except pages that are made to be found."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

HEADER = "X-Robots-Tag"
INDEXABLE = "may_be_indexed"  # an attribute of a response, which the middleware reads


class NoIndexMiddleware:
    """The first of all: an answer of another middleware, of a package or of an error has the header, too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not (response.status_code == 200 and getattr(response, INDEXABLE, False)):
            response[HEADER] = "noindex, nofollow"
        return response


def for_search_engines(response: HttpResponse) -> HttpResponse:
    """Mark a page that strangers may find. It shows the same to everybody, and its address holds no secret."""
    setattr(response, INDEXABLE, True)
    return response
