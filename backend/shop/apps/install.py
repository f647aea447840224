"""Installing an app: read its manifest, make the app and its webhooks, and hand it the token it will call with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from graphql import GraphQLSchema
from sqlalchemy import select
from sqlmodel import col

from backend.db.engine import Database, Tx
from backend.kernel.clock import Clock
from backend.kernel.secrets import fingerprint
from backend.shop.apps import policy, service
from backend.shop.apps.models import AppRow, WebhookRow
from backend.shop.apps.views import AppView, app_view
from backend.shop.errors import Refused

_NO_CONNECTION = "Failed to connect to app. Try later or contact with app support."
_TOLD = {
    "version": "version",
    "about": "about_app",
    "dataPrivacyUrl": "data_privacy_url",
    "homepageUrl": "homepage_url",
    "supportUrl": "support_url",
    "appUrl": "app_url",
    "author": "author",
}


class NotInstalled(Exception):
    """Why, in Saleor's words."""


@dataclass(frozen=True, slots=True)
class Manifest:
    url: str
    identifier: str
    name: str
    permissions: tuple[str, ...]
    token_target_url: str
    webhooks: tuple[dict[str, Any], ...]
    told: dict[str, str]


def read_manifest(url: str, data: Any) -> Manifest:
    """Raises NotInstalled, naming what is missing."""
    if not isinstance(data, dict):
        raise NotInstalled("Incorrect structure of manifest: not an object.")
    missing = [name for name in ("id", "name", "version", "tokenTargetUrl") if not isinstance(data.get(name), str) or not data[name]]
    if missing:
        raise NotInstalled(f"Incorrect structure of manifest: {', '.join(missing)}: Field required.")
    hooks = data.get("webhooks") or []
    if not all(isinstance(hook, dict) and hook.get("targetUrl") and hook.get("name") for hook in hooks):
        raise NotInstalled("Incorrect structure of manifest: webhooks: name and targetUrl are required.")
    told = {ours: str(data[theirs]) for theirs, ours in _TOLD.items() if data.get(theirs)}
    permissions = tuple(str(code) for code in data.get("permissions") or [])
    return Manifest(url, data["id"], data["name"], permissions, data["tokenTargetUrl"], tuple(hooks), told | {"manifest_url": url})


class Installer:
    """http: the client that reaches the apps. public_url: the shop's own address, without a trailing slash."""

    def __init__(self, database: Database, clock: Clock, http: httpx.AsyncClient, public_url: str) -> None:
        self._database, self._clock, self._http, self._public_url = database, clock, http, public_url

    async def fetch(self, manifest_url: str) -> Manifest:
        """Raises NotInstalled."""
        try:
            answer = await self._http.get(manifest_url, headers={"Accept": "application/json"})
            answer.raise_for_status()
            data = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL):
            raise NotInstalled(_NO_CONNECTION) from None
        except ValueError:
            raise NotInstalled("Incorrect structure of manifest: not JSON.") from None
        return read_manifest(manifest_url, data)

    async def install(self, schema: GraphQLSchema, manifest_url: str, *, active: bool = True, replace: bool = False) -> AppView:
        """The app, working. replace: one with the same identifier gets a new token and the manifest's webhooks in place of its own.

        Raises NotInstalled; then nothing of a new app is left.
        """
        manifest = await self.fetch(manifest_url)
        async with self._database.write() as tx:
            old = await tx.scalar(select(AppRow).where(col(AppRow.identifier) == manifest.identifier))
            if old and not replace:
                raise NotInstalled(f"identifier: ['App with the same identifier is already installed: {old.name}']")
            row, token = await (self._renew(tx, old, manifest) if old else self._create(tx, manifest))
            row.is_active = active
            await self._hooks(tx, schema, row, manifest)
            view = app_view(row)
        try:
            await self._hand_over(manifest.token_target_url, token)
        except NotInstalled:
            if not old:
                async with self._database.write() as tx:
                    await service.delete_app(tx, view.key)
            raise
        return view

    async def _create(self, tx: Tx, manifest: Manifest) -> tuple[AppRow, str]:
        return await service.create_app(
            tx,
            self._clock,
            name=manifest.name,
            identifier=manifest.identifier,
            permissions=manifest.permissions,
            kind="THIRDPARTY",
            manifest=manifest.told,
        )

    async def _renew(self, tx: Tx, row: AppRow, manifest: Manifest) -> tuple[AppRow, str]:
        token = service.new_token()
        row.name, row.permissions, row.manifest = manifest.name, sorted(manifest.permissions), manifest.told
        row.token_hash, row.token_tail = fingerprint(token), token[-4:]
        return row, token

    async def _hooks(self, tx: Tx, schema: GraphQLSchema, app: AppRow, manifest: Manifest) -> None:
        """Webhooks keep their ids, by name, so that what is on its way to them stays on its way."""
        assert app.id is not None
        kept = {hook.name: hook for hook in await tx.scalars(select(WebhookRow).where(col(WebhookRow.app_id) == app.id))}
        for hook in manifest.webhooks:
            row = kept.pop(hook["name"], None) or WebhookRow(app_id=app.id, name=hook["name"], target_url=hook["targetUrl"])
            row.query = hook.get("query")
            try:
                await service.save_webhook(tx, schema, row, hook)
            except Refused as refused:
                fault = refused.faults[0]
                raise NotInstalled(f"webhooks: {hook['name']}: {fault.field}: {fault.message}") from None
        for row in kept.values():
            await tx.delete(row)

    async def _hand_over(self, url: str, token: str) -> None:
        """The call is not signed: the app proves the token by asking who it is."""
        domain = urlsplit(self._public_url).netloc
        headers = {"X-Saleor-Domain": domain, "Saleor-Domain": domain, "Saleor-Api-Url": f"{self._public_url}/graphql/"}
        headers["Saleor-Schema-Version"] = policy.SCHEMA_VERSION
        try:
            answer = await self._http.post(url, json={"auth_token": token}, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL):
            raise NotInstalled(_NO_CONNECTION) from None
        if not answer.is_success:
            raise NotInstalled(_said(answer) or _NO_CONNECTION)


def _said(answer: httpx.Response) -> str:
    """The app's own reason: Saleor shows `error.message`."""
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return ""
