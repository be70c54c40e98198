"""A small API to test what every view shares."""

from typing import Any, ClassVar

from django.db import transaction
from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.errors import DomainError
from core.idempotency import idempotent
from core.models import AnsweredRequest


class SoldOut(DomainError):
    code = "sold_out"
    status = 409


class Forbidden(DomainError):
    code = "forbidden_here"
    status = 403


class EffectView(APIView):
    """Leaves one row per call, then answers what the body asks for."""

    calls: ClassVar[int] = 0

    @idempotent
    def post(self, request: Request) -> Response:
        """Write, then succeed, refuse or break."""
        with transaction.atomic():  # as every use case does
            return self.effect(request)

    def effect(self, request: Request) -> Response:
        """Do it."""
        EffectView.calls += 1
        AnsweredRequest.objects.create(scope="effect", key=str(EffectView.calls), fingerprint="", status=1, body="")
        wanted: Any = request.data.get("then")
        if wanted == "sold_out":
            raise SoldOut(detail={"left": 0})
        if wanted == "forbidden":
            raise Forbidden
        if wanted == "break":
            raise RuntimeError("broken on purpose")
        return Response({"call": EffectView.calls, "text": "积分"}, status=201)


class BrokenView(APIView):
    """Always breaks."""

    def get(self, request: Request) -> Response:
        """Break."""
        raise RuntimeError("secret detail")


urlpatterns = [
    path("api/v1/effects", EffectView.as_view()),
    path("api/v1/broken", BrokenView.as_view()),
    path("", include("config.urls")),
]
handler404 = "core.middleware.not_found"
handler500 = "core.middleware.internal_error"
