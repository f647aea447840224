"""A Saleor as its staff meets it: stateful, over HTTP, answering the admin operations as the recorded ones are answered, refusals included.

It knows what `saleor.graphql` declares and no more, so an operation it does not know fails as it would there. Where the real schema is at
hand (`../shared`), each request is held against that too. It can be told to fail at the nth change, in each of the ways a real one does.
"""

from __future__ import annotations

import base64
import copy
import json
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    build_schema,
    execute_sync,
    parse,
    print_ast,
    validate,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tests.saleor import SCHEMA, real_schema

SDL = Path(__file__).parent / "saleor.graphql"
EMAIL, PASSWORD = "staff@example.com", "a-long-password"
URL = "http://saleor.test/graphql/"
PERMISSIONS = [
    *("MANAGE_APPS", "MANAGE_CHANNELS", "MANAGE_ORDERS", "MANAGE_PRODUCTS", "MANAGE_PRODUCT_TYPES_AND_ATTRIBUTES"),
    *("MANAGE_SHIPPING", "MANAGE_USERS", "MANAGE_SETTINGS"),
]
NEEDS = {
    "channelCreate": "MANAGE_CHANNELS",
    "channelUpdate": "MANAGE_CHANNELS",
    "createWarehouse": "MANAGE_PRODUCTS",
    "shippingZones": "MANAGE_SHIPPING",
    "shippingZoneCreate": "MANAGE_SHIPPING",
    "shippingZoneUpdate": "MANAGE_SHIPPING",
    "attributeCreate": "MANAGE_PRODUCT_TYPES_AND_ATTRIBUTES",
    "productTypeCreate": "MANAGE_PRODUCT_TYPES_AND_ATTRIBUTES",
    "productTypeUpdate": "MANAGE_PRODUCT_TYPES_AND_ATTRIBUTES",
    "productAttributeAssign": "MANAGE_PRODUCT_TYPES_AND_ATTRIBUTES",
    "apps": "MANAGE_APPS",
    "appCreate": "MANAGE_APPS",
    "appUpdate": "MANAGE_APPS",
    "appActivate": "MANAGE_APPS",
    "appTokenCreate": "MANAGE_APPS",
    "webhookCreate": "MANAGE_APPS",
    "webhookUpdate": "MANAGE_APPS",
}
"""Whatever else changes something needs MANAGE_PRODUCTS."""

Data = dict[str, Any]


@cache
def schema() -> GraphQLSchema:
    return build_schema(SDL.read_text(), assume_valid=True, no_location=True)


@cache
def read(query: str) -> tuple[DocumentNode, list[GraphQLError], tuple[str, ...]]:
    """A request, what this Saleor holds against it, and what either schema does. Each is read once, however often it is sent."""
    document = parse(query)
    known = [schema(), real_schema()] if SCHEMA.exists() else [schema()]
    found = [validate(one, document) for one in known]
    return document, found[0], tuple(f"{fault.message} in {query}" for faults in found for fault in faults)


def execute(query: str, root: Root, variables: Data, operation: str) -> ExecutionResult:
    document, wrong, _ = read(query)
    if wrong:
        return ExecutionResult(data=None, errors=wrong)
    result = execute_sync(schema(), document, root, variable_values=variables, operation_name=operation)
    assert isinstance(result, ExecutionResult)
    return result


@dataclass
class Failure:
    """at: which change fails, from 0. way: "500" (nothing done), "lost" (done, and the answer lost), "refused", "denied" or "garbage"."""

    at: int
    way: str


@dataclass
class State:
    channels: list[Data] = field(default_factory=list)
    warehouses: list[Data] = field(default_factory=list)
    zones: list[Data] = field(default_factory=list)
    attributes: list[Data] = field(default_factory=list)
    types: list[Data] = field(default_factory=list)
    categories: list[Data] = field(default_factory=list)
    products: list[Data] = field(default_factory=list)
    variants: list[Data] = field(default_factory=list)
    apps: list[Data] = field(default_factory=list)


class FakeSaleor:
    """url: the GraphQL URL it calls itself by. staff: whether the account that logs in is one."""

    def __init__(self, url: str = URL) -> None:
        self.url, self.version, self.staff = url, "3.23.28", True
        self.permissions = list(PERMISSIONS)
        self.company: Data | None = None
        self.gateways = [
            {"id": "saleor.io.dummy-payment-app", "name": "Dummy"},
            {"id": "saleor.io.gift-card-payment-gateway", "name": "Gift card"},
        ]
        self.state = State()
        self.app_tokens: dict[str, str] = {}
        self.changes: list[str] = []
        self.logins = 0
        self.token_seconds = 300
        self.skew = timedelta(0)
        self.failure: Failure | None = None
        self.uploads: list[tuple[str, bytes]] = []
        self.faults: list[str] = []
        self._ids = 0

    # What a fresh Saleor has after its migrations.
    def furnish(self) -> FakeSaleor:
        channel = self.add("channels", "Channel", slug="default-channel", isActive=True, currencyCode="USD", defaultCountry={"code": "US"})
        channel["orderSettings"] = {"automaticallyConfirmAllNewOrders": True}
        place = self.add("warehouses", "Warehouse", slug="default-warehouse", name="Default Warehouse")
        channel["warehouses"] = [place]
        zone = {"name": "Default", "countries": [{"code": "US"}], "channels": [channel], "warehouses": [place]}
        self.add("zones", "ShippingZone", **zone)
        return self

    def add(self, kind: str, name: str, /, **values: Any) -> Data:
        self._ids += 1
        made: Data = {"id": base64.b64encode(f"{name}:{self._ids}".encode()).decode(), **values}
        getattr(self.state, kind).append(made)
        return made

    def find(self, kind: str, /, **where: Any) -> Data | None:
        (name, value), *_ = where.items()
        return next((found for found in getattr(self.state, kind) if found.get(name) == value), None)

    def get(self, kind: str, /, **where: Any) -> Data:
        found = self.find(kind, **where)
        assert found is not None, f"no {kind} with {where}"
        return found

    def snapshot(self) -> State:
        return copy.deepcopy(self.state)

    def asgi(self) -> Starlette:
        return Starlette(routes=[Route("/graphql/", self._graphql, methods=["POST"]), Route("/.well-known/jwks.json", self._keys)])

    async def _keys(self, _: Request) -> Response:
        return JSONResponse({"keys": [{"kty": "RSA"}]}, headers=self._date())

    def _date(self) -> dict[str, str]:
        return {"date": format_datetime(datetime.now(UTC) + self.skew, usegmt=True)}

    async def _graphql(self, request: Request) -> Response:
        upload: tuple[str, bytes] | None = None
        if request.headers["content-type"].startswith("multipart/"):
            async with request.form() as form:
                body = json.loads(str(form["operations"]))
                file: Any = form["0"]
                assert json.loads(str(form["map"])) == {"0": ["variables.input.image"]}
                upload = (file.filename, await file.read())
        else:
            body = await request.json()
        return self.answer(body, request.headers.get("authorization", "").removeprefix("Bearer "), upload)

    def answer(self, body: Data, token: str, upload: tuple[str, bytes] | None = None) -> Response:
        self.faults += read(body["query"])[2]
        root = Root(self, self._who(token), upload)
        changing = body["query"].lstrip().startswith("mutation") and body["operationName"] != "Login"
        way = ""
        if changing:
            if self.failure and self.failure.at == len(self.changes):
                way, self.failure = self.failure.way, None
            self.changes.append(body["operationName"])
        if way == "500":
            return PlainTextResponse("oops", 500)
        if way == "garbage":
            return PlainTextResponse("<html>a proxy's page</html>")
        if way in {"refused", "denied"}:
            root.way = way
        result = execute(body["query"], root, body["variables"], body["operationName"])
        if way == "lost":
            return PlainTextResponse("gateway time-out", 504)
        said = {"data": result.data} | ({"errors": [fault.formatted for fault in result.errors]} if result.errors else {})
        return JSONResponse(said, headers=self._date())

    def token(self) -> str:
        self.logins += 1
        claims = {"exp": time.time() + self.token_seconds, "n": self.logins}
        return f"header.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.signature"

    def _who(self, token: str) -> Data | None:
        """The staff account or the app behind a token. An unknown or ended token is nobody, without an error."""
        if token in self.app_tokens:
            app = self.get("apps", id=self.app_tokens[token])
            return {"app": app, "codes": {p["code"] for p in app["permissions"]}} if app["isActive"] else None
        if token.startswith("header."):
            body = token.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
            return {"codes": set(self.permissions) if self.staff else set()} if claims["exp"] > time.time() else None
        return None


def denied(*permissions: str) -> GraphQLError:
    said = f"To access this path, you need one of the following permissions: {', '.join(permissions)}"
    return GraphQLError(said, extensions={"exception": {"code": "PermissionDenied"}})


class Refused(Exception):
    def __init__(self, name: str, code: str, message: str) -> None:
        self.error = {"field": name, "code": code, "message": message}


class Root:
    """One request. Each method is a field of Query or Mutation."""

    def __init__(self, saleor: FakeSaleor, who: Data | None, upload: tuple[str, bytes] | None) -> None:
        self.s, self.who, self.upload = saleor, who, upload
        self.way = ""

    def __getattribute__(self, name: str) -> Any:
        found = object.__getattribute__(self, name)
        if name in NEEDS or (name.startswith(("product", "category")) and name.endswith(("Create", "Update"))):
            return self._guarded(name, found)
        return found

    def _guarded(self, name: str, function: Any) -> Any:
        needed = NEEDS.get(name, "MANAGE_PRODUCTS")

        def call(info: Any, **given: Any) -> Any:
            if self.way == "denied" or self.who is None or needed not in self.who["codes"]:
                raise denied(needed)
            if self.way == "refused":
                return {"errors": [{"field": "input", "code": "INVALID", "message": "This is refused on purpose."}]}
            try:
                return function(info, **given)
            except Refused as refusal:
                return {"errors": [refusal.error]}

        return call

    # Reading

    def me(self, _: Any) -> Data | None:
        if self.who is None or "app" in self.who:
            return None
        permissions = [{"code": code} for code in sorted(self.who["codes"])]
        return {"email": EMAIL, "isStaff": self.s.staff, "userPermissions": permissions}

    def app(self, _: Any) -> Data | None:
        if self.who is None:
            raise denied("AUTHENTICATED_STAFF_USER", "AUTHENTICATED_APP")
        return self.who.get("app")

    def shop(self, _: Any) -> Data:
        def version(_: Any) -> str:
            if self.who is None:
                raise denied("AUTHENTICATED_STAFF_USER", "AUTHENTICATED_APP")
            return self.s.version

        address = self.s.company
        domain = {"url": self.s.url.removesuffix("graphql/")}
        gateways = [*self.s.gateways]
        return {
            "name": "Shop",
            "version": version,
            "domain": domain,
            "companyAddress": address,
            "availablePaymentGateways": lambda *_, **__: gateways,
        }

    def channel(self, _: Any, slug: str) -> Data | None:
        return self.s.find("channels", slug=slug) if self.who else None

    def warehouses(self, _: Any, **page: Any) -> Data:
        return paged(self.s.state.warehouses, page)

    def shippingZones(self, _: Any, **page: Any) -> Data:
        return paged(self.s.state.zones, page)

    def productTypes(self, _: Any, filter: Data, **page: Any) -> Data:
        return paged([t for t in self.s.state.types if t["slug"] in filter["slugs"]], page)

    def categories(self, _: Any, filter: Data, **page: Any) -> Data:
        return paged([c for c in self.s.state.categories if c["slug"] in filter["slugs"]], page)

    def attributes(self, _: Any, filter: Data, **page: Any) -> Data:
        return paged([a for a in self.s.state.attributes if a["slug"] in filter["slugs"]], page)

    def apps(self, _: Any, **page: Any) -> Data:
        return paged(self.s.state.apps, page)

    def products(self, _: Any, filter: Data | None = None, channel: str | None = None, **page: Any) -> Data:
        found = self.s.state.products
        if filter:
            found = [p for p in found if p["slug"] in filter["slugs"]]
        if channel or not (self.who and "MANAGE_PRODUCTS" in self.who["codes"]):
            found = [p for p in found if self._sold(p, channel)]
        return paged(found, page)

    def productVariants(self, _: Any, filter: Data, **page: Any) -> Data:
        return paged([v for v in self.s.state.variants if v["sku"] in filter["sku"]], page)

    def addressValidationRules(self, _: Any, countryCode: str, countryArea: str | None = None) -> Data:
        rules: Data = {"requiredFields": ["city", "postalCode", "streetAddress1"], "countryAreaChoices": [], "cityChoices": []}
        rules["postalCodeExamples"] = ["26133"] if countryCode == "DE" else ["35001"] if countryArea else ["95014"]
        if countryCode == "US":
            rules["countryAreaChoices"] = [{"raw": "AL"}, {"raw": "AK"}]
        return rules

    def _sold(self, product: Data, channel: str | None) -> bool:
        return any(
            one["channel"]["slug"] == channel and one["isPublished"] and one["channel"]["isActive"] for one in product["channelListings"]
        )

    # Changing

    def tokenCreate(self, _: Any, email: str, password: str) -> Data:
        if (email, password) != (EMAIL, PASSWORD):
            error = {"field": "email", "code": "INVALID_CREDENTIALS", "message": "Please, enter valid credentials"}
            return {"token": None, "errors": [error]}
        return {"token": self.s.token(), "errors": []}

    def channelCreate(self, _: Any, input: Data) -> Data:
        if self.s.find("channels", slug=input["slug"]):
            raise Refused("slug", "UNIQUE", "Channel with this Slug already exists.")
        given = {**input, "defaultCountry": {"code": input["defaultCountry"]}, "warehouses": []}
        given["orderSettings"] = {"automaticallyConfirmAllNewOrders": True}
        return done("channel", self.s.add("channels", "Channel", **given))

    def channelUpdate(self, _: Any, id: str, input: Data) -> Data:
        channel = self.s.get("channels", id=id)
        if "isActive" in input:
            channel["isActive"] = input["isActive"]
        channel["warehouses"] += [self.s.get("warehouses", id=place) for place in input.get("addWarehouses", [])]
        return done("channel", channel)

    def createWarehouse(self, _: Any, input: Data) -> Data:
        needed = ["streetAddress1", "city", "postalCode"] + (["countryArea"] if input["address"]["country"] == "US" else [])
        for name in needed:
            if not input["address"].get(name):
                raise Refused(name, "REQUIRED", "This field is required.")
        return done("warehouse", self.s.add("warehouses", "Warehouse", **input))

    def shippingZoneCreate(self, _: Any, input: Data) -> Data:
        zone = self.s.add("zones", "ShippingZone", name=input["name"], countries=[], channels=[], warehouses=[])
        return self._zone(zone, input)

    def shippingZoneUpdate(self, _: Any, id: str, input: Data) -> Data:
        return self._zone(self.s.get("zones", id=id), input)

    def _zone(self, zone: Data, input: Data) -> Data:
        channels = [self.s.get("channels", id=one) for one in input["addChannels"]]
        places = [self.s.get("warehouses", id=one) for one in input["addWarehouses"]]
        assigned = {place["id"] for channel in channels for place in channel["warehouses"]}
        if any(place["id"] not in assigned for place in places):
            raise Refused("addWarehouses", "INVALID", "Only warehouses that have common channel with shipping zone can be assigned.")
        zone["countries"] = [{"code": code} for code in input["countries"]]
        zone["channels"] += channels
        zone["warehouses"] += places
        return done("shippingZone", zone)

    def attributeCreate(self, _: Any, input: Data) -> Data:
        if self.s.find("attributes", slug=input["slug"]):
            raise Refused("slug", "UNIQUE", "Attribute with this Slug already exists.")
        return done("attribute", self.s.add("attributes", "Attribute", **input))

    def productTypeCreate(self, _: Any, input: Data) -> Data:
        if self.s.find("types", slug=input["slug"]):
            raise Refused("slug", "UNIQUE", "Product type with this Slug already exists.")
        return done("productType", self.s.add("types", "ProductType", **input, assignedVariantAttributes=[]))

    def productTypeUpdate(self, _: Any, id: str, input: Data) -> Data:
        found = self.s.get("types", id=id)
        found.update(input)
        return done("productType", found)

    def productAttributeAssign(self, _: Any, productTypeId: str, operations: list[Data]) -> Data:
        found = self.s.get("types", id=productTypeId)
        for operation in operations:
            attribute = self.s.get("attributes", id=operation["id"])
            if attribute["type"] != "PRODUCT_TYPE":
                raise Refused("operations", "INVALID", "Only product attributes can be assigned.")
            found["assignedVariantAttributes"].append({"attribute": attribute})
        return done("productType", found)

    def categoryCreate(self, _: Any, input: Data) -> Data:
        if self.s.find("categories", slug=input["slug"]):
            raise Refused("slug", "UNIQUE", "Category with this Slug already exists.")
        return done("category", self.s.add("categories", "Category", **input))

    def productCreate(self, _: Any, input: Data) -> Data:
        if self.s.find("products", slug=input["slug"]):
            raise Refused("slug", "UNIQUE", "Product with this Slug already exists.")
        given = {**input, "productType": self.s.get("types", id=input["productType"])}
        given |= {"category": self.s.get("categories", id=input["category"]), "media": [], "channelListings": []}
        product = self.s.add("products", "Product", **given)
        product["variants"] = lambda *_: [v for v in self.s.state.variants if v["product"] is product]
        product["isAvailable"] = lambda *_: any(self._stocked(v) for v in product["variants"]())
        return done("product", product)

    def _stocked(self, variant: Data) -> bool:
        return any(stock["quantity"] > 0 for stock in variant["stocks"]) and bool(variant["channelListings"])

    def productUpdate(self, _: Any, id: str, input: Data) -> Data:
        product = self.s.get("products", id=id)
        given = dict(input)
        if "category" in given:
            given["category"] = self.s.get("categories", id=given["category"])
        product.update(given)
        return done("product", product)

    def productMediaCreate(self, _: Any, input: Data) -> Data:
        if self.upload is None or not self.upload[1].startswith(b"\x89PNG"):
            raise Refused("image", "INVALID", "Invalid file type.")
        self.s.uploads.append(self.upload)
        self.s._ids += 1
        media = {"id": f"media{self.s._ids}", "alt": input["alt"]}
        self.s.get("products", id=input["product"])["media"].append(media)
        return done("media", media)

    def productChannelListingUpdate(self, _: Any, id: str, input: Data) -> Data:
        product = self.s.get("products", id=id)
        for change in input["updateChannels"]:
            channel = self.s.get("channels", id=change["channelId"])
            listing = in_channel(product, channel)
            if listing is None:
                listing = {"channel": channel, "isPublished": False, "visibleInListings": False, "isAvailableForPurchase": False}
                product["channelListings"].append(listing)
            listing.update({name: value for name, value in change.items() if name != "channelId"})
        return done("product", product)

    def productVariantCreate(self, _: Any, input: Data) -> Data:
        product = self.s.get("products", id=input["product"])
        if self.s.find("variants", sku=input["sku"]):
            raise Refused("sku", "UNIQUE", "Product variant with this Sku already exists.")
        values = self._values(product, input["attributes"])
        given = {**input, "product": product, "attributes": values, "stocks": [], "channelListings": []}
        variant = self.s.add("variants", "ProductVariant", **given)
        self._stock(variant, input["stocks"], new=True)
        return done("productVariant", variant)

    def productVariantUpdate(self, _: Any, id: str, input: Data) -> Data:
        variant = self.s.get("variants", id=id)
        given = dict(input)
        if "attributes" in given:
            new = self._values(variant["product"], given["attributes"])
            slugs = {value["attribute"]["slug"] for value in new}
            given["attributes"] = [a for a in variant["attributes"] if a["attribute"]["slug"] not in slugs] + new
        variant.update(given)
        return done("productVariant", variant)

    def _values(self, product: Data, given: list[Data]) -> list[Data]:
        carried = {one["attribute"]["id"]: one["attribute"] for one in product["productType"]["assignedVariantAttributes"]}
        values = []
        for value in given:
            attribute = carried.get(value["id"])
            if attribute is None:
                raise Refused("attributes", "INVALID", "Given attributes are not a variant attributes.")
            name = value.get("numeric") or value.get("dropdown", {}).get("value", "")
            if attribute["inputType"] == "NUMERIC" and not re.fullmatch(r"\d+(\.\d+)?", name):
                raise Refused("attributes", "INVALID", "Numeric value is required.")
            values.append({"attribute": attribute, "values": [{"name": name}]})
        return values

    def productVariantChannelListingUpdate(self, _: Any, id: str, input: list[Data]) -> Data:
        variant = self.s.get("variants", id=id)
        for change in input:
            channel = self.s.get("channels", id=change["channelId"])
            if in_channel(variant["product"], channel) is None:
                raise Refused("channelId", "NOT_FOUND", "Product not available in channels.")
            listing = in_channel(variant, channel)
            if listing is None:
                listing = {"channel": channel}
                variant["channelListings"].append(listing)
            listing["price"] = {"amount": float(change["price"])}
        return done("variant", variant)

    def productVariantStocksCreate(self, _: Any, variantId: str, stocks: list[Data]) -> Data:
        variant = self.s.get("variants", id=variantId)
        self._stock(variant, stocks, new=True)
        return done("productVariant", variant)

    def productVariantStocksUpdate(self, _: Any, variantId: str, stocks: list[Data]) -> Data:
        variant = self.s.get("variants", id=variantId)
        self._stock(variant, stocks, new=False)
        return done("productVariant", variant)

    def _stock(self, variant: Data, stocks: list[Data], *, new: bool) -> None:
        for change in stocks:
            place = self.s.get("warehouses", id=change["warehouse"])
            stock = next((s for s in variant["stocks"] if s["warehouse"] is place), None)
            if stock and new:
                raise Refused("warehouse", "UNIQUE", "Stock for this warehouse already exists for this product variant.")
            if stock is None:
                stock = {"warehouse": place}
                variant["stocks"].append(stock)
            stock["quantity"] = change["quantity"]

    def appCreate(self, _: Any, input: Data) -> Data:
        if self.who is None or "app" in self.who:
            raise denied("AUTHENTICATED_STAFF_USER")
        self._in_scope(input["permissions"])
        permissions = [{"code": code} for code in input["permissions"]]
        app = self.s.add("apps", "App", **{**input, "permissions": permissions, "isActive": True, "webhooks": []})
        return done("app", app, authToken=self._token(app))

    def appUpdate(self, _: Any, id: str, input: Data) -> Data:
        app = self.s.get("apps", id=id)
        self._in_scope(input["permissions"])
        app["permissions"] = [{"code": code} for code in input["permissions"]]
        return done("app", app)

    def appActivate(self, _: Any, id: str) -> Data:
        app = self.s.get("apps", id=id)
        app["isActive"] = True
        return done("app", app)

    def appTokenCreate(self, _: Any, input: Data) -> Data:
        return {"authToken": self._token(self.s.get("apps", id=input["app"])), "errors": []}

    def _token(self, app: Data) -> str:
        token = f"app-token-{len(self.s.app_tokens)}"
        self.s.app_tokens[token] = app["id"]
        return token

    def _in_scope(self, codes: list[str]) -> None:
        assert self.who is not None
        if set(codes) - self.who["codes"]:
            raise Refused("permissions", "OUT_OF_SCOPE_PERMISSION", "You can't add permission that you don't have.")

    def webhookCreate(self, _: Any, input: Data) -> Data:
        app = self.s.get("apps", id=input["app"])
        self.s._ids += 1
        webhook: Data = {"id": f"hook{self.s._ids}", "deliveries": []}
        webhook["eventDeliveries"] = lambda *_, **page: paged(webhook["deliveries"], page)
        app["webhooks"].append(webhook)
        return self._webhook(webhook, input)

    def webhookUpdate(self, _: Any, id: str, input: Data) -> Data:
        webhook = next(hook for app in self.s.state.apps for hook in app["webhooks"] if hook["id"] == id)
        return self._webhook(webhook, input)

    def _webhook(self, webhook: Data, input: Data) -> Data:
        given = {name: value for name, value in input.items() if name not in {"app", "query", "asyncEvents"}}
        if "query" in input:
            # Saleor keeps it as it came; the dashboard lays it out anew.
            given["subscriptionQuery"] = print_ast(parse(input["query"]))
        if "asyncEvents" in input:
            given["asyncEvents"] = [{"eventType": event} for event in input["asyncEvents"]]
        webhook.setdefault("secretKey", None)
        webhook.update(given)
        return done("webhook", webhook)


def done(name: str, made: Data, **more: Any) -> Data:
    return {name: made, "errors": [], **more}


def in_channel(thing: Data, channel: Data) -> Data | None:
    return next((listing for listing in thing["channelListings"] if listing["channel"] is channel), None)


def paged(found: list[Data], page: Data) -> Data:
    start = int(page.get("after") or 0)
    end = start + page["first"]
    return {
        "edges": [{"node": node} for node in found[start:end]],
        "pageInfo": {"hasNextPage": end < len(found), "endCursor": str(end)},
    }
