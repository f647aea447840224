"""Whether lines may be put in a checkout. Pure: the catalogue and what is asked for in, faults out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backend.shop.catalogue.policy import MAX_OF_ONE_LINE
from backend.shop.catalogue.service import Catalogue
from backend.shop.catalogue.views import VariantView
from backend.shop.errors import Fault, Refused, refuse
from backend.shop.ids import number


@dataclass(frozen=True, slots=True)
class Wanted:
    """quantity: what the checkout would then hold of the variant."""

    variant: VariantView
    quantity: int


def resolve(catalogue: Catalogue, variant_ids: Sequence[str]) -> list[VariantView]:
    """The variants of these global ids, in order. Raises Refused naming every one that is none."""
    found = {value: catalogue.variant(number("ProductVariant", value)) for value in variant_ids}
    if lost := [value for value, variant in found.items() if variant is None]:
        raise refuse("GRAPHQL_ERROR", f"Could not resolve to a node with the global id list of '{lost}'.", "variantId")
    return [variant for value in variant_ids if (variant := found[value])]


def check(wanted: Sequence[Wanted], *, zero_removes: bool = False) -> None:
    """Raises Refused with Saleor's code for the first thing that is wrong."""
    for line in wanted:
        if line.quantity < 0 or (line.quantity == 0 and not zero_removes):
            raise refuse("ZERO_QUANTITY", "The quantity should be higher than zero.", "quantity")
        if line.quantity > MAX_OF_ONE_LINE:
            message = f"Cannot add more than {MAX_OF_ONE_LINE} times this item: {line.variant.name}."
            raise refuse("QUANTITY_GREATER_THAN_LIMIT", message, "quantity")
    if hidden := [line.variant.id for line in wanted if not line.variant.product.published]:
        message = "Cannot add lines for unpublished variants."
        raise Refused([Fault("PRODUCT_NOT_PUBLISHED", message, "lines", variants=hidden)])
    for line in wanted:
        if line.quantity > line.variant.quantity_available:
            left = f"Only {line.variant.quantity_available} remaining in stock."
            raise refuse("INSUFFICIENT_STOCK", f"Could not add items {line.variant.name}. {left}", "quantity")
