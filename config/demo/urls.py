"""The preview page, and the little it needs that a phone would have: somebody to be, and a login code."""

from django.urls import path

from config.demo import views

urlpatterns = [
    path("", views.preview, name="preview"),
    path("demo/members", views.MembersView.as_view(), name="demo-members"),
    path("demo/login-code", views.LoginCodeView.as_view(), name="demo-login-code"),
]
