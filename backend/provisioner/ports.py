"""What the provisioner needs from the other rooms, and no more than it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from backend.commerce.schemas import AppView, Order, OrderFilter, OrderLine, OrderPage
from backend.control_plane.offerings import Offering
from backend.db.engine import Tx
from backend.identity.service import AccountView
from backend.kernel.ids import AccountId, InstanceId, SaleorOrderId, WorkspaceId
from backend.kernel.money import Credits
from backend.ledger.views import LotSource
from backend.workspaces.service import Membership


class Saleor(Protocol):
    """The shop's orders. Raises Unavailable when it cannot be reached, CommerceError when it says no."""

    async def app(self, token: str) -> AppView: ...
    async def order(self, order_id: SaleorOrderId) -> Order | None: ...
    async def orders(self, where: OrderFilter | None = None, *, first: int = 50, after: str | None = None) -> OrderPage: ...
    async def fulfil(self, order_id: SaleorOrderId, lines: Sequence[OrderLine]) -> None: ...
    async def set_metadata(self, object_id: str, metadata: Mapping[str, str]) -> None: ...


class App(Protocol):
    """The Saleor app we are installed as."""

    async def token(self) -> str: ...
    async def app_id(self) -> str: ...
    async def store(self, app_id: str, token: str) -> None: ...


class Ledger(Protocol):
    async def grant(
        self, tx: Tx, *, workspace_id: WorkspaceId, amount: Credits, source: LotSource, ref: str, key: str, label: str = ""
    ) -> bool: ...
    async def take_back(self, tx: Tx, *, workspace_id: WorkspaceId, ref: str, key: str) -> Credits: ...


class Offerings(Protocol):
    async def by_sku(self, sku: str) -> Offering | None: ...


class Instance(Protocol):
    @property
    def id(self) -> InstanceId: ...


class Instances(Protocol):
    async def create(self, tx: Tx, *, workspace_id: WorkspaceId, offering: Offering, source_key: str, name: str = "") -> Instance: ...
    async def suspend(self, tx: Tx, instance_id: str, reason: str) -> None: ...


class Workspaces(Protocol):
    async def exists(self, workspace_id: WorkspaceId) -> bool: ...
    async def of(self, account_id: AccountId) -> list[Membership]: ...


class Accounts(Protocol):
    async def by_email(self, email: str) -> AccountView | None: ...
