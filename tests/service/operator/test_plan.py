"""The plan is a pure difference: whatever was changed in Saleor, carrying the plan out leaves nothing to plan."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from backend import catalogue
from backend.operator.setup import goods, policy
from backend.operator.setup.schemas import Present, Wanted
from backend.operator.setup.wanted import wanted
from backend.provisioner.manifest import APP_ID, manifest
from tests.service.gateway.priced import by_tokens, priced
from tests.service.operator.direct import Pocket, carry_out, present
from tests.service.operator.saleor import FakeSaleor

Change = Callable[[FakeSaleor], None]
SKUS = [variant.sku for product in catalogue.load() for variant in product.variants]
SLUGS = [product.slug for product in catalogue.load()]


@cache
def goal() -> Wanted:
    return wanted(catalogue.load(), manifest("https://market.test", "1.0"), channel="default-channel", currency="USD", country="US")


def _made() -> tuple[FakeSaleor, Pocket]:
    saleor = FakeSaleor().furnish()
    pocket = Pocket(saleor)
    carry_out(saleor, goal(), pocket)
    return saleor, pocket


def _change(saleor: FakeSaleor, changes: list[Change]) -> None:
    for change in changes:
        # Two changes may want the same thing, which the first one has taken away.
        with suppress(AssertionError):
            change(saleor)


def _variant(**values: Any) -> st.SearchStrategy[Change]:
    return st.sampled_from(SKUS).map(lambda sku: lambda saleor: saleor.get("variants", sku=sku).update(deepcopy(values)))


def _product(**values: Any) -> st.SearchStrategy[Change]:
    return st.sampled_from(SLUGS).map(lambda slug: lambda saleor: saleor.get("products", slug=slug).update(deepcopy(values)))


def _webhook(**values: Any) -> st.SearchStrategy[Change]:
    """Of one webhook, if an earlier change has left it there."""

    def change(place: int) -> Change:
        def changed(saleor: FakeSaleor) -> None:
            for hook in saleor.get("apps", identifier=APP_ID)["webhooks"][place : place + 1]:
                hook.update(deepcopy(values))

        return changed

    return st.sampled_from(range(len(goal().app.webhooks))).map(change)


def _price(sku: str, amount: float) -> Change:
    return lambda saleor: saleor.get("variants", sku=sku).update(
        channelListings=[{"channel": saleor.get("channels", slug="default-channel"), "price": {"amount": amount}}]
    )


def _listing(slug: str, name: str) -> Change:
    def change(saleor: FakeSaleor) -> None:
        for listing in saleor.get("products", slug=slug)["channelListings"]:
            listing[name] = False

    return change


def _forget(kind: str, key: str, name: str) -> Change:
    return lambda saleor: getattr(saleor.state, kind).remove(saleor.get(kind, **{key: name}))


LISTED = ["isPublished", "visibleInListings", "isAvailableForPurchase"]
CHANGES: st.SearchStrategy[Change] = st.one_of(
    _variant(name="Other"),
    _variant(trackInventory=True),
    _variant(stocks=[]),
    _variant(channelListings=[]),
    _variant(attributes=[]),
    _product(name="Other"),
    _product(category=None),
    _product(description='{"blocks": [{"type": "header", "data": {"text": "Other"}}]}'),
    _product(description="not even JSON"),
    _product(media=[]),
    _webhook(isActive=False),
    _webhook(targetUrl="https://elsewhere.test/hook"),
    _webhook(subscriptionQuery="subscription { event { __typename } }"),
    _webhook(subscriptionQuery="not GraphQL {"),
    _webhook(asyncEvents=[]),
    _webhook(secretKey="theirs"),
    st.builds(_price, st.sampled_from(SKUS), st.floats(0, 10_000, allow_nan=False)),
    st.builds(_listing, st.sampled_from(SLUGS), st.sampled_from(LISTED)),
    st.sampled_from(SKUS).map(lambda sku: _forget("variants", "sku", sku)),
    st.just(_forget("apps", "identifier", APP_ID)),
    st.just(lambda saleor: saleor.get("apps", identifier=APP_ID).update(isActive=False)),
    st.just(lambda saleor: saleor.get("apps", identifier=APP_ID).update(permissions=[{"code": "MANAGE_USERS"}])),
    st.just(lambda saleor: saleor.get("apps", identifier=APP_ID)["webhooks"].clear()),
    st.just(lambda saleor: saleor.get("channels", slug="default-channel").update(isActive=False)),
    st.just(lambda saleor: saleor.get("channels", slug="default-channel").update(warehouses=[])),
    st.just(lambda saleor: saleor.state.zones.clear()),
    st.just(lambda saleor: saleor.get("types", slug="ai-agent").update(isShippingRequired=True)),
    st.just(lambda saleor: saleor.get("types", slug="credit-pack").update(assignedVariantAttributes=[])),
)


@settings(max_examples=12, deadline=None)
@given(st.lists(CHANGES, max_size=6))
def test_a_plan_that_is_carried_out_leaves_nothing_to_plan(changes: list[Change]) -> None:
    saleor, pocket = _made()
    _change(saleor, changes)
    carry_out(saleor, goal(), pocket)
    assert policy.plan(goal(), present(saleor, goal(), pocket)) == []


@given(st.lists(CHANGES, max_size=6))
@settings(max_examples=6, deadline=None)
def test_nothing_is_ever_deleted(changes: list[Change]) -> None:
    saleor, pocket = _made()
    _change(saleor, changes)
    assert not [
        step
        for step in policy.plan(goal(), present(saleor, goal(), pocket))
        if "Delete" in step.operation or "remove" in str(step.variables)
    ]


def test_two_variants_that_lost_their_stock_each_get_it_again() -> None:
    saleor, pocket = _made()
    for sku in SKUS[:2]:
        saleor.get("variants", sku=sku)["stocks"] = []
    steps = policy.plan(goal(), present(saleor, goal(), pocket))
    assert [step.operation for step in steps] == ["StockCreate", "StockCreate"]
    carry_out(saleor, goal(), pocket)
    assert policy.plan(goal(), present(saleor, goal(), pocket)) == []


def test_a_number_written_in_another_way_is_the_same() -> None:
    saleor, pocket = _made()
    for value in saleor.get("variants", sku="KBA-PRO")["attributes"]:
        if value["attribute"]["slug"] == "cmp-credits":
            value["values"] = [{"name": "200.0"}]
    assert policy.plan(goal(), present(saleor, goal(), pocket)) == []


def test_a_description_that_the_dashboard_saved_again_is_the_same() -> None:
    text = "Ampersands & angles <b>\n\nSecond."
    stored = goods.document(text).replace('"version"', '"time": 1700000000000, "version"').replace('"id": "p0"', '"id": "xyz"')
    assert goods.says(stored, text)
    assert not goods.says(stored, "Second.")


def test_the_warehouse_that_holds_most_of_the_goods_stays_the_one() -> None:
    saleor, pocket = _made()
    channel = saleor.get("channels", slug="default-channel")
    channel["warehouses"].append(saleor.add("warehouses", "Warehouse", slug="a-new-one", name="A new one"))
    found: Present = present(saleor, goal(), pocket)
    place = policy.warehouse(found)
    assert place is not None
    assert place.slug == "default-warehouse"
    assert policy.plan(goal(), found) == []


def test_a_price_for_tokens_is_carried_by_the_variant_and_asked_of_saleor_only_when_there_is_one() -> None:
    def want(products: tuple[catalogue.Product, ...]) -> Wanted:
        return wanted(products, manifest("https://cmp.example", "1.0"), channel="c", currency="USD", country="US")

    by_token = {"cmp-token-credits", "cmp-minimum-credits"}
    assert not by_token & {attribute.slug for attribute in want(catalogue.load()).attributes}
    sold = want(priced(by_tokens()))
    assert by_token <= {attribute.slug for attribute in sold.attributes}
    carried = {variant.sku: variant.attributes for product in sold.products for variant in product.variants}
    assert (carried["CSA-BASIC"]["cmp-run-credits"], carried["CSA-BASIC"]["cmp-token-credits"]) == ("4", "0.4")
    assert carried["CSA-BASIC"]["cmp-minimum-credits"] == "0.5"
    assert not by_token & set(carried["KBA-PRO"])
