"""Deletion in Django's admin: an object that other data needs is not deleted; a sentence says why and what to do.

Django would list every row that refers to the object, a practice's patients included, and answer 500 if such a row
appeared between the page and the click.
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
SHOWN = 5  # kinds of referring rows listed


class GuardedDeletion(admin.ModelAdmin[M]):
    """A ModelAdmin that deletes only objects that no other data needs. `instead_of_deleting`: the command, or the
    change on the page, to use instead."""

    def instead_of_deleting(self, obj: M) -> str:
        raise NotImplementedError

    def get_deleted_objects(
        self, objs: QuerySet[M] | Iterable[M], request: HttpRequest
    ) -> tuple[list[Any], dict[Any, Any], set[Any], list[Any]]:
        """Like Django's method, with one sentence for each object that can't be deleted instead of all rows that
        protect it."""
        objects = list(objs)
        referenced = [(obj, kinds) for obj in objects if (kinds := _references_to(obj))]
        if referenced:  # counts a practice's patients without reading them
            return [], {}, set(), [self._why_not(obj, kinds) for obj, kinds in referenced]
        collector = NestedObjects(using=router.db_for_write(self.model), origin=self.model)
        collector.collect(objects)
        if collector.protected:  # protected by rows that would be deleted, too
            return [], {}, set(), [self._why_not(obj, _kinds(collector.protected)) for obj in objects]
        return super().get_deleted_objects(objects, request)

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
            for obj in queryset:
                self.delete_model(request, obj)

    def note_deletion(self, request: HttpRequest, obj: M) -> None:
        """Record the deletion in the trail, before it happens."""

    def _guarded(self, request: HttpRequest, view: Callable[[], HttpResponseBase]) -> Any:
        """Show the same sentence, and delete nothing, if new rows refer to the object since the page was shown."""
        try:
            return view()
        except (ProtectedError, RestrictedError) as error:
            referring = error.protected_objects if isinstance(error, ProtectedError) else error.restricted_objects
            messages.error(request, _("Rien n’a été supprimé : %(held)s.") % {"held": _in_words(_kinds(referring))})
            return redirect(request.get_full_path())

    def _why_not(self, obj: M, kinds: Counter[str]) -> str:
        facts = {"what": obj, "held": _in_words(kinds), "instead": self.instead_of_deleting(obj)}
        return _("« %(what)s » n’est pas supprimé ici : %(held)s. %(instead)s") % facts


def _references_to(obj: Model) -> Counter[str]:
    """The number of rows of each kind that refer to the object and would not be deleted with it."""
    counts: Counter[str] = Counter()
    for relation in obj._meta.get_fields(include_hidden=True):  # hidden: those whose related_name is "+"
        if isinstance(relation, ForeignObjectRel) and getattr(relation, "on_delete", None) in (PROTECT, RESTRICT):
            rows = relation.related_model._base_manager.filter(**{relation.field.name: obj.pk})
            if count := rows.count():
                counts[str(relation.related_model._meta.verbose_name)] += count
    return counts


def _kinds(rows: Iterable[Model]) -> Counter[str]:
    return Counter(str(row._meta.verbose_name) for row in rows)


def _in_words(kinds: Counter[str]) -> str:
    """Counts with the name of the kind, without names of people."""
    named = [f"{count} × {kind}" for kind, count in kinds.most_common(SHOWN)]
    if rest := kinds.total() - sum(count for _kind, count in kinds.most_common(SHOWN)):
        named.append(ngettext("%(count)s autre", "%(count)s autres", rest) % {"count": rest})
    return _("des données en dépendent (%(kinds)s)") % {"kinds": ", ".join(named)}
