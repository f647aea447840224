"""Resolvers of apps: who am I, which apps are there, make, install, switch off and delete one.

Saleor asks a staff account for the changes. The shop has none: an app that holds MANAGE_APPS stands in for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ariadne import MutationType, ObjectType, QueryType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import select
from sqlmodel import col

from backend.db.engine import Tx
from backend.shop import ids
from backend.shop.apps import service
from backend.shop.apps.install import Installer, Manifest, NotInstalled
from backend.shop.apps.models import InstallationRow
from backend.shop.apps.views import AppView, InstallationView, PermissionView, app_view, installation_view
from backend.shop.context import ShopContext
from backend.shop.errors import Denied, Fault, require
from backend.shop.mutations import Payload, mutation
from backend.shop.paging import page
from backend.shop.views import Connection


class AppResolvers:
    """begin: starts an installation as durable work, once its row is committed."""

    def __init__(self, installer: Installer, begin: Any) -> None:
        self._installer, self._begin = installer, begin

    def bindables(self) -> list[SchemaBindable]:
        query, mutations, app = QueryType(), MutationType(), ObjectType("App")
        query.set_field("app", self.app)
        query.set_field("apps", self.apps)
        query.set_field("appsInstallations", self.installations)
        app.set_field("webhooks", self.webhooks)
        mutations.set_field("appCreate", mutation(self.create))
        mutations.set_field("appDelete", mutation(self.delete))
        mutations.set_field("appActivate", mutation(self.activate))
        mutations.set_field("appDeactivate", mutation(self.deactivate))
        mutations.set_field("appFetchManifest", self.fetch_manifest)
        mutations.set_field("appInstall", self.install)
        return [query, mutations, app]

    async def app(self, _: object, info: GraphQLResolveInfo[ShopContext], id: str | None = None) -> AppView | None:
        """Without an id, the app that asks."""
        context: ShopContext = info.context
        if context.app is None:
            raise Denied(("AUTHENTICATED_STAFF_USER", "AUTHENTICATED_APP"))
        key = ids.number("App", id) if id else context.app.id
        if key != context.app.id:
            require(context, "MANAGE_APPS")
        async with context.database.read() as tx:
            return await service.app_by(tx, key)

    async def apps(self, _: object, info: GraphQLResolveInfo[ShopContext], first: int | None = None) -> Connection[AppView]:
        context: ShopContext = info.context
        require(context, "MANAGE_APPS")
        async with context.database.read() as tx:
            return page("apps", await service.all_apps(tx), lambda app: [app.name, app.id], first=first)

    async def installations(self, _: object, info: GraphQLResolveInfo[ShopContext]) -> list[InstallationView]:
        context: ShopContext = info.context
        require(context, "MANAGE_APPS")
        async with context.database.read() as tx:
            return [installation_view(row) for row in await tx.scalars(select(InstallationRow).order_by(col(InstallationRow.id)))]

    async def webhooks(self, parent: AppView, info: GraphQLResolveInfo[ShopContext]) -> Any:
        context: ShopContext = info.context
        if context.app is None or context.app.id != parent.key:
            require(context, "MANAGE_APPS")
        async with context.database.read() as tx:
            return await service.webhooks_of(tx, parent.key)

    async def create(self, tx: Tx, context: ShopContext, input: Mapping[str, Any]) -> Payload:
        require(context, "MANAGE_APPS")
        name = input.get("name") or ""
        row, token = await service.create_app(
            tx,
            context.clock,
            name=name,
            identifier=input.get("identifier") or ids.fresh(),
            permissions=input.get("permissions") or [],
        )
        return {"app": app_view(row), "auth_token": token}

    async def delete(self, tx: Tx, context: ShopContext, id: str) -> Payload:
        require(context, "MANAGE_APPS")
        return {"app": await service.delete_app(tx, ids.number("App", id))}

    async def activate(self, tx: Tx, context: ShopContext, id: str) -> Payload:
        require(context, "MANAGE_APPS")
        return {"app": await service.set_active(tx, ids.number("App", id), True)}

    async def deactivate(self, tx: Tx, context: ShopContext, id: str) -> Payload:
        require(context, "MANAGE_APPS")
        return {"app": await service.set_active(tx, ids.number("App", id), False)}

    async def fetch_manifest(self, _: object, info: GraphQLResolveInfo[ShopContext], manifestUrl: str) -> Payload:
        require(info.context, "MANAGE_APPS")
        try:
            manifest = await self._installer.fetch(manifestUrl)
        except NotInstalled as fault:
            return {"manifest": None, "errors": [Fault("INVALID_MANIFEST_FORMAT", str(fault), "manifestUrl")]}
        return {"manifest": _manifest(manifest), "errors": []}

    async def install(self, _: object, info: GraphQLResolveInfo[ShopContext], input: Mapping[str, Any]) -> Payload:
        """Answered at once; the work is done after it, and shows in `appsInstallations` while it lasts and when it failed."""
        context: ShopContext = info.context
        require(context, "MANAGE_APPS")
        now = context.clock.now()
        row = InstallationRow(app_name=input["appName"], manifest_url=input["manifestUrl"], created=now, updated=now)
        async with context.database.write() as tx:
            tx.add(row)
        await self._begin(row.id, row.manifest_url, input.get("activateAfterInstallation", True))
        return {"app_installation": installation_view(row), "errors": []}


def _manifest(manifest: Manifest) -> dict[str, Any]:
    return {
        "identifier": manifest.identifier,
        "name": manifest.name,
        "version": manifest.told.get("version", ""),
        "permissions": [PermissionView(code) for code in manifest.permissions],
        "app_url": manifest.told.get("app_url"),
        "token_target_url": manifest.token_target_url,
        "extensions": [],
        "webhooks": [
            {
                "name": hook["name"],
                "target_url": hook["targetUrl"],
                "query": hook.get("query") or "",
                "async_events": hook.get("asyncEvents") or [],
                "sync_events": hook.get("syncEvents") or [],
            }
            for hook in manifest.webhooks
        ],
    }
