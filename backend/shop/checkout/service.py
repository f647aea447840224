"""Checkouts in the database. One `Checkouts` serves one transaction."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import col, delete, select

from backend.db.engine import Tx
from backend.kernel.clock import Clock
from backend.shop import ids
from backend.shop.catalogue import service as catalogue_service
from backend.shop.checkout import addresses, lines, policy
from backend.shop.checkout.views import CheckoutLineView, CheckoutView, checkout_id
from backend.shop.errors import refuse
from backend.shop.models import CheckoutLineRow, CheckoutRow, TransactionRow
from backend.shop.payments import service as payments
from backend.shop.payments.policy import DUMMY
from backend.shop.payments.views import Gateway
from backend.shop.views import items, moment
from backend.shop.vouchers import service as vouchers

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
MAX_LINES = 100
"""Lines in one checkout. A cart is never near it; without a limit one request could fill the database."""


class Checkouts:
    def __init__(self, tx: Tx, clock: Clock, catalogue: catalogue_service.Catalogue) -> None:
        self._tx = tx
        self._now = clock.now()
        self._catalogue = catalogue

    @classmethod
    async def open(cls, tx: Tx, clock: Clock) -> Checkouts:
        return cls(tx, clock, await catalogue_service.load(tx))

    @property
    def catalogue(self) -> catalogue_service.Catalogue:
        return self._catalogue

    async def row(self, global_id: str | None) -> CheckoutRow:
        """The checkout, locked until the transaction ends. Raises Refused with NOT_FOUND."""
        key = ids.token("Checkout", global_id or "")
        if key is not None:
            found: CheckoutRow | None = await self._tx.scalar(select(CheckoutRow).where(CheckoutRow.id == key).with_for_update())
            if found:
                return found
        raise refuse("NOT_FOUND", f"Couldn't resolve to a node: {global_id}", "id")

    async def find(self, key: str | None) -> CheckoutView | None:
        found = await self._tx.get(CheckoutRow, key) if key else None
        return await self.view(found) if found else None

    async def create(self, given: Mapping[str, Any]) -> CheckoutRow:
        channel = self._channel(given.get("channel"))
        rules = (given.get("validationRules") or {}).get("billingAddress")
        address = given.get("billingAddress")
        row = CheckoutRow(
            id=ids.fresh(),
            channel_id=channel,
            email=clean_email(given["email"]) if given.get("email") else None,
            billing=addresses.clean(address, rules) if address else None,
            meta=pairs(given.get("metadata")),
            private_meta=pairs(given.get("privateMetadata")),
            created=self._now,
            updated=self._now,
        )
        self._tx.add(row)
        await self._tx.flush()
        await self.add(row, given["lines"])
        return row

    def _channel(self, slug: str | None) -> int:
        if slug is None and len(self._catalogue.channels) != 1:
            raise refuse("MISSING_CHANNEL_SLUG", "You need to provide channel slug.", "channel")
        channel = self._catalogue.channel(slug)
        if channel is None:
            raise refuse("NOT_FOUND", f"Channel with '{slug}' slug does not exist.", "channel")
        return channel.key

    async def add(self, row: CheckoutRow, given: Sequence[Mapping[str, Any]]) -> None:
        """Put lines in. A variant that is there already grows, unless `forceNewLine` is asked for."""
        variants = lines.resolve(self._catalogue, [line["variantId"] for line in given])
        standing = await self.lines_of(row)
        if len(standing) + len(given) > MAX_LINES:
            raise refuse("INVALID", f"A checkout holds at most {MAX_LINES} lines.", "lines")
        for line, variant in zip(given, variants, strict=True):
            same = None if line.get("forceNewLine") else next((one for one in standing if one.variant_id == variant.key), None)
            lines.check([lines.Wanted(variant, line["quantity"])])
            if same:
                lines.check([lines.Wanted(variant, same.quantity + line["quantity"])])
                same.quantity += line["quantity"]
                same.meta = {**same.meta, **pairs(line.get("metadata"))}
            else:
                same = self._line(row, variant.key, variant.price, line, len(standing))
                standing.append(same)
            self._tx.add(same)
        self._touch(row)

    def _line(self, row: CheckoutRow, variant: int, price: int, given: Mapping[str, Any], position: int) -> CheckoutLineRow:
        return CheckoutLineRow(
            id=ids.fresh(),
            checkout_id=row.id,
            variant_id=variant,
            position=position,
            quantity=given["quantity"],
            unit_price=price,
            priced_at=self._now,
            meta=pairs(given.get("metadata")),
        )

    async def update(self, row: CheckoutRow, given: Sequence[Mapping[str, Any]]) -> None:
        """Set quantities, by line or by variant; 0 takes the line out. Raises Refused for a line of another checkout."""
        standing = await self.lines_of(row)
        for change in given:
            line = self._chosen(standing, change)
            variant = self._catalogue.variant(line.variant_id)
            quantity = line.quantity if change.get("quantity") is None else change["quantity"]
            if variant is None:
                raise refuse("NOT_FOUND", "This variant is no longer sold.", "lines")
            lines.check([lines.Wanted(variant, quantity)], zero_removes=True)
            line.quantity, line.unit_price, line.priced_at = quantity, variant.price, self._now
            line.meta = {**line.meta, **pairs(change.get("metadata"))}
            if quantity:
                self._tx.add(line)
            else:
                await self._tx.delete(line)
        self._touch(row)

    @staticmethod
    def _chosen(standing: Sequence[CheckoutLineRow], change: Mapping[str, Any]) -> CheckoutLineRow:
        key = ids.token("CheckoutLine", change.get("lineId") or "")
        variant = ids.number("ProductVariant", change.get("variantId") or "")
        for line in standing:
            if line.id == key or (key is None and line.variant_id == variant):
                return line
        raise refuse("INVALID", "This line is not in the checkout.", "lineId")

    async def remove(self, row: CheckoutRow, line_ids: Sequence[str]) -> None:
        standing = {line.id: line for line in await self.lines_of(row)}
        keys = [ids.token("CheckoutLine", line_id) for line_id in line_ids]
        if any(key not in standing for key in keys):
            raise refuse("INVALID", "This line is not in the checkout.", "lineId")
        for key in {key for key in keys if key}:
            await self._tx.delete(standing[key])
        self._touch(row)

    async def set_email(self, row: CheckoutRow, email: str) -> None:
        row.email = clean_email(email)
        self._touch(row)

    async def set_billing(self, row: CheckoutRow, address: Mapping[str, Any], rules: Mapping[str, Any] | None) -> None:
        row.billing = addresses.clean(address, rules)
        self._touch(row)

    async def add_promo_code(self, row: CheckoutRow, code: str) -> None:
        if await vouchers.find(self._tx, code, self._now) is None:
            raise refuse("INVALID", "Promo code is invalid", "promoCode")
        row.voucher_code = code
        self._touch(row)

    async def remove_promo_code(self, row: CheckoutRow, code: str | None) -> None:
        if code is None or code == row.voucher_code:
            row.voucher_code = None
            self._touch(row)

    def _touch(self, row: CheckoutRow) -> None:
        row.updated = self._now
        self._tx.add(row)

    async def lines_of(self, row: CheckoutRow) -> list[CheckoutLineRow]:
        await self._tx.flush()
        ordered = select(CheckoutLineRow).where(CheckoutLineRow.checkout_id == row.id)
        return list(await self._tx.scalars(ordered.order_by(col(CheckoutLineRow.position), col(CheckoutLineRow.id))))

    async def discard(self, row: CheckoutRow) -> None:
        await self._tx.execute(delete(CheckoutLineRow).where(col(CheckoutLineRow.checkout_id) == row.id))
        await self._tx.delete(row)

    async def view(self, row: CheckoutRow) -> CheckoutView:
        channel = next(one for one in self._catalogue.channels if one.key == row.channel_id)
        discount = await vouchers.find(self._tx, row.voucher_code, self._now)
        standing = await self.lines_of(row)
        shown, off = self._priced(standing, discount, channel.currency_code)
        paid = await payments.rows_of(self._tx, checkout_id=row.id)
        charged, covered = _covered(paid)
        total, anything = sum(line.total for line in shown), bool(shown)
        return CheckoutView(
            id=checkout_id(row.id),
            key=row.id,
            channel=channel,
            email=row.email,
            billing_address=addresses.view(row.id, row.billing),
            billing=row.billing,
            lines=shown,
            off=off,
            voucher_code=row.voucher_code if discount else None,
            discount_name=discount.name if discount else None,
            charged=charged,
            charge_status=policy.charge_status(total, charged, anything=anything),
            authorize_status=policy.authorize_status(total, covered, anything=anything),
            transactions=await payments.views(self._tx, paid, channel.currency_code),
            available_payment_gateways=[Gateway(DUMMY, "Dummy payment", [channel.currency_code])],
            metadata=items(row.meta),
            private_metadata=items(row.private_meta),
            created=moment(row.created),
            updated_at=moment(row.updated),
        )

    def _priced(
        self, standing: Sequence[CheckoutLineRow], discount: policy.Discount | None, currency: str
    ) -> tuple[list[CheckoutLineView], int]:
        """The lines with the discount shared out over them, and the discount."""
        known = [(row, variant) for row in standing if (variant := self._catalogue.variant(row.variant_id))]
        units = [policy.unit_price(row.unit_price, row.priced_at, variant.price, self._now) for row, variant in known]
        totals = [unit * row.quantity for unit, (row, _) in zip(units, known, strict=True)]
        off = discount.of(sum(totals)) if discount else 0
        shares = policy.spread(off, totals)
        views = [
            CheckoutLineView(
                id=ids.global_id("CheckoutLine", row.id),
                key=row.id,
                variant=variant,
                quantity=row.quantity,
                unit=unit,
                total=total - share,
                currency=currency,
                metadata=items(row.meta),
                private_metadata=items(row.private_meta),
            )
            for (row, variant), unit, total, share in zip(known, units, totals, shares, strict=True)
        ]
        return views, off


def _covered(paid: Sequence[TransactionRow]) -> tuple[int, int]:
    """(charged, charged and authorised together)."""
    charged = sum(row.charged for row in paid)
    return charged, charged + sum(row.authorized for row in paid)


def clean_email(value: str) -> str:
    if len(value) > 254 or not _EMAIL.fullmatch(value):
        raise refuse("INVALID", "Enter a valid email address.", "email")
    return value


def pairs(given: Sequence[Mapping[str, str]] | None) -> dict[str, str]:
    """Metadata input as a mapping. Raises Refused when a key is empty."""
    found = {item["key"].strip(): item["value"] for item in given or ()}
    if "" in found:
        raise refuse("REQUIRED", "Metadata key cannot be empty.", "metadata")
    return found
