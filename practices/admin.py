"""Django's admin, for whoever runs the installation. What it changes goes through the use cases, so it is in the
trail like what a practice changes on its own pages."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import allauth.mfa.admin
import allauth.usersessions.admin  # noqa: F401  # both register what is registered anew below
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.db.models import Model, QuerySet
from django.forms import BaseModelFormSet, ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.administration import note_account_created, note_account_deleted, note_account_edited
from accounts.deletion import GuardedDeletion
from accounts.models import ApiToken, User
from accounts.tokens import revoke_token
from practices.administration import note_practice_deleted, note_practice_edited
from practices.members import add_member, change_roles, remove_member
from practices.models import Membership, Practice

M = TypeVar("M", bound=Model)


class UserCreationForm(AdminUserCreationForm[User]):
    class Meta:
        model = User
        fields = ("email", "title", "first_name", "last_name")


def _by(request: HttpRequest) -> User:
    return cast("User", request.user)


def _save_membership(membership: Membership, by: User) -> None:
    """Add a member, change their roles, or, where the form moved the line to another, end one and begin the other."""
    before = Membership.objects.filter(pk=membership.pk).first()
    roles = membership.roles
    if before is not None and (before.user_id, before.practice_id) == (membership.user_id, membership.practice_id):
        change_roles(membership=membership, roles=roles, by=by)
        return
    if before is not None:
        remove_member(membership=before, by=by)
    made = add_member(user=membership.user, practice=membership.practice, roles=roles, by=by)
    membership.pk, membership._state.adding = made.pk, False


class MembershipInline(admin.TabularInline[Membership, User]):
    model = Membership
    extra = 0


@admin.register(User)
class UserAdmin(GuardedDeletion[User], DjangoUserAdmin[User]):
    ordering = ("last_name", "first_name")
    list_display = ("email", "first_name", "last_name", "is_active", "is_staff")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "first_name", "last_name")
    add_form = UserCreationForm
    inlines = [MembershipInline]

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm[User], change: bool) -> None:
        if change and "mobile" in form.changed_data:
            obj.mobile_verified_at = None  # nobody proved it
        super().save_model(request, obj, form, change)
        if change:
            note_account_edited(user=obj, fields=form.changed_data, by=_by(request))
        else:
            note_account_created(user=obj, by=_by(request))

    def save_formset(
        self, request: HttpRequest, form: Any, formset: BaseModelFormSet[Any, Any], change: bool
    ) -> None:
        if formset.model is not Membership:
            super().save_formset(request, form, formset, change)
            return
        changed = formset.save(commit=False)
        for membership in formset.deleted_objects:
            remove_member(membership=membership, by=_by(request))
        for membership in changed:
            _save_membership(membership, _by(request))

    def note_deletion(self, request: HttpRequest, obj: User) -> None:
        note_account_deleted(user=obj, by=_by(request))

    def instead_of_deleting(self, obj: User) -> str:
        return _("Pour effacer la personne : manage.py erase_person --account %(id)s (docs/personal-data.md).") % {
            "id": obj.pk
        }

    fieldsets = (
        (None, {"fields": ("email", "password")}),
        (
            gettext_lazy("Personne"),
            {"fields": ("title", "first_name", "last_name", "professional_number", "mobile", "language")},
        ),
        (gettext_lazy("Droits"), {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "fields": (
                    "email",
                    "title",
                    "first_name",
                    "last_name",
                    "usable_password",
                    "password1",
                    "password2",
                )
            },
        ),
    )


@admin.register(Practice)
class PracticeAdmin(GuardedDeletion[Practice]):
    list_display = ("name", "telephone", "time_zone")
    search_fields = ("name",)

    def note_deletion(self, request: HttpRequest, obj: Practice) -> None:
        note_practice_deleted(practice=obj, by=_by(request))

    def instead_of_deleting(self, obj: Practice) -> str:
        return _(
            "Pour l’archiver et le supprimer : manage.py delete_practice %(id)s --archive DOSSIER "
            "(docs/personal-data.md)."
        ) % {"id": obj.pk}

    def save_model(self, request: HttpRequest, obj: Practice, form: ModelForm[Practice], change: bool) -> None:
        super().save_model(request, obj, form, change)
        note_practice_edited(practice=obj, fields=form.changed_data, by=_by(request))


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin[Membership]):
    list_display = ("user", "practice", "is_practitioner", "is_secretary", "is_admin", "is_reader")
    list_filter = ("practice", "is_practitioner", "is_secretary", "is_admin", "is_reader")
    autocomplete_fields = ("user", "practice")

    def save_model(self, request: HttpRequest, obj: Membership, form: ModelForm[Membership], change: bool) -> None:
        _save_membership(obj, _by(request))

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        remove_member(membership=obj, by=_by(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        for membership in queryset:
            remove_member(membership=membership, by=_by(request))


class LookedAt(admin.ModelAdmin[M]):
    """What only its owner makes and changes. Secrets and keys of it are not shown."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False


# allauth's own: their forms show, and change, the key of a session and the secret of a factor.
admin.site.unregister([Authenticator, UserSession])


@admin.register(Authenticator)
class AuthenticatorAdmin(LookedAt[Authenticator]):
    """Removed here for somebody who lost it."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    search_fields = ("user__email",)
    fields = ("user", "type", "created_at", "last_used_at")


@admin.register(UserSession)
class UserSessionAdmin(LookedAt[UserSession]):
    """Removing one signs its browser out."""

    list_display = ("user", "created_at", "last_seen_at", "ip", "user_agent")
    search_fields = ("user__email", "ip")
    fields = list_display

    def delete_model(self, request: HttpRequest, obj: UserSession) -> None:
        obj.end()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[UserSession]) -> None:
        for session in queryset:
            session.end()


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin[ApiToken]):
    """Seen and revoked here; made only by the person themselves."""

    list_display = ("name", "user", "created_at", "expires_at", "last_used_at", "revoked_at")
    readonly_fields = ("user", "name", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at")
    actions = ("revoke",)

    def has_add_permission(self, request: object) -> bool:
        return False

    @admin.action(description=gettext_lazy("Révoquer"))
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        for token in queryset:
            revoke_token(token=token, by=_by(request))

    def delete_model(self, request: HttpRequest, obj: ApiToken) -> None:
        revoke_token(token=obj, by=_by(request))
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        self.revoke(request, queryset)
        super().delete_queryset(request, queryset)
