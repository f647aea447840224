"""What the provisioner needs from the other rooms, and no more than it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from backend.commerce.schemas import Order, OrderFilter, OrderPage
from backend.control_plane.offerings import Offering
from backend.db.engine import Tx
from backend.kernel.ids import InstanceId, SaleorOrderId, WorkspaceId
from backend.kernel.money import Credits
from backend.ledger.views import LotSource


class Saleor(Protocol):
    """Orders at the shop. Raises Unavailable when it cannot be reached, CommerceError when it says no."""

    async def order(self, order_id: SaleorOrderId) -> Order | None: ...
    async def orders(self, wanted: OrderFilter, *, first: int = 50, after: str | None = None) -> OrderPage: ...
    async def fulfil(self, order_id: SaleorOrderId, lines: Mapping[str, int]) -> None: ...
    async def set_metadata(self, object_id: str, metadata: Mapping[str, str]) -> None: ...


class App(Protocol):
    """The Saleor app we are installed as."""

    async def app_id(self) -> str | None: ...
    async def store(self, app_id: str, token: str) -> None: ...


class Credit(Protocol):
    """The ledger, as far as orders change it."""

    async def grant(
        self, tx: Tx, *, workspace_id: WorkspaceId, amount: Credits, source: LotSource, ref: str, key: str, label: str = ""
    ) -> bool: ...
    async def take_back(self, tx: Tx, *, workspace_id: WorkspaceId, ref: str, key: str) -> Credits: ...


class Offerings(Protocol):
    async def by_sku(self, sku: str) -> Offering | None: ...
