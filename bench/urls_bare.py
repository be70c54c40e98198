"""The bare view and nothing else."""

from django.urls import path

from bench.views import BareView
from core.health import readyz

urlpatterns = [path("bench/bare", BareView.as_view()), path("readyz", readyz)]
