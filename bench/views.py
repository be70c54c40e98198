"""The view that others are measured against."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class BareView(APIView):
    """Verifies the caller's token and does one SELECT: the one by which the login is found to be still good."""

    def post(self, request: Request) -> Response:
        """Answer whose token it was."""
        principal: Any = request.auth
        return Response({"member": principal.member_id}, status=201)
