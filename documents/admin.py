from django.contrib import admin
from django.utils.translation import gettext as _

from accounts.deletion import GuardedDeletion
from documents.models import Category


@admin.register(Category)
class CategoryAdmin(GuardedDeletion[Category]):
    list_display = ("code", "label_fr", "label_en", "position", "is_active")
    list_editable = ("position", "is_active")

    def instead_of_deleting(self, obj: Category) -> str:
        return _("Pour qu’elle ne soit plus proposée, décochez « proposée ».")
