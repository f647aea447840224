"""Scalars, read strictly: what is not a decimal, a UUID or JSON text is refused before a resolver runs."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from ariadne import ScalarType

positive_decimal = ScalarType("PositiveDecimal")
decimal = ScalarType("Decimal")
uuid_scalar = ScalarType("UUID")
json_string = ScalarType("JSONString")
date_time = ScalarType("DateTime")
date_scalar = ScalarType("Date")


@decimal.value_parser
def parse_decimal(value: Any) -> Decimal:
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{value!r} is not a decimal number") from None
    if isinstance(value, bool) or not found.is_finite():
        raise ValueError(f"{value!r} is not a decimal number")
    return found


@positive_decimal.value_parser
def parse_positive(value: Any) -> Decimal:
    found: Decimal = parse_decimal(value)
    if found < 0:
        raise ValueError("Value cannot be lower than 0.")
    return found


@uuid_scalar.value_parser
def parse_uuid(value: Any) -> str:
    return str(uuid.UUID(str(value)))


@json_string.value_parser
def parse_json(value: Any) -> Any:
    return json.loads(str(value))


@date_time.value_parser
def parse_moment(value: Any) -> datetime:
    found = datetime.fromisoformat(str(value))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@date_scalar.value_parser
def parse_day(value: Any) -> date:
    return date.fromisoformat(str(value))


scalars = [positive_decimal, decimal, uuid_scalar, json_string, date_time, date_scalar]
