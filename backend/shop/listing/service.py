"""Lists orders a page at a time. Filters, sort and page are all done by the database, so a shop with many orders stays quick."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_
from sqlmodel import col, select

from backend.db.engine import Tx
from backend.shop import ids
from backend.shop.errors import BadRequest
from backend.shop.models import OrderRow
from backend.shop.orders.service import views
from backend.shop.orders.views import OrderView
from backend.shop.paging import cursor, read_cursor, size
from backend.shop.views import Connection, Edge, PageInfo

Condition = ColumnElement[bool]
_SORTS = {
    "NUMBER": col(OrderRow.number),
    "CREATED_AT": col(OrderRow.created),
    "CREATION_DATE": col(OrderRow.created),
    "LAST_MODIFIED_AT": col(OrderRow.updated),
    "RANK": col(OrderRow.number),
}


async def page(tx: Tx, asked: Mapping[str, Any]) -> Connection[OrderView]:
    """asked: the arguments of GraphQL's `orders`. Without a sort: the newest first."""
    if asked.get("before") is not None or asked.get("last") is not None:
        raise BadRequest("Orders are paged forwards: use `first` and `after`.")
    wanted = size("orders", asked.get("first"))
    conditions = [*_filter(asked.get("filter") or {}), *_where(asked.get("where") or {})]
    if search := asked.get("search"):
        conditions.append(_found(search))
    total = await tx.scalar(select(func.count()).select_from(OrderRow).where(*conditions)) or 0
    sort = asked.get("sortBy") or {"field": "NUMBER", "direction": "DESC"}
    column = _SORTS.get(sort.get("field") or "NUMBER")
    if column is None:
        raise BadRequest(f"Orders cannot be sorted by {sort.get('field')} here.")
    down = sort.get("direction") == "DESC"
    number = col(OrderRow.number)
    after = asked.get("after")
    statement = select(OrderRow).where(*conditions, *([_beyond(column, read_cursor(after), down)] if after else []))
    statement = statement.order_by(column.desc() if down else column.asc(), number.desc() if down else number.asc()).limit(wanted + 1)
    rows = list(await tx.scalars(statement))
    shown = await views(tx, rows[:wanted])
    edges = [Edge(view, cursor([_text(row, column), str(row.number)])) for view, row in zip(shown, rows, strict=False)]
    info = PageInfo(len(rows) > wanted, bool(after), edges[0].cursor if edges else None, edges[-1].cursor if edges else None)
    return Connection(edges, info, int(total))


def _text(row: OrderRow, column: Any) -> str:
    value = getattr(row, column.key)
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _beyond(column: Any, keys: Sequence[str], down: bool) -> Condition:
    """What comes after the cursor's row in this order; ties are broken by the number."""
    try:
        value: Any = int(keys[0]) if column.key == "number" else datetime.fromisoformat(keys[0])
        number = int(keys[1])
    except (ValueError, IndexError):
        raise BadRequest("Received cursor is invalid.") from None
    place = col(OrderRow.number)
    past = column < value if down else column > value
    return or_(past, and_(column == value, place < number if down else place > number))


def _chosen(column: Any, read: Callable[[str], Any] = str) -> Callable[[Any], list[Condition]]:
    return lambda chosen: [column.in_([read(one) for one in chosen])]


def _days(given: Mapping[str, date | None]) -> list[Condition]:
    """Whole days, both ends included."""
    last = _midnight(given.get("lte"))
    return _range(col(OrderRow.created), _midnight(given.get("gte")), None) + (
        [col(OrderRow.created) < last + timedelta(days=1)] if last else []
    )


def _number(given: str) -> int:
    """0, which no order has, for what is not a number."""
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0


_FILTERS: dict[str, Callable[[Any], list[Condition]]] = {
    "status": _chosen(col(OrderRow.status), lambda one: "UNFULFILLED" if one.startswith("READY_TO") else one),
    "chargeStatus": _chosen(col(OrderRow.charge_status)),
    "authorizeStatus": _chosen(col(OrderRow.authorize_status)),
    "ids": _chosen(col(OrderRow.id), lambda one: ids.token("Order", one)),
    "checkoutIds": _chosen(col(OrderRow.checkout_id), lambda one: ids.token("Checkout", one)),
    "numbers": _chosen(col(OrderRow.number), _number),
    "created": _days,
    "updatedAt": lambda given: _range(col(OrderRow.updated), given.get("gte"), given.get("lte")),
    "metadata": lambda pairs: [_noted(pair["key"], pair.get("value")) for pair in pairs],
    "search": lambda words: [_found(words)],
    "customer": lambda words: [_found(words)],
}


def _filter(asked: Mapping[str, Any]) -> list[Condition]:
    """Saleor's `filter`; a null asks nothing."""
    return [condition for name, value in asked.items() if value is not None for condition in _FILTERS[name](value)]


def _where(asked: Mapping[str, Any]) -> list[Condition]:
    made: list[Condition] = []
    for name, column in (
        ("status", OrderRow.status),
        ("chargeStatus", OrderRow.charge_status),
        ("authorizeStatus", OrderRow.authorize_status),
        ("userEmail", OrderRow.email),
    ):
        made += _one_of(col(column), asked.get(name), lambda value: value)
    made += _one_of(col(OrderRow.checkout_id), asked.get("checkoutId"), lambda value: ids.token("Checkout", value))
    for name, moment_column in (("createdAt", OrderRow.created), ("updatedAt", OrderRow.updated)):
        if moments := asked.get(name):
            made += _range(col(moment_column), moments.get("gte"), moments.get("lte"))
    if (chosen := asked.get("ids")) is not None:
        made.append(col(OrderRow.id).in_([ids.token("Order", one) for one in chosen]))
    if noted := asked.get("metadata"):
        value = noted.get("value") or {}
        options = [value["eq"]] if value.get("eq") is not None else value.get("oneOf")
        made.append(or_(*(_noted(noted["key"], one) for one in options)) if options else _noted(noted["key"], None))
    return made


def _one_of(column: Any, asked: Mapping[str, Any] | None, read: Any) -> list[Condition]:
    asked = asked or {}
    made = [column == read(asked["eq"])] if asked.get("eq") is not None else []
    return made + ([column.in_([read(one) for one in asked["oneOf"]])] if asked.get("oneOf") is not None else [])


def _range(column: Any, low: datetime | None, high: datetime | None) -> list[Condition]:
    return ([column >= low] if low is not None else []) + ([column <= high] if high is not None else [])


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), UTC)


def _noted(key: str, value: str | None) -> Condition:
    """The order's metadata holds the key, with this value when one is given."""
    found = col(OrderRow.meta)[key].as_string()
    noted: Condition = found.is_not(None) if value is None else found == value
    return noted


def _found(words: str) -> Condition:
    """The number, or a part of the e-mail."""
    return or_(col(OrderRow.email).icontains(words, autoescape=True), col(OrderRow.number) == _number(words))
