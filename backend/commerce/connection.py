"""The connection to the shop as its app: the token it issued, kept sealed."""

from __future__ import annotations

from sqlalchemy import delete
from sqlmodel import col

from backend.commerce.models import ConnectionRow
from backend.db.engine import Database
from backend.kernel.errors import Unavailable
from backend.kernel.secrets import SecretBox
from backend.settings import Settings


class AppConnection:
    """For the one shop that is configured. A token in the settings wins over one that was learnt when the app was installed."""

    def __init__(self, database: Database, settings: Settings, box: SecretBox) -> None:
        self._database, self._box = database, box
        self._url = settings.saleor_url
        self._given = settings.saleor_app_token.get_secret_value()

    async def token(self) -> str:
        """Raises Unavailable while the app is not installed, or when its token was sealed under another secret."""
        if self._given:
            return self._given
        row = await self._row()
        if row is None:
            raise Unavailable("The shop has not installed this app yet.", code="app_not_installed")
        try:
            return self._box.open(row.sealed_token)
        except ValueError:
            raise Unavailable("The app's token was sealed under another secret key. Install the app again.", code="app_sealed") from None

    async def app_id(self) -> str:
        """The shop's id of our app, or "" when only its token is known: that of an earlier installation need not be the token's."""
        row = None if self._given else await self._row()
        return row.app_id if row else ""

    async def store(self, app_id: str, token: str) -> None:
        """Keep the token, in place of an earlier one."""
        async with self._database.write() as tx:
            await tx.execute(delete(ConnectionRow).where(col(ConnectionRow.api_url) == self._url))
            tx.add(ConnectionRow(api_url=self._url, app_id=app_id, sealed_token=self._box.seal(token)))

    async def _row(self) -> ConnectionRow | None:
        async with self._database.read() as tx:
            return await tx.get(ConnectionRow, self._url)
