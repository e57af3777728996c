"""The tag `translate` writes what Django's own tag writes (portals/templatetags/texts.py)."""

from __future__ import annotations

from typing import Any

import pytest
from django.template import Context, Engine, Template
from django.templatetags.i18n import TranslateNode
from django.utils import translation

from docshare.settings import BASE_DIR
from portals.templatetags.texts import TextNode
from tests.costs import counted

LOAD = "{% load i18n %}"
TEMPLATES = BASE_DIR / "templates"


def tags_of(template: Template) -> list[Any]:
    return list(template.nodelist.get_nodes_by_type(TranslateNode))


def test_every_text_of_every_template_is_djangos_in_each_language() -> None:
    count = 0
    for path in TEMPLATES.rglob("*.html"):
        for tag in tags_of(Engine.get_default().get_template(str(path.relative_to(TEMPLATES)))):
            for context in (Context(), Context(autoescape=False)):
                for language in ("fr", "en", "fr"):
                    with translation.override(language):
                        context.template = Template("")
                        assert tag.render(context) == TranslateNode.render(tag, context), path
            count += isinstance(tag, TextNode)
    assert count > 1_500


@pytest.mark.parametrize(
    "source",
    [
        "{% translate word %}",
        '{% translate word|default:"" %}',
        '{% translate "Agenda"|upper %}',
        '{% translate "Agenda" as found %}{{ found }}',
        '{% translate "Agenda" context word %}',
        "{% translate word noop %}",
    ],
)
def test_whatever_depends_on_the_page_is_left_to_django(source: str) -> None:
    (tag,) = tags_of(Template(LOAD + source))
    assert type(tag) is TranslateNode


@pytest.mark.parametrize("tag", ["translate", "trans"])
def test_a_text_is_in_the_language_of_each_reader(tag: str) -> None:
    page = Template(f'{LOAD}{{% {tag} "Enregistrer" %}}')
    for language, text in (("fr", "Enregistrer"), ("en", "Save"), ("fr", "Enregistrer")):
        with translation.override(language):
            assert page.render(Context()) == text
    assert Template(f'{LOAD}{{% {tag} "Enregistrer" noop %}}').render(Context()) == "Enregistrer"


@pytest.mark.parametrize("text", ["« 5 % » & <b>", "100 %", 'd\\"ici', "%(count)s"])
def test_marks_in_a_text_are_as_django_writes_them(text: str) -> None:
    page = Template(f'{LOAD}{{% translate "{text}" %}}')
    (tag,) = tags_of(page)
    assert isinstance(tag, TextNode)
    for context in (Context(), Context(autoescape=False)):
        context.template = page
        assert tag.render(context) == tag.render(context) == TranslateNode.render(tag, context)


def test_with_debug_each_text_is_looked_up_again(settings: Any) -> None:
    settings.DEBUG = True
    (tag,) = tags_of(Template(LOAD + '{% translate "Agenda" %}'))
    assert type(tag) is TranslateNode


def test_the_other_tags_of_the_library_are_djangos() -> None:
    source = "{% get_current_language as here %}{{ here }} {{ here|language_name_local }}"
    with translation.override("en"):
        assert Template(LOAD + source).render(Context()) == "en English"
    page = Template(LOAD + "{% blocktranslate with a=word %}Pour {{ a }}{% endblocktranslate %}")
    assert page.render(Context({"word": "Agenda"})) == "Pour Agenda"


def test_it_costs_less_than_djangos() -> None:
    (tag,) = tags_of(Template(LOAD + '{% translate "Agenda" %}'))
    context = Context()
    tag.render(context)
    assert counted(lambda: tag.render(context))[1] < counted(lambda: TranslateNode.render(tag, context))[1] / 4
