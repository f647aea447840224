"""What Saleor says of an order's money, as JSON that a row keeps. Pure."""

from __future__ import annotations

import hashlib
import json
from typing import TypedDict

from backend.commerce.order_schemas import LinesBack, OrderMoney

PAID = frozenset({"FULL", "OVERCHARGED"})
REFUNDED_FULFILMENTS = frozenset({"REFUNDED", "REFUNDED_AND_RETURNED"})


class Facts(TypedDict):
    """Amounts in minor units. status, charge_status: Saleor's own words. lines: units by the id of their line.

    charged: what the shop holds, with refunds that were asked for and not made yet. named: units that Saleor says were refunded.
    explained: what those refunds come to.
    """

    status: str
    charge_status: str
    total: int
    charged: int
    refunded: int
    charged_back: int
    lines: dict[str, int]
    named: dict[str, int]
    explained: int


def facts(money: OrderMoney) -> Facts:
    granted = [one for one in _made(money) if one.lines]
    returned = [one for one in money.returned if one.lines and _given_back(one.status, money, granted)]
    # One refund may be told twice: by the fulfilment that was returned, and by the refund that was granted for the same units.
    by_grant, by_return = _units(granted), _units(returned)
    named = {line: max(by_grant.get(line, 0), by_return.get(line, 0)) for line in by_grant | by_return}
    return Facts(
        status=money.status,
        charge_status=money.charge_status,
        total=money.total.amount_minor,
        charged=money.charged.amount_minor + money.refund_pending.amount_minor,
        refunded=money.refunded.amount_minor,
        charged_back=money.charged_back.amount_minor,
        lines=dict(money.lines),
        named={line: min(number, money.lines.get(line, 0)) for line, number in named.items()},
        explained=max(_sum(granted), _sum(returned)),
    )


def mark(seen: Facts) -> str:
    """The same for facts that lead to the same outcome: what our own writes change in Saleor (fulfilments, notes) is not in it."""
    status = seen["status"] if seen["status"] in {"CANCELED", "UNCONFIRMED"} else "OPEN"
    return hashlib.sha256(json.dumps(seen | {"status": status}, sort_keys=True).encode()).hexdigest()[:32]


def _made(money: OrderMoney) -> list[LinesBack]:
    """The granted refunds whose money went back: each is a promise until then, and its own status is not always right about it.

    It stays PENDING for good when the payment app's clock says a moment before Saleor's request (met on 3.23.28 with an app that tells
    whole seconds), so there the money that went back decides. It stays NONE when the refund was made by other means; then Saleor counts
    the order as fully charged once what is left is what the refunds leave.
    """
    unpaid = money.refunded.amount_minor - sum(one.amount.amount_minor for one in money.granted if one.status == "SUCCESS")
    exact = money.charge_status == "FULL" and money.refunded.amount_minor > 0 and money.charged < money.total
    made = []
    for one in money.granted:
        if one.status == "PENDING" and one.amount.amount_minor <= unpaid:
            unpaid -= one.amount.amount_minor
            made.append(one)
        elif one.status == "SUCCESS" or (one.status == "NONE" and exact):
            made.append(one)
    return made


def _given_back(status: str, money: OrderMoney, granted: list[LinesBack]) -> bool:
    """Goods that came back say nothing of money; they say which units, once money went back that no granted refund accounts for."""
    if status == "RETURNED":
        return _sum(granted) < money.refunded.amount_minor
    return status in REFUNDED_FULFILMENTS


def _units(backs: list[LinesBack]) -> dict[str, int]:
    units: dict[str, int] = {}
    for back in backs:
        for line, number in back.lines.items():
            units[line] = units.get(line, 0) + number
    return units


def _sum(backs: list[LinesBack]) -> int:
    return sum(back.amount.amount_minor for back in backs)
