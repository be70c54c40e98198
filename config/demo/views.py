"""The preview page and its two demo-only calls. Everything else on it is the public API."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.demo.data import demo
from config.demo.phone import login_code
from core.errors import DomainError
from core.serializers import StrictCharField, StrictSerializer

# The page loads nothing from elsewhere, runs no inline script and stands in nobody's frame.
PAGE_POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class DemoMemberNotFound(DomainError):
    code = "demo_member_not_found"
    status = 404
    message = _("There is no such demo member.")


class LoginCodeBody(StrictSerializer):
    """Who wants to log in."""

    member = StrictCharField(max_length=64)


@require_safe
def preview(request: HttpRequest) -> HttpResponse:
    """Show the phone."""
    page = render(request, "demo/index.html")
    page.headers["Content-Security-Policy"] = PAGE_POLICY
    page.headers["Cache-Control"] = "no-cache"
    return page


class DemoView(APIView):
    """Base of the demo's own calls: open to everybody, and no part of the API's description."""

    authentication_classes = ()
    permission_classes = ()
    schema = None


class MembersView(DemoView):
    """Whose phone it can be."""

    def get(self, request: Request) -> Response:
        """Answer the demo members."""
        names = ("openid", "nickname", "note")
        return Response({"results": [{name: member[name] for name in names} for member in demo()["members"]]})


class LoginCodeView(DemoView):
    """What wx.login gives."""

    def post(self, request: Request) -> Response:
        """Answer a code to log in with as one of the demo members."""
        body = LoginCodeBody(data=request.data)
        body.is_valid(raise_exception=True)
        openid = body.validated_data["member"]
        if all(openid != member["openid"] for member in demo()["members"]):
            raise DemoMemberNotFound
        return Response({"code": login_code(openid=openid)})
