"""Fields that several shapes have."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers


def named(field: serializers.Field[Any, Any, Any, Any]) -> Any:
    """The field, under a name that serializers use for something of their own (`label`, `errors`): their metaclass
    takes it out of the class."""
    return field


class UploadField(serializers.FileField):
    """One document. Whether it is one, and how its name reads, intake says."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_empty_file=True, max_length=None, **kwargs)

    def get_value(self, dictionary: Any) -> Any:
        """Raises ValidationError where there are several: the last would be taken, and the others lost."""
        if self.field_name and hasattr(dictionary, "getlist") and len(dictionary.getlist(self.field_name)) > 1:
            raise serializers.ValidationError({self.field_name: [_("Envoyez un seul fichier par appel.")]})
        return super().get_value(dictionary)


class AdministeredPracticeField(serializers.UUIDField):
    """The practice that a new object is of."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, help_text="Needed by administrators of several practices only", **kwargs)
