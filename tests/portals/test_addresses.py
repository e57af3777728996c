"""The tag `url` writes the addresses that Django's own tag writes (portals/templatetags/addresses.py)."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.http import HttpResponse
from django.template import Context, RequestContext, Template
from django.template.defaulttags import URLNode
from django.test import RequestFactory
from django.test.utils import override_script_prefix
from django.urls import NoReverseMatch, get_resolver, path
from django.utils import translation

from portals.templatetags.addresses import AddressNode
from tests.costs import counted

IDS = {"a": uuid.uuid4(), "b": uuid.uuid4(), "text": "video", "number": 7}


def names() -> list[tuple[str, int]]:
    """Every name of a page that ids alone lead to, and how many of them."""
    found = []
    for namespace, resolver in [("", get_resolver()), *((f"{n}:", r) for n, (_, r) in _namespaces())]:
        for name in filter(lambda one: isinstance(one, str), resolver.reverse_dict):
            for parts, _pattern, _defaults, converters in resolver.reverse_dict.getlist(name):
                if all(type(converters.get(one)).__name__ == "UUIDConverter" for one in parts[0][1]):
                    found.append((f"{namespace}{name}", len(parts[0][1])))
    return sorted(set(found))


def _namespaces() -> list[tuple[str, Any]]:
    return sorted(get_resolver().namespace_dict.items())


def written(source: str, context: Context, node: type[URLNode]) -> str:
    template = Template(source)
    (tag,) = (one for one in template.nodelist if isinstance(one, AddressNode))
    return str(node.render(tag, context))


def test_every_address_by_ids_is_djangos() -> None:
    every = names()
    assert len(every) > 150
    for name, ids in every:
        source = f"{{% url '{name}' {' '.join('ab'[:ids])} %}}"
        for here in (IDS, {"a": IDS["b"], "b": IDS["a"]}):
            assert written(source, Context(here), AddressNode) == written(source, Context(here), URLNode), name


@pytest.mark.parametrize(
    "source",
    [
        "{% url 'practitioner:appointment' a as found %}{{ found }}",
        "{% url 'practitioner:appointment' pk=a %}",
        "{% url 'mfa_edit_webauthn' pk=number %}",
    ],
)
def test_whatever_else_names_a_page_is_left_to_django(source: str) -> None:
    assert written(source, Context(IDS), AddressNode) == written(source, Context(IDS), URLNode)


@pytest.mark.parametrize("wrong", ["'practitioner:appointment'", "'practitioner:appointment' text", "'nothing' a"])
def test_an_address_that_does_not_exist_is_an_error(wrong: str) -> None:
    for _ in range(2):
        with pytest.raises(NoReverseMatch):
            Template(f"{{% url {wrong} %}}").render(Context(IDS))


def test_an_address_follows_what_it_depends_on() -> None:
    page = Template("{% url 'practitioner:agenda' %}")
    assert page.render(Context()) == "/pro/"
    with override_script_prefix("/health/"):
        assert page.render(Context()) == "/health/pro/"
    with translation.override("en"):
        assert page.render(Context()) == "/pro/"
    assert page.render(Context()) == "/pro/"


def test_another_list_of_addresses_has_its_own(settings: Any) -> None:
    page = Template("{% url 'home' %}")
    assert page.render(Context()) == "/"
    settings.ROOT_URLCONF = __name__
    assert page.render(Context()) == "/a%20page/&amp;/"


urlpatterns = [path("a page/&/", lambda request: HttpResponse(), name="home")]


def test_it_costs_less_than_djangos() -> None:
    request = RequestContext(RequestFactory().get("/"), IDS)
    (tag,) = Template("{% url 'practitioner:appointment' a %}").nodelist
    assert isinstance(tag, AddressNode)
    tag.render(request)
    assert counted(lambda: tag.render(request))[1] < counted(lambda: URLNode.render(tag, request))[1] / 2
