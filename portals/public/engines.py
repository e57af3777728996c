"""What search engines read first: robots.txt, and the map of the pages that they may show."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, tostring

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from appointments.public_practices import listed
from portals.practice_address import page_path

ON_A_MAP = 50_000  # the protocol's limit (sitemaps.org)
MOST_MAPS = 50_000  # in an index; the same limit
NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
# Addresses with tokens are not disallowed: a crawler that may not open a page cannot read that it must not be shown,
# and shows its bare address.
ROBOTS = """\
User-agent: *
Disallow: /book/
Disallow: /api/
Disallow: /cabinets/?q=
Disallow: /cabinets/?page=
Sitemap: {sitemap}
"""


@login_not_required
@require_safe
def robots(_request: HttpRequest) -> HttpResponse:
    sitemap = f"{settings.PUBLIC_URL}{reverse('sitemap')}"
    return HttpResponse(ROBOTS.format(sitemap=sitemap), content_type="text/plain")


@login_not_required
@require_safe
def sitemap(_request: HttpRequest) -> HttpResponse:
    """The index: one map for each 50,000 listed practices."""
    pages = max(1, -(-listed().count() // ON_A_MAP))
    return _xml("sitemapindex", "sitemap", [reverse("sitemap-page", args=[one]) for one in range(1, pages + 1)])


@login_not_required
@require_safe
def sitemap_page(_request: HttpRequest, number: int) -> HttpResponse:
    """The search's start page on the first, then the practices, by id."""
    if not 1 <= number <= MOST_MAPS:
        raise Http404
    begin = (number - 1) * ON_A_MAP
    practices = listed().order_by("pk").only("pk", "name")[begin : begin + ON_A_MAP]
    paths = [page_path(one) for one in practices]
    if number == 1:
        paths.insert(0, reverse("practices"))
    if not paths:
        raise Http404
    return _xml("urlset", "url", paths)


def _xml(root: str, item: str, paths: list[str]) -> HttpResponse:
    """By hand: django.contrib.sitemaps builds addresses from the Host of the request."""
    tree = Element(root, xmlns=NAMESPACE)
    for path in paths:
        SubElement(SubElement(tree, item), "loc").text = f"{settings.PUBLIC_URL}{path}"
    return HttpResponse(tostring(tree, encoding="utf-8", xml_declaration=True), content_type="application/xml")
