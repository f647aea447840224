"""Signed-in browsers: an opaque token in a cookie, its SHA-256 in a table, an idle and an absolute end."""

from __future__ import annotations

from sqlalchemy import delete, select, update
from sqlmodel import col

from backend.db.engine import Database
from backend.identity.models import AccountRow, SessionRow
from backend.identity.policy import SESSION_ABSOLUTE, SESSION_TOUCH, session_ends
from backend.identity.service import AccountView
from backend.kernel.clock import Clock
from backend.kernel.ids import AccountId
from backend.kernel.memory import Callers
from backend.kernel.secrets import fingerprint, new_token

COOKIE = "cmp_session"


class Sessions:
    """callers: told of every session that is closed, so that it ends at once."""

    def __init__(self, database: Database, clock: Clock, callers: Callers) -> None:
        self._database, self._clock, self._callers = database, clock, callers

    async def open(self, account_id: AccountId, user_agent: str, replacing: str = "") -> str:
        """A fresh token. Each sign-in gets its own, and the one the browser came with (`replacing`) stops counting."""
        token, now = new_token(), self._clock.now()
        async with self._database.write() as tx:
            too_old = col(SessionRow.created_at) < now - SESSION_ABSOLUTE
            await tx.execute(delete(SessionRow).where(too_old | (col(SessionRow.token_hash) == fingerprint(replacing))))
            row = SessionRow(token_hash=fingerprint(token), account_id=account_id, user_agent=user_agent[:300], created_at=now, seen_at=now)
            tx.add(row)
        self._callers.cookies.drop(replacing)
        return token

    async def account(self, token: str) -> AccountView | None:
        """Whose session it is; None when it is unknown, closed or over."""
        mine, now = col(SessionRow.token_hash) == fingerprint(token), self._clock.now()
        joined = select(SessionRow, AccountRow).join(AccountRow, col(AccountRow.id) == col(SessionRow.account_id))
        async with self._database.read() as tx:
            found = (await tx.execute(joined.where(mine))).first()
        if found is None:
            return None
        session, account = found
        if session_ends(session.created_at, session.seen_at) <= now:
            return None
        if now - session.seen_at >= SESSION_TOUCH:
            async with self._database.write() as tx:
                await tx.execute(update(SessionRow).where(mine).values(seen_at=now))
        return AccountView(AccountId(account.id), account.email, account.name, email_verified=account.verified_at is not None)

    async def close(self, token: str) -> None:
        """Safe to repeat."""
        async with self._database.write() as tx:
            await tx.execute(delete(SessionRow).where(col(SessionRow.token_hash) == fingerprint(token)))
        self._callers.cookies.drop(token)
