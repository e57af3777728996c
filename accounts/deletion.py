"""Deleting in Django's admin: what holds data is not deleted there, and a sentence says what holds it and what to do.

Django would list every row that refers to it by name, a practice's patients among them; and answer 500 where such a
row came between the page and the click.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.contrib import admin, messages
from django.contrib.admin.utils import NestedObjects
from django.db import router, transaction
from django.db.models import PROTECT, RESTRICT, ForeignObjectRel, Model, ProtectedError, RestrictedError
from django.db.models.query import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

M = TypeVar("M", bound=Model)
SHOWN = 5  # kinds of what holds it


class GuardedDeletion(admin.ModelAdmin[M]):
    """A ModelAdmin that deletes only what holds nothing. `instead_of_deleting`: which command, or which change on the
    page, does what whoever wants to delete wants."""

    def instead_of_deleting(self, obj: M) -> str:
        raise NotImplementedError

    def get_deleted_objects(
        self, objs: QuerySet[M] | Iterable[M], request: HttpRequest
    ) -> tuple[list[Any], dict[Any, Any], set[Any], list[Any]]:
        """As Django's, with one sentence for each object that can't go in place of everything that protects it."""
        found = list(objs)
        held = [(one, kinds) for one in found if (kinds := _held_by(one))]
        if held:  # a practice's patients are counted, and not read
            return [], {}, set(), [self._why_not(one, kinds) for one, kinds in held]
        collector = NestedObjects(using=router.db_for_write(self.model), origin=self.model)
        collector.collect(found)
        if collector.protected:  # by what would go with it
            return [], {}, set(), [self._why_not(one, _kinds(collector.protected)) for one in found]
        return super().get_deleted_objects(found, request)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        return self._guarded(
            request, lambda: super(GuardedDeletion, self).delete_view(request, object_id, extra_context)
        )

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return self._guarded(request, lambda: super(GuardedDeletion, self).changelist_view(request, extra_context))

    def delete_model(self, request: HttpRequest, obj: M) -> None:
        with transaction.atomic():  # with its line in the trail
            self.note_deletion(request, obj)
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[M]) -> None:
        with transaction.atomic():
            for one in queryset:
                self.delete_model(request, one)

    def note_deletion(self, request: HttpRequest, obj: M) -> None:
        """A line in the trail, before it goes."""

    def _guarded(self, request: HttpRequest, answer: Callable[[], HttpResponseBase]) -> Any:
        """What came to hold it since the page was shown: the same sentence, and nothing deleted."""
        try:
            return answer()
        except (ProtectedError, RestrictedError) as error:
            held = error.protected_objects if isinstance(error, ProtectedError) else error.restricted_objects
            messages.error(request, _("Rien n’a été supprimé : %(held)s.") % {"held": _in_words(_kinds(held))})
            return redirect(request.get_full_path())

    def _why_not(self, obj: M, kinds: Counter[str]) -> str:
        facts = {"what": obj, "held": _in_words(kinds), "instead": self.instead_of_deleting(obj)}
        return _("« %(what)s » n’est pas supprimé ici : %(held)s. %(instead)s") % facts


def _held_by(obj: Model) -> Counter[str]:
    """How many rows of each kind refer to it and don't go with it."""
    found: Counter[str] = Counter()
    for relation in obj._meta.get_fields(include_hidden=True):  # hidden: those whose related_name is "+"
        if isinstance(relation, ForeignObjectRel) and getattr(relation, "on_delete", None) in (PROTECT, RESTRICT):
            rows = relation.related_model._base_manager.filter(**{relation.field.name: obj.pk})
            if count := rows.count():
                found[str(relation.related_model._meta.verbose_name)] += count
    return found


def _kinds(held: Iterable[Model]) -> Counter[str]:
    return Counter(str(one._meta.verbose_name) for one in held)


def _in_words(kinds: Counter[str]) -> str:
    """How many of what: never a name."""
    named = [f"{count} × {kind}" for kind, count in kinds.most_common(SHOWN)]
    if others := kinds.total() - sum(count for _kind, count in kinds.most_common(SHOWN)):
        named.append(ngettext("%(count)s autre", "%(count)s autres", others) % {"count": others})
    return _("des données en dépendent (%(kinds)s)") % {"kinds": ", ".join(named)}
