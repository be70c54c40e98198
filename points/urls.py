"""Addresses of points/."""

from django.urls import path

from points import views

urlpatterns = [
    path("points/balance", views.BalanceView.as_view(), name="points-balance"),
    path("points/entries", views.EntriesView.as_view(), name="points-entries"),
]
