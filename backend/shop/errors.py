"""The two ways the shop says no: a fault in a mutation's `errors` list, and a GraphQL error with an exception code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from backend.shop.context import ShopContext


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of a mutation's `errors`. The names are those of GraphQL, so that the default resolvers find them."""

    code: str
    message: str
    field: str | None = None
    lines: list[str] | None = None
    variants: list[str] | None = None
    address_type: str | None = None
    warehouse: str | None = None
    order_lines: list[str] | None = None
    channels: list[str] | None = None


@dataclass
class Refused(Exception):
    """A mutation was not carried out; its transaction rolls back and the faults are answered with HTTP 200."""

    faults: list[Fault] = field(default_factory=list)


def refuse(code: str, message: str, field: str | None = None) -> Refused:
    return Refused([Fault(code, message, field)])


class Denied(Exception):
    """The caller lacks every one of the permissions named. Shown as a GraphQL error with the exception code PermissionDenied."""

    def __init__(self, permissions: Iterable[str]) -> None:
        super().__init__(f"To access this path, you need one of the following permissions: {', '.join(permissions)}")


class BadRequest(Exception):
    """A query that cannot be answered as asked, such as a page of 101. Shown with the exception code GraphQLError."""


def require(context: ShopContext, *permissions: str) -> None:
    """Raises Denied unless the calling app holds one of `permissions`."""
    if not context.may(*permissions):
        raise Denied(permissions)
