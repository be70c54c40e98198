"""The log over HTTP: checkpoints for whoever wants to keep them, and proofs."""

from typing import Any

from django.conf import settings
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.callers import caller_of
from core.serializers import StrictSerializer
from points import log_reading
from points.services import sealing

# Far beyond any log, and what PostgreSQL can hold.
MAX_SIZE = 2**63 - 1
PAGE = 100
IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}
BRIEFLY = {"Cache-Control": "public, max-age=10"}


class PlainText(BaseRenderer):
    """Text as it is; an error, which is an object, stays JSON."""

    media_type = "text/plain"
    format = "txt"
    charset = "utf-8"

    def render(self, data: Any, media_type: str | None = None, context: Any = None) -> bytes:
        if isinstance(data, str):
            return data.encode()
        context["response"]["Content-Type"] = "application/json"
        return JSONRenderer().render(data)


class ConsistencyQuery(StrictSerializer):
    """Two sizes of the log."""

    first = serializers.IntegerField(min_value=0, max_value=MAX_SIZE)
    second = serializers.IntegerField(min_value=0, max_value=MAX_SIZE)

    def validate(self, attrs: dict[str, int]) -> dict[str, int]:
        if attrs["first"] > attrs["second"]:
            raise serializers.ValidationError({"second": [_("The second size is below the first.")]})
        return attrs


class CheckpointsQuery(StrictSerializer):
    """Where to go on."""

    after = serializers.IntegerField(min_value=0, max_value=MAX_SIZE, default=0)


class CheckpointOut(serializers.Serializer[Any]):
    """A signed note, and the size it speaks of."""

    size = serializers.IntegerField()
    note = serializers.CharField()
    created_at = serializers.DateTimeField()


class CheckpointPage(serializers.Serializer[Any]):
    """`next` is the next page's `after`; null on the last one."""

    next = serializers.IntegerField(allow_null=True)
    results = CheckpointOut(many=True)


class ConsistencyOut(serializers.Serializer[Any]):
    """Hashes in base64, as RFC 6962, 2.1.2 orders them."""

    first = serializers.IntegerField()
    second = serializers.IntegerField()
    hashes = serializers.ListField(child=serializers.CharField())


class ProofOut(serializers.Serializer[Any]):
    """The exact bytes of the entry as text, its place, and the path to the signed root, in base64."""

    leaf = serializers.CharField()
    index = serializers.IntegerField()
    size = serializers.IntegerField()
    hashes = serializers.ListField(child=serializers.CharField())
    checkpoint = serializers.CharField()


class KeyView(APIView):
    authentication_classes = ()
    permission_classes = ()
    renderer_classes = (PlainText,)

    @extend_schema(summary="The key that signs checkpoints", responses={(200, "text/plain"): OpenApiTypes.STR}, auth=[])
    def get(self, request: Request) -> Response:
        """Answer the verifier's key (C2SP signed-note). Compare it with one you have from elsewhere."""
        if not settings.LEDGER_LOG_KEY:
            raise Http404
        return Response(sealing.signer().verifier.vkey + "\n", headers=BRIEFLY)


class NewestCheckpointView(APIView):
    authentication_classes = ()
    permission_classes = ()
    renderer_classes = (PlainText,)

    @extend_schema(summary="The newest checkpoint", responses={(200, "text/plain"): OpenApiTypes.STR}, auth=[])
    def get(self, request: Request) -> Response:
        """Answer the newest signed note (C2SP tlog-checkpoint)."""
        return Response(log_reading.newest_checkpoint().note, headers=BRIEFLY)


class CheckpointsView(APIView):
    authentication_classes = ()
    permission_classes = ()

    @extend_schema(
        summary="All checkpoints, to be kept elsewhere",
        parameters=[CheckpointsQuery],
        responses=CheckpointPage,
        auth=[],
    )
    def get(self, request: Request) -> Response:
        """Answer the checkpoints beyond a size, the smallest first."""
        query = CheckpointsQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        rows = list(log_reading.checkpoints_after(query.validated_data["after"])[: PAGE + 1])
        page, more = rows[:PAGE], len(rows) > PAGE
        answer = {"next": page[-1].size if more else None, "results": CheckpointOut(page, many=True).data}
        return Response(answer, headers=BRIEFLY)


class ConsistencyView(APIView):
    authentication_classes = ()
    permission_classes = ()

    @extend_schema(
        summary="Proof that a later log begins with an earlier one",
        parameters=[ConsistencyQuery],
        responses=ConsistencyOut,
        auth=[],
    )
    def get(self, request: Request) -> Response:
        """Answer the proof between two sizes."""
        query = ConsistencyQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        return Response(log_reading.consistency(**query.validated_data), headers=IMMUTABLE)


class EntryProofView(APIView):
    """That an entry of the member is in the log."""

    @extend_schema(summary="Proof that an entry is sealed", responses=ProofOut)
    def get(self, request: Request, entry_id: int) -> Response:
        """Answer the proof for one of the calling member's entries."""
        return Response(log_reading.inclusion(member_id=caller_of(request).member_id, entry_id=entry_id))
