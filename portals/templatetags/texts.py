"""`{% translate %}` as Django has it, and quicker: a text of a template is translated once in a process for each
language. A page has a hundred of them. Templates load it as `i18n`, with Django's other tags of that library."""

from __future__ import annotations

from django import template
from django.conf import settings
from django.template.base import Parser, Token, Variable
from django.template.context import Context
from django.templatetags import i18n
from django.utils.translation import get_language

register = template.Library()
register.tags.update(i18n.register.tags)
register.filters.update(i18n.register.filters)


class TextNode(i18n.TranslateNode):
    """A text that stands in the template itself, which nothing of the page changes."""

    def __init__(self, node: i18n.TranslateNode) -> None:
        super().__init__(node.filter_expression, node.noop)
        self._known: dict[str | None, str] = {}

    def render(self, context: Context) -> str:
        language = get_language()
        known = self._known.get(language)
        if known is None:
            known = self._known[language] = super().render(context)
        return known


@register.tag("translate")
@register.tag("trans")
def translate(parser: Parser, token: Token) -> i18n.TranslateNode:
    node = i18n.do_translate(parser, token)
    # With DEBUG, the server reads its catalogue again after a change.
    return node if settings.DEBUG or not _is_text(node) else TextNode(node)


def _is_text(node: i18n.TranslateNode) -> bool:
    """Whether it is always the same in one language: no variable, filter or context, and shown where it stands."""
    text = node.filter_expression
    is_literal = isinstance(text.var, Variable) and text.var.literal is not None
    return is_literal and not (text.filters or node.message_context or node.asvar)
