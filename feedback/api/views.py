"""Conversations over the storefront API: parse, call, render."""

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from config.kit import clock
from config.kit.api import Page
from feedback.api.serializers import (
    BroughtConversationSerializer,
    ConversationSerializer,
    MessageSerializer,
    NewConversationSerializer,
    NewMessageSerializer,
    ThreadSerializer,
)
from feedback.models import Conversation
from feedback.reports.threads import public_messages
from feedback.services.conversations import (
    Opening,
    customer_message,
    of_anybody,
    of_customer,
    open_conversation,
)
from users.api.auth import ForServer, ForShopper
from users.api.idempotency import idempotent
from users.models import Customer
from users.services.find import by_id, by_user_id


class ConversationPage(Page):
    """The latest word first; the key makes the order unique."""

    ordering = ("-last_message_at", "key")


class MyConversations(ForShopper, GenericAPIView[Conversation]):
    """The shopper's conversations."""

    serializer_class = ConversationSerializer
    pagination_class = ConversationPage

    def get_queryset(self) -> Any:
        return Conversation.objects.filter(customer_id=self.shopper.customer_id)

    @extend_schema(operation_id="me_conversations", responses=ConversationSerializer(many=True))
    def get(self, request: Request) -> Response:
        rows = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)

    @extend_schema(
        operation_id="me_conversations_open",
        request=NewConversationSerializer,
        responses={201: ThreadSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Begin a conversation."""
        asked = NewConversationSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        customer = by_id(self.shopper.customer_id)
        return Response(_thread(_open(customer, asked.validated_data, origin="widget")), status=201)


class MyConversation(ForShopper):
    """One conversation of the shopper."""

    @extend_schema(operation_id="me_conversation", responses=ThreadSerializer)
    def get(self, request: Request, key: uuid.UUID) -> Response:
        return Response(_thread(of_customer(self.shopper.customer_id, key)))


class MyMessages(ForShopper):
    """What the shopper says in a conversation."""

    @extend_schema(
        operation_id="me_conversation_write",
        request=NewMessageSerializer,
        responses={201: MessageSerializer},
    )
    @idempotent
    def post(self, request: Request, key: uuid.UUID) -> Response:
        """Write again; a solved conversation opens again."""
        asked = NewMessageSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        conversation = of_customer(self.shopper.customer_id, key)
        said = customer_message(
            conversation, asked.validated_data["text"], key=str(uuid.uuid4()), now=clock.now()
        )
        return Response(MessageSerializer(said).data, status=201)


class BringConversation(ForServer):
    """The shop's back end brings a conversation that began elsewhere."""

    area = "conversations"

    @extend_schema(
        operation_id="conversations_bring",
        request=BroughtConversationSerializer,
        responses={201: ThreadSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Begin a conversation for a customer."""
        asked = BroughtConversationSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        brought = asked.validated_data
        customer = by_user_id(brought["user_id"])
        return Response(_thread(_open(customer, brought, origin=brought["origin"])), status=201)


class CustomerConversation(ForServer):
    """A conversation of any customer, for the shop's back end."""

    area = "conversations"

    @extend_schema(operation_id="conversations_read", responses=ThreadSerializer)
    def get(self, request: Request, key: uuid.UUID) -> Response:
        return Response(_thread(of_anybody(key)))


class CustomerMessages(ForServer):
    """What a customer said elsewhere in a conversation."""

    area = "conversations"

    @extend_schema(
        operation_id="conversations_write",
        request=NewMessageSerializer,
        responses={201: MessageSerializer},
    )
    @idempotent
    def post(self, request: Request, key: uuid.UUID) -> Response:
        """Add a message of the customer."""
        asked = NewMessageSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        text, now = asked.validated_data["text"], clock.now()
        said = customer_message(of_anybody(key), text, key=str(uuid.uuid4()), now=now)
        return Response(MessageSerializer(said).data, status=201)


def _open(customer: Customer, asked: dict[str, Any], *, origin: str) -> Conversation:
    opening = Opening(subject=asked["subject"], text=asked["text"], kind=asked["kind"], origin=origin)
    return open_conversation(customer, opening, now=clock.now())


def _thread(conversation: Conversation) -> dict[str, Any]:
    about = ConversationSerializer(conversation).data
    return {**about, "messages": MessageSerializer(public_messages(conversation), many=True).data}
