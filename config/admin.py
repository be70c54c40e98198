"""Staff and their groups in admin: Django's own pages in the theme's dress, with rights named as staff know them.

The rights' names in the database are English whatever the language, and stay so: they are written by migrations.
"""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

ACTIONS = {"add": _("Can add"), "change": _("Can change"), "delete": _("Can delete"), "view": _("Can view")}
# Nobody has pages for these.
WITHOUT_PAGES = ("admin", "axes", "contenttypes", "sessions")


def permissions_to_give() -> QuerySet[Permission]:
    """Return the permissions that open something in admin."""
    shown = Permission.objects.exclude(content_type__app_label__in=WITHOUT_PAGES)
    return shown.exclude(content_type__model__startswith="historical").select_related("content_type")


def label_of(permission: Permission) -> str:
    """Return what a permission allows: the app, the model, and what may be done with it."""
    model = permission.content_type.model_class()
    own: dict[str, Any] = dict(model._meta.permissions) if model else {}
    action = own.get(permission.codename) or ACTIONS.get(permission.codename.split("_")[0], permission.name)
    return f"{permission.content_type} | {action}"


class WithPermissions(ModelAdmin):
    """Shows permissions by their labels."""

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest | None = None, **options: Any) -> Any:
        field = super().formfield_for_manytomany(db_field, request, **options)
        if db_field.related_model is Permission and field is not None:
            field.queryset = permissions_to_give()
            field.label_from_instance = label_of
        return field


admin.site.unregister([User, Group])


@admin.register(User)
class UserAdmin(WithPermissions, DjangoUserAdmin[User]):
    """Staff. Nobody is deleted, because what they did is kept under their name: take away `active` instead."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False


@admin.register(Group)
class GroupAdmin(WithPermissions, DjangoGroupAdmin):
    """What staff may do, by group."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        # Django would list each row that ties a permission to the group, by its number.
        names = [str(group) for group in objs]
        return names, {str(Group._meta.verbose_name_plural): len(names)}, set(), []
