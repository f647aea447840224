"""Accounts: who a person is, known by an e-mail address and a password."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlmodel import col

from backend.db.engine import Database, Tx
from backend.db.upsert import insert_once
from backend.identity.models import AccountRow
from backend.identity.passwords import Passwords
from backend.identity.policy import PASSWORD_MAX, normal_email, password_fault
from backend.kernel.clock import Clock
from backend.kernel.errors import Conflict, Invalid, NotFound, Unauthenticated
from backend.kernel.ids import AccountId, new_account_id


@dataclass(frozen=True, slots=True)
class AccountView:
    id: AccountId
    email: str
    name: str
    email_verified: bool


class Accounts:
    def __init__(self, database: Database, clock: Clock, passwords: Passwords | None = None) -> None:
        self._database, self._clock = database, clock
        self._passwords = passwords or Passwords()

    async def prepare(self, email: str, password: str) -> tuple[str, str]:
        """The normal e-mail and the password's hash, made before a transaction opens: hashing takes long on purpose.

        Raises Invalid with `email` or `password` among its fields.
        """
        faults: dict[str, str] = {}
        try:
            email = normal_email(email)
        except Invalid as fault:
            faults |= fault.fields
        if fault_of_password := password_fault(password, email):
            faults["password"] = fault_of_password
        if faults:
            raise Invalid("Check what you typed.", fields=faults)
        return email, await self._passwords.hash(password)

    async def add(self, tx: Tx, email: str, password_hash: str, name: str = "") -> AccountView:
        """Store an account that `prepare` made ready. Raises Conflict `email_taken`."""
        view = AccountView(new_account_id(), email, _name(name, email), email_verified=False)
        values = {"id": view.id, "email": email, "name": view.name, "password_hash": password_hash, "created_at": self._clock.now()}
        if not await insert_once(tx, AccountRow, values, unique=["email"]):
            raise Conflict("An account with this e-mail exists already. Sign in instead.", code="email_taken")
        return view

    async def register(self, tx: Tx, email: str, password: str, name: str = "") -> AccountView:
        """Raises Invalid with fields, Conflict `email_taken`. `prepare` then `add` keeps the transaction shorter."""
        email, password_hash = await self.prepare(email, password)
        return await self.add(tx, email, password_hash, name)

    async def authenticate(self, email: str, password: str) -> AccountView:
        """Raises Unauthenticated `wrong_credentials`, the same for an unknown e-mail and a wrong password, after the same time."""
        row = await self._row(email)
        known = row.password_hash if row else None
        if not await self._passwords.matches(known, password[: PASSWORD_MAX + 1]) or row is None:
            raise Unauthenticated("The e-mail or the password is not right.", code="wrong_credentials")
        if self._passwords.outdated(row.password_hash):
            await self._rehash(row.id, password)
        return _view(row)

    async def get(self, account_id: AccountId) -> AccountView:
        async with self._database.read() as tx:
            row = await tx.get(AccountRow, account_id)
        if row is None:
            raise NotFound("There is no such account.")
        return _view(row)

    async def by_email(self, email: str) -> AccountView | None:
        row = await self._row(email)
        return _view(row) if row else None

    async def mark_verified(self, tx: Tx, account_id: AccountId) -> None:
        """The person proved the e-mail. The first moment stays."""
        verify = update(AccountRow).where(col(AccountRow.id) == account_id, col(AccountRow.verified_at).is_(None))
        await tx.execute(verify.values(verified_at=self._clock.now()))

    async def _row(self, email: str) -> AccountRow | None:
        try:
            email = normal_email(email)
        except Invalid:
            return None
        async with self._database.read() as tx:
            return (await tx.scalars(select(AccountRow).where(col(AccountRow.email) == email))).first()

    async def _rehash(self, account_id: str, password: str) -> None:
        fresh = await self._passwords.hash(password)
        async with self._database.write() as tx:
            await tx.execute(update(AccountRow).where(col(AccountRow.id) == account_id).values(password_hash=fresh))


def _name(name: str, email: str) -> str:
    return " ".join(name.split())[:120] or email.partition("@")[0]


def _view(row: AccountRow) -> AccountView:
    return AccountView(AccountId(row.id), row.email, row.name, email_verified=row.verified_at is not None)
