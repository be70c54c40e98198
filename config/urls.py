"""Every address of the product."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django_prometheus.exports import ExportToDjangoView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from core import health

api: list[URLPattern | URLResolver] = [
    path("", include("members.urls")),
    path("", include("points.urls")),
    path("", include("growth.urls")),
    path("", include("mall.urls")),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    # A page: what a client may ask an API view by OPTIONS, its template cannot answer.
    path("docs/", SpectacularSwaggerView.as_view(url_name="schema", http_method_names=["get", "head"]), name="docs"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include(api)),
    path("admin/finance/", include("insights.urls")),
    path("admin/", admin.site.urls),
    path("livez", health.livez),
    path("readyz", health.readyz),
    path("metrics", ExportToDjangoView),
]
if settings.DEMO_MODE:
    urlpatterns.append(path("", include("config.demo.urls")))

handler400 = "core.middleware.bad_request"
handler404 = "core.middleware.not_found"
handler500 = "core.middleware.internal_error"
