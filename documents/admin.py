from django.contrib import admin

from documents.models import Category


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin[Category]):
    list_display = ("code", "label_fr", "label_en", "position", "is_active")
    list_editable = ("position", "is_active")
