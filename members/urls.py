"""Addresses under /api/v1/ that belong to members."""

from django.urls import path

from members import views

urlpatterns = [
    path("auth/login", views.LoginView.as_view()),
    path("auth/refresh", views.RefreshView.as_view()),
    path("auth/logout", views.LogoutView.as_view()),
    path("members/me", views.MeView.as_view()),
    path("members/me/tier", views.TierView.as_view()),
    path("members/me/addresses", views.AddressesView.as_view()),
    path("members/me/addresses/<int:address_id>", views.AddressView.as_view()),
    path("members/me/sessions", views.SessionsView.as_view()),
    path("inbox", views.InboxView.as_view()),
    path("inbox/<int:notice_id>/read", views.NoticeReadView.as_view()),
]
