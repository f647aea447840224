"""What identity needs from other rooms, and offers to those that must not know how it is done."""

from __future__ import annotations

from typing import Protocol

from backend.identity.service import AccountView


class Registrar(Protocol):
    """Makes an account with all that belongs to it."""

    async def register(self, email: str, password: str, name: str = "") -> AccountView: ...


class ProofSender(Protocol):
    """Asks a person to prove the e-mail address of an account."""

    async def send(self, account: AccountView) -> None: ...


class Proven(Protocol):
    """Hands an account what waited for the proof of its e-mail address. Safe to repeat."""

    async def __call__(self, account: AccountView, /) -> object: ...
