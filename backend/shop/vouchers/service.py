"""Vouchers in tables: making them, finding what a promo code is worth, counting uses."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import or_, update
from sqlmodel import col, select

from backend.db.engine import Tx
from backend.shop.checkout.policy import Discount
from backend.shop.errors import refuse
from backend.shop.ids import fresh
from backend.shop.models import VoucherCodeRow, VoucherRow


async def create(
    tx: Tx, *, name: str, codes: list[str], value_type: str, starts: datetime, ends: datetime | None = None, usage_limit: int | None = None
) -> int:
    """A voucher for the whole order. It is worth nothing until `list_in_channel`. Raises Refused when a code is taken."""
    voucher = VoucherRow(name=name, value_type=value_type, starts=starts, ends=ends, usage_limit=usage_limit)
    tx.add(voucher)
    await tx.flush()
    for code in codes:
        if await tx.scalar(select(VoucherCodeRow.id).where(VoucherCodeRow.code == code)):
            raise refuse("ALREADY_EXISTS", f"A voucher with the code {code} exists already.", "codes")
        tx.add(VoucherCodeRow(id=fresh(), voucher_id=voucher.id or 0, code=code))
    await tx.flush()
    return voucher.id or 0


async def list_in_channel(tx: Tx, voucher_id: int, value: int) -> None:
    """value: hundredths of a percent, or minor units, after the voucher's type."""
    await tx.execute(update(VoucherRow).where(col(VoucherRow.id) == voucher_id).values(value=value))


async def row(tx: Tx, voucher_id: int | None) -> VoucherRow | None:
    return await tx.get(VoucherRow, voucher_id) if voucher_id else None


async def rows(tx: Tx) -> list[VoucherRow]:
    return list(await tx.scalars(select(VoucherRow).order_by(col(VoucherRow.id))))


async def codes(tx: Tx, voucher_id: int) -> list[VoucherCodeRow]:
    return list(await tx.scalars(select(VoucherCodeRow).where(VoucherCodeRow.voucher_id == voucher_id).order_by(col(VoucherCodeRow.code))))


async def find(tx: Tx, code: str | None, now: datetime) -> Discount | None:
    """What the code is worth now; None when it is unknown, not yet or no longer valid, or used up."""
    if not code:
        return None
    found = (
        await tx.execute(
            select(VoucherRow, VoucherCodeRow)
            .join(VoucherCodeRow, col(VoucherCodeRow.voucher_id) == col(VoucherRow.id))
            .where(VoucherCodeRow.code == code)
        )
    ).first()
    if not found:
        return None
    voucher, entry = found
    current = voucher.starts <= now and (voucher.ends is None or now < voucher.ends)
    used_up = voucher.usage_limit is not None and entry.used >= voucher.usage_limit
    if voucher.value is None or not current or used_up:
        return None
    return Discount(code, voucher.name, voucher.value_type, voucher.value)


async def use(tx: Tx, code: str) -> bool:
    """Count a use, in one statement so that the last use is given once. False when the code was used up meanwhile."""
    limit = select(VoucherRow.usage_limit).where(col(VoucherRow.id) == col(VoucherCodeRow.voucher_id)).scalar_subquery()
    left = or_(limit.is_(None), col(VoucherCodeRow.used) < limit)
    counted = update(VoucherCodeRow).where(col(VoucherCodeRow.code) == code, left)
    done: Any = await tx.execute(counted.values(used=col(VoucherCodeRow.used) + 1), execution_options={"synchronize_session": False})
    return bool(done.rowcount)
