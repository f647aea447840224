"""Proof of an e-mail address: a link, mailed to it, that works once."""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy import delete, func, select, update
from sqlmodel import col

from backend.db.engine import Database
from backend.identity.models import AccountRow, EmailProofRow
from backend.identity.service import Accounts, AccountView
from backend.kernel.clock import Clock
from backend.kernel.errors import DomainError, Invalid, RateLimited
from backend.kernel.ids import AccountId
from backend.kernel.memory import Callers
from backend.kernel.secrets import fingerprint, new_token
from backend.mail import Mail, Mailer
from backend.settings import Settings

LINK_LIFE = timedelta(hours=48)
LINKS_AN_HOUR = 5
log = logging.getLogger(__name__)


class EmailVerification:
    """callers: told of whose address was proven: that may make an operator."""

    def __init__(self, database: Database, clock: Clock, accounts: Accounts, mailer: Mailer, settings: Settings, callers: Callers) -> None:
        self._database, self._clock, self._accounts, self._mailer = database, clock, accounts, mailer
        self._callers = callers
        self._base_url, self._brand = settings.base_url, settings.brand_name

    async def send(self, account: AccountView) -> None:
        """Mail a fresh link. When the mail cannot be sent that is logged: the person can ask for another."""
        token, now = new_token(), self._clock.now()
        proof = EmailProofRow(token_hash=fingerprint(token), account_id=account.id, email=account.email, expires_at=now + LINK_LIFE)
        async with self._database.write() as tx:
            await tx.execute(delete(EmailProofRow).where(col(EmailProofRow.expires_at) < now))
            tx.add(proof)
        try:
            await self._mailer.send(self._mail(account, token), key=f"verify:{proof.token_hash}")
        except (DomainError, OSError):
            log.exception("the mail to verify account %s was not sent", account.id)

    async def again(self, account_id: AccountId) -> None:
        """Mail another link. Nothing to do for an address that is proven. Raises RateLimited past LINKS_AN_HOUR."""
        account, hour_ago = await self._accounts.get(account_id), self._clock.now() - timedelta(hours=1)
        if account.email_verified:
            return
        recent = col(EmailProofRow.expires_at) > hour_ago + LINK_LIFE
        mine = select(func.count()).select_from(EmailProofRow).where(col(EmailProofRow.account_id) == account_id, recent)
        async with self._database.read() as tx:
            if (await tx.scalars(mine)).one() >= LINKS_AN_HOUR:
                raise RateLimited("Several links were sent already. Look in your mail, or ask again in an hour.", retry_after=3600)
        await self.send(account)

    async def confirm(self, token: str) -> AccountView:
        """Spend the link. Raises Invalid `link_invalid` when it is unknown, used, too old, or for an address since changed."""
        now = self._clock.now()
        mine = (col(EmailProofRow.token_hash) == fingerprint(token)) & col(EmailProofRow.used_at).is_(None)
        spend = update(EmailProofRow).where(mine, col(EmailProofRow.expires_at) > now).values(used_at=now)
        async with self._database.write() as tx:
            spent = (await tx.execute(spend.returning(col(EmailProofRow.account_id), col(EmailProofRow.email)))).first()
            if spent is None:
                raise Invalid("This link does not work any more. Ask for a new one.", code="link_invalid")
            account_id, email = spent
            address = (await tx.scalars(select(col(AccountRow.email)).where(col(AccountRow.id) == account_id))).one()
            if address != email:
                raise Invalid("This link was for another address. Ask for a new one.", code="link_invalid")
            await self._accounts.mark_verified(tx, AccountId(account_id))
        self._callers.forget(AccountId(account_id))
        return await self._accounts.get(AccountId(account_id))

    def _mail(self, account: AccountView, token: str) -> Mail:
        text = (
            f"Hello {account.name},\n\nopen this link to confirm that {account.email} is your address:\n\n"
            f"{self._base_url}/auth/verify?token={token}\n\nIt works once, for 48 hours. "
            f"If you did not make an account at {self._brand}, you can ignore this mail.\n"
        )
        return Mail(to=account.email, subject=f"Confirm your e-mail address for {self._brand}", text=text)
