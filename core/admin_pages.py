"""A page with one form, for actions that need to ask something first."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from unfold.admin import ModelAdmin

from core.errors import DomainError


def form_page(
    model_admin: ModelAdmin,
    request: HttpRequest,
    row: Model | None,
    form: Form,
    *,
    title: Any,
    submit: Any,
    template: str = "admin/form_page.html",
    **context: Any,
) -> HttpResponse:
    """Show the form under the admin's header, with a way back to the row; to the list, when there is no row yet.

    The context may hold `summary`, a sentence, and `facts`, pairs of name and value: both stand above the form.
    """
    page = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.model._meta,
        "original": row,
        "title": title,
        "submit_label": submit,
        "form": form,
        "media": model_admin.media + form.media,
        "back": row_url(row) if row else list_url(model_admin.model),
        **context,
    }
    return render(request, template, page)


def posted(request: HttpRequest) -> QueryDict | None:
    """Return what was sent, even if that is nothing; None when the page was only opened."""
    return request.POST if request.method == "POST" else None


def list_url(model: type[Model]) -> str:
    """Return the address of the model's list in admin."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def row_url(row: Model) -> str:
    """Return the address of the row's own page in admin."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def done(model_admin: ModelAdmin, request: HttpRequest, row: Model, text: str) -> HttpResponse:
    """Note in the row's log what was done, say so, and go back to the row."""
    model_admin.log_change(request, row, text)
    messages.success(request, text)
    return HttpResponseRedirect(row_url(row))


def refused(request: HttpRequest, row: Model, error: DomainError) -> HttpResponse:
    """Say why it was not done and go back to the row."""
    messages.error(request, str(error.message))
    return HttpResponseRedirect(row_url(row))


def staff_id(request: HttpRequest) -> int:
    """Return the id of the user who acts. Admin lets nobody else in."""
    if request.user.pk is None:
        raise PermissionDenied
    return request.user.pk
