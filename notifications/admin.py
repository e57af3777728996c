"""Messages, read-only. The text is not shown, because it contains links and codes."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from notifications.models import Message


@admin.register(Message)
class MessageAdmin(admin.ModelAdmin[Message]):
    list_display = ("id", "channel", "state", "created_at", "due_at", "sent_at", "attempts", "cause", "last_error")
    list_filter = ("state", "channel")
    date_hierarchy = "created_at"
    fields = ("id", "channel", "language", "state", "created_at", "due_at", "expires_at", "lease_until",
              "attempts", "cause", "last_error", "provider_id", "sent_at", "delivered_at")  # fmt: skip
    readonly_fields = fields

    def has_add_permission(self, *args: Any, **kwargs: Any) -> bool:
        return False

    def has_change_permission(self, *args: Any, **kwargs: Any) -> bool:
        return False

    def has_delete_permission(self, *args: Any, **kwargs: Any) -> bool:
        return False
