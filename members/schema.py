"""How the two ways of calling stand in the OpenAPI document."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class MemberAuthenticationScheme(OpenApiAuthenticationExtension):
    """A member's access token."""

    target_class = "members.authentication.MemberAuthentication"
    name = "memberToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The access token from POST auth/login.",
        }


class PartnerAuthenticationScheme(OpenApiAuthenticationExtension):
    """A partner's signature: three headers that go together."""

    target_class = "members.authentication.PartnerAuthentication"
    name = ["partnerKey", "partnerTimestamp", "partnerSignature"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        described = {
            "X-Mall-Key": "The key's id, as shown when it was issued.",
            "X-Mall-Timestamp": "Unix seconds, at most 300 off.",
            "X-Mall-Signature": "Hex HMAC-SHA256(secret, timestamp LF METHOD LF path?query LF hex(sha256(body))).",
        }
        return [
            {"type": "apiKey", "in": "header", "name": header, "description": text}
            for header, text in described.items()
        ]
