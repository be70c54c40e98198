"""Addresses of growth/."""

from django.urls import path

from growth import views

urlpatterns = [
    path("growth/check-ins", views.CheckInsView.as_view(), name="check-ins"),
    path("growth/tasks", views.TasksView.as_view(), name="tasks"),
    path("events", views.EventsView.as_view(), name="events"),
]
