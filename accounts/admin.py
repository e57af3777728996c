from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiToken, Membership, Practice, User


class UserCreationForm(AdminUserCreationForm[User]):
    class Meta:
        model = User
        fields = ("email", "title", "first_name", "last_name")


class MembershipInline(admin.TabularInline[Membership, User]):
    model = Membership
    extra = 0


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User]):
    ordering = ("last_name", "first_name")
    list_display = ("email", "first_name", "last_name", "is_active", "is_staff")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "first_name", "last_name")
    add_form = UserCreationForm
    inlines = [MembershipInline]
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        (
            _("Personne"),
            {"fields": ("title", "first_name", "last_name", "professional_number", "mobile", "language")},
        ),
        (_("Droits"), {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
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
class PracticeAdmin(admin.ModelAdmin[Practice]):
    list_display = ("name", "telephone", "time_zone")
    search_fields = ("name",)


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin[Membership]):
    list_display = ("user", "practice", "is_practitioner", "is_secretary", "is_admin", "is_reader")
    list_filter = ("practice", "is_practitioner", "is_secretary", "is_admin", "is_reader")
    autocomplete_fields = ("user", "practice")


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin[ApiToken]):
    """Seen and revoked here; made only by the person themselves."""

    list_display = ("name", "user", "created_at", "expires_at", "last_used_at", "revoked_at")
    readonly_fields = ("user", "name", "scopes", "created_at", "expires_at", "last_used_at")

    def has_add_permission(self, request: object) -> bool:
        return False
