"""The product's addresses and the bare view, behind all of the product's middleware."""

from django.urls import path

from bench.views import BareView
from config.urls import handler400, handler404, handler500
from config.urls import urlpatterns as product

__all__ = ["handler400", "handler404", "handler500", "urlpatterns"]

urlpatterns = [path("bench/bare", BareView.as_view()), *product]
