"""What GraphQL shows of apps. Attribute names are GraphQL's, in snake case."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from backend.shop.apps.models import AppRow, AttemptRow, DeliveryRow, InstallationRow, WebhookRow
from backend.shop.ids import global_id
from backend.shop.views import MetadataItem, moment


@dataclass(frozen=True, slots=True)
class PermissionView:
    code: str

    @property
    def name(self) -> str:
        return self.code.replace("_", " ").capitalize() + "."


@dataclass(frozen=True, slots=True)
class TokenView:
    """auth_token: its last four characters, all that is kept readable."""

    id: str
    auth_token: str
    name: str = "Default"


@dataclass(frozen=True, slots=True)
class AppView:
    key: int
    id: str
    identifier: str
    name: str
    type: str
    is_active: bool
    created: str
    permissions: Sequence[PermissionView]
    tokens: Sequence[TokenView]
    version: str | None = None
    about_app: str | None = None
    data_privacy_url: str | None = None
    homepage_url: str | None = None
    support_url: str | None = None
    app_url: str | None = None
    manifest_url: str | None = None
    author: str | None = None
    metadata: Sequence[MetadataItem] = ()
    private_metadata: Sequence[MetadataItem] = ()


@dataclass(frozen=True, slots=True)
class EventTypeView:
    event_type: str


@dataclass(frozen=True, slots=True)
class WebhookView:
    key: int
    app_key: int
    id: str
    name: str
    target_url: str
    is_active: bool
    secret_key: str | None
    subscription_query: str | None
    async_events: Sequence[EventTypeView]
    sync_events: Sequence[EventTypeView]
    custom_headers: str


@dataclass(frozen=True, slots=True)
class DeliveryView:
    key: int
    id: str
    status: str
    event_type: str
    payload: str | None
    created_at: str


@dataclass(frozen=True, slots=True)
class AttemptView:
    key: int
    id: str
    status: str
    duration: float
    response: str
    response_headers: str
    response_status_code: int | None
    request_headers: str
    created_at: str
    task_id: str | None = None


@dataclass(frozen=True, slots=True)
class InstallationView:
    id: str
    status: str
    message: str | None
    app_name: str
    manifest_url: str
    created_at: str
    updated_at: str


def app_view(row: AppRow) -> AppView:
    key = row.id or 0
    return AppView(
        key=key,
        id=global_id("App", key),
        identifier=row.identifier,
        name=row.name,
        type=row.type,
        is_active=row.is_active,
        created=moment(row.created),
        permissions=[PermissionView(code) for code in sorted(row.permissions)],
        tokens=[TokenView(global_id("AppToken", key), row.token_tail)],
        version=row.manifest.get("version"),
        about_app=row.manifest.get("about_app"),
        data_privacy_url=row.manifest.get("data_privacy_url"),
        homepage_url=row.manifest.get("homepage_url"),
        support_url=row.manifest.get("support_url"),
        app_url=row.manifest.get("app_url"),
        manifest_url=row.manifest.get("manifest_url"),
        author=row.manifest.get("author"),
    )


def webhook_view(row: WebhookRow) -> WebhookView:
    key = row.id or 0
    return WebhookView(
        key=key,
        app_key=row.app_id,
        id=global_id("Webhook", key),
        name=row.name,
        target_url=row.target_url,
        is_active=row.is_active,
        secret_key=row.secret_key,
        subscription_query=row.query,
        async_events=[EventTypeView(event) for event in row.async_events],
        sync_events=[EventTypeView(event) for event in row.sync_events],
        custom_headers=json.dumps(row.custom_headers),
    )


def delivery_view(row: DeliveryRow) -> DeliveryView:
    key = row.id or 0
    return DeliveryView(key, global_id("EventDelivery", key), row.status, row.event, row.payload, moment(row.created))


def attempt_view(row: AttemptRow) -> AttemptView:
    key = row.id or 0
    return AttemptView(
        key,
        global_id("EventDeliveryAttempt", key),
        row.status,
        row.duration,
        row.response,
        row.response_headers,
        row.response_status,
        row.request_headers,
        moment(row.created),
    )


def installation_view(row: InstallationRow) -> InstallationView:
    at = (moment(row.created), moment(row.updated))
    return InstallationView(global_id("AppInstallation", row.id), row.status, row.message, row.app_name, row.manifest_url, *at)
