"""A partner's view that says whom it took the caller for and what body it read; only these tests can reach it."""

from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import PartnerView


class ProbeView(PartnerView):
    def post(self, request: Request) -> Response:
        caller = request.auth
        return Response(
            {
                "partner_id": caller.partner_id,
                "scope": caller.scope,
                "behaviours": sorted(caller.behaviours),
                "may_report_history": caller.may_report_history,
                "data": request.data,
            }
        )


urlpatterns = [path("api/v1/probe", ProbeView.as_view())]
