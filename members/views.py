"""The members' part of the REST API: validate, one use case, answer."""

import uuid
from typing import Any

from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.business_time import business_day, now
from core.callers import caller_of
from core.pagination import NewestFirst
from members import selectors
from members.models import Notice
from members.serializers import (
    AddressAnswer,
    AddressBody,
    AddressPage,
    InboxPage,
    InboxQuery,
    LoginAnswer,
    LoginBody,
    MemberAnswer,
    NoticeAnswer,
    PageQuery,
    ProfileBody,
    RefreshBody,
    SessionList,
    TierAnswer,
    TokenAnswer,
)
from members.services import accounts, addresses, notices, profile, sessions

MAX_SESSIONS_SHOWN = 100


def valid(body: Any) -> dict[str, Any]:
    """Return the validated data of a serializer; raises DRF's ValidationError (400 with `fields`)."""
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


class LoginView(APIView):
    authentication_classes = ()
    permission_classes = ()

    @extend_schema(request=LoginBody, responses=LoginAnswer, auth=[])
    def post(self, request: Request) -> Response:
        """Log in with a code from wx.login. Who is new becomes a member."""
        facts = valid(LoginBody(data=request.data))
        device_id = facts.pop("device_id", None) or uuid.uuid4().hex
        pair = sessions.login(**facts, device_id=device_id, at=now())
        member = selectors.profile(member_id=pair.member_id)
        answer = {**TokenAnswer(pair).data, "device_id": device_id, "member": MemberAnswer(member).data}
        return Response(answer)


class RefreshView(APIView):
    authentication_classes = ()
    permission_classes = ()

    @extend_schema(request=RefreshBody, responses=TokenAnswer, auth=[])
    def post(self, request: Request) -> Response:
        """Trade the refresh token for a new pair. Each works once; a used one ends the session."""
        facts = valid(RefreshBody(data=request.data))
        return Response(TokenAnswer(sessions.refresh(token=facts["refresh"], at=now())).data)


class LogoutView(APIView):
    authentication_classes = ()
    permission_classes = ()

    @extend_schema(request=RefreshBody, responses={204: None}, auth=[])
    def post(self, request: Request) -> Response:
        """End the session of the refresh token; its access tokens are refused from now on."""
        facts = valid(RefreshBody(data=request.data))
        sessions.logout(token=facts["refresh"], at=now())
        return Response(status=204)


class MeView(APIView):
    @extend_schema(responses=MemberAnswer)
    def get(self, request: Request) -> Response:
        """Who I am."""
        return Response(MemberAnswer(selectors.profile(member_id=caller_of(request).member_id)).data)

    @extend_schema(request=ProfileBody, responses=MemberAnswer)
    def patch(self, request: Request) -> Response:
        """Change nickname, avatar or birthday; the birthday once a year."""
        at = now()
        changes = valid(ProfileBody(data=request.data, context={"today": business_day(at)}))
        profile.update_profile(member_id=caller_of(request).member_id, changes=changes, at=at)
        return self.get(request)

    @extend_schema(responses={204: None})
    def delete(self, request: Request) -> Response:
        """Close my account for good: personal data is removed, points are lost, logging in again starts anew."""
        accounts.close_account(
            member_id=caller_of(request).member_id, because=gettext("asked by the member"), by="member", at=now()
        )
        return Response(status=204)


class TierView(APIView):
    @extend_schema(responses=TierAnswer)
    def get(self, request: Request) -> Response:
        """My tier, what it brings, and what the next one still needs."""
        member = selectors.profile(member_id=caller_of(request).member_id)
        following = selectors.next_tier(level=member.tier.level)
        answer = {
            "tier": member.tier,
            "growth_value": member.growth_value,
            "next": following
            and {"tier": following, "missing": max(following.growth_threshold - member.growth_value, 0)},
            "retention": None,
            "benefits": member.tier.benefits,
        }
        return Response(TierAnswer(answer).data)


class AddressesView(APIView):
    @extend_schema(operation_id="members_me_addresses_list", parameters=[PageQuery], responses=AddressPage)
    def get(self, request: Request) -> Response:
        """My addresses, newest first."""
        valid(PageQuery(data=request.query_params.dict()))
        paginator = NewestFirst()
        rows = selectors.addresses(member_id=caller_of(request).member_id)
        page = paginator.paginate_queryset(rows, request, view=self)
        return paginator.get_paginated_response(AddressAnswer(page, many=True).data)

    @extend_schema(request=AddressBody, responses={201: AddressAnswer})
    def post(self, request: Request) -> Response:
        """Add an address; the first one is the default."""
        facts = valid(AddressBody(data=request.data))
        address = addresses.add_address(member_id=caller_of(request).member_id, facts=facts, at=now())
        return Response(AddressAnswer(address).data, status=201)


class AddressView(APIView):
    @extend_schema(request=AddressBody(partial=True), responses=AddressAnswer)
    def patch(self, request: Request, address_id: int) -> Response:
        """Change an address, or make it the default."""
        changes = valid(AddressBody(data=request.data, partial=True))
        address = addresses.change_address(
            member_id=caller_of(request).member_id, address_id=address_id, changes=changes
        )
        return Response(AddressAnswer(address).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, address_id: int) -> Response:
        """Delete an address."""
        addresses.delete_address(member_id=caller_of(request).member_id, address_id=address_id, at=now())
        return Response(status=204)


class SessionsView(APIView):
    @extend_schema(responses=SessionList)
    def get(self, request: Request) -> Response:
        """Where I am logged in, newest first."""
        live = selectors.live_sessions(member_id=caller_of(request).member_id, at=now())[:MAX_SESSIONS_SHOWN]
        answer = {"next": None, "previous": None, "results": live}
        return Response(SessionList(answer, context={"session_id": caller_of(request).session_id}).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request) -> Response:
        """Log out everywhere else."""
        sessions.revoke_sessions(
            member_id=caller_of(request).member_id,
            keep=caller_of(request).session_id,
            because="ended_by_member",
            at=now(),
        )
        return Response(status=204)


class InboxView(APIView):
    @extend_schema(parameters=[InboxQuery], responses=InboxPage)
    def get(self, request: Request) -> Response:
        """What I was told, newest first, and how much of it I have not read."""
        member_id = caller_of(request).member_id
        query = valid(InboxQuery(data=request.query_params.dict()))
        pages = NewestFirst()
        rows = selectors.inbox(member_id=member_id, unread=query.get("unread", False))
        page = pages.paginate_queryset(rows, request, view=self) or []
        answer = pages.get_paginated_response(NoticeAnswer([_as_read(notice) for notice in page], many=True).data)
        unread = selectors.inbox(member_id=member_id, unread=True).count()
        return Response({**answer.data, "unread": unread})


class NoticeReadView(APIView):
    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, notice_id: int) -> Response:
        """I have read this notice."""
        notices.mark_read(member_id=caller_of(request).member_id, notice_id=notice_id, at=now())
        return Response(status=204)


def _as_read(notice: Notice) -> dict[str, Any]:
    text = notices.text_of(notice)
    facts = {name: getattr(notice, name) for name in ("id", "kind", "params", "created_at", "read_at")}
    return facts | {"title": text.title, "body": text.body}
