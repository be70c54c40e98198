"""Addresses of insights, all inside admin: whoever is not logged in is sent to its login."""

from django.contrib import admin
from django.urls import path

from insights.finance import exports, pages

inside = admin.site.admin_view

urlpatterns = [
    path("", inside(pages.overview), name="finance"),
    path("days/<str:day>/", inside(pages.one_day), name="finance-day"),
    path("export/<str:table>.<str:form>", inside(exports.export), name="finance-export"),
]
