"""The calls recorded against a real Saleor, and what in them this shop does not do."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLObjectType,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    parse,
    visit,
)

from tests.saleor import SALEOR, real_schema

PRESENT = (SALEOR / "transcripts").is_dir()

UNSUPPORTED = {
    "Query.me": "buyers' accounts live in identity, not in the shop",
    "Query.taxConfigurations": "prices are final",
    "Query.shippingZones": "nothing is shipped",
    "Shop.availableExternalAuthentications": "no accounts",
    "Shop.enableAccountConfirmationByEmail": "no accounts",
    "Mutation.tokenCreate": "no staff accounts: operators use an app's token",
    "Mutation.tokenRefresh": "no accounts",
    "Mutation.tokenVerify": "no accounts",
    "Mutation.accountRegister": "no accounts",
    "Mutation.confirmAccount": "no accounts",
    "Mutation.requestPasswordReset": "no accounts",
    "Mutation.externalAuthenticationUrl": "no accounts",
    "Mutation.externalObtainAccessTokens": "no accounts",
    "Mutation.externalVerify": "no accounts",
    "Mutation.externalRefresh": "no accounts",
    "Mutation.externalLogout": "no accounts",
    "Mutation.checkoutCustomerAttach": "no accounts",
    "Mutation.shopSettingsUpdate": "no accounts",
    "Mutation.pluginUpdate": "no plugins",
    "Mutation.channelUpdate": "one channel, whose settings are fixed",
    "Mutation.productTypeCreate": "the catalogue comes from the catalogue folder",
    "Mutation.categoryCreate": "the catalogue comes from the catalogue folder",
    "Mutation.productCreate": "the catalogue comes from the catalogue folder",
    "Mutation.productChannelListingUpdate": "the catalogue comes from the catalogue folder",
    "Mutation.productVariantCreate": "the catalogue comes from the catalogue folder",
    "Mutation.productVariantUpdate": "the catalogue comes from the catalogue folder",
    "Mutation.productVariantChannelListingUpdate": "the catalogue comes from the catalogue folder",
    "Mutation.productVariantStocksCreate": "the catalogue comes from the catalogue folder",
    "Mutation.productVariantStocksUpdate": "the catalogue comes from the catalogue folder",
    "Mutation.checkoutPaymentCreate": "the older payment plugins, gone in Saleor 3.24",
    "Mutation.orderRefund": "the older payment plugins, gone in Saleor 3.24",
    "Mutation.orderMarkAsPaid": "an app reports payments with transactionCreate",
    "Mutation.orderGrantRefundCreate": "refunds are asked for on the transaction",
}
"""Field of the real schema → why the shop has none. A recorded call that uses one of them is not replayed."""

APP_PART = frozenset(
    {
        *(f"Query.{name}" for name in ("app", "apps", "appsInstallations")),
        *(f"Mutation.{name}" for name in ("appCreate", "appInstall", "appDeactivate", "appFetchManifest")),
        *(f"Mutation.{name}" for name in ("webhookCreate", "webhookDelete", "webhookTrigger", "webhookDryRun", "eventDeliveryRetry")),
    }
)
"""Apps and webhooks deliver over the network; their own tests cover them."""

NONE_TO_DO = frozenset({"Mutation.orderConfirm"})
"""The shop confirms every order as it is placed, so that it has none to do this with; what it says then is tested with the client."""


@dataclass(frozen=True)
class Call:
    name: str
    query: str
    variables: dict[str, Any]
    authorized: bool
    status: int
    body: dict[str, Any]
    fields: frozenset[str]

    @property
    def number(self) -> int:
        return int(self.name[:3])

    @property
    def replayed(self) -> bool:
        return self.fields.isdisjoint(frozenset(UNSUPPORTED) | APP_PART | NONE_TO_DO)


class _Fields(Visitor):
    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self.info, self.found = info, set[str]()

    def enter_field(self, node: Any, *_: Any) -> None:
        parent = self.info.get_parent_type()
        if isinstance(parent, GraphQLObjectType):
            self.found.add(f"{parent.name}.{node.name.value}")


def _fields(query: str) -> frozenset[str]:
    info = TypeInfo(real_schema())
    visitor = _Fields(info)
    visit(parse(query), TypeInfoVisitor(info, visitor))
    return frozenset(visitor.found)


@cache
def calls() -> tuple[Call, ...]:
    return tuple(_call(path) for path in sorted((SALEOR / "transcripts").glob("*.json")))


def _call(path: Path) -> Call:
    data = json.loads(path.read_text())
    asked = data["request"]["body"]
    return Call(
        name=path.stem,
        query=asked["query"],
        variables=asked.get("variables") or {},
        authorized="Authorization" in data["request"]["headers"],
        status=data["response"]["status"],
        body=data["response"]["body"],
        fields=_fields(asked["query"]),
    )


def has_field(schema: GraphQLSchema, name: str) -> bool:
    kind, _, field = name.partition(".")
    found = schema.get_type(kind)
    return isinstance(found, GraphQLObjectType) and field in found.fields and get_named_type(found.fields[field].type) is not None
