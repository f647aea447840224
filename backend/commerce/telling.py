"""Mails to the operators about payments without their order: once for each, however often the shop refuses it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from backend.commerce import attempts
from backend.commerce.outcomes import StrandedView, stranded_of
from backend.db.engine import Database
from backend.kernel.clock import Clock
from backend.kernel.errors import DomainError, Unavailable
from backend.mail import Mail, Mailer

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Telling:
    """operators_at: their e-mail addresses. Without any, payments wait untold until there is one."""

    database: Database
    clock: Clock
    mailer: Mailer
    brand: str
    base_url: str
    operators_at: Sequence[str] = ()

    async def operators(self) -> None:
        """Tell of what nobody was told of. While the mail server is away it waits for the next time; a mail sent twice after a crash has
        the same Message-ID.
        """
        if not self.operators_at:
            return
        async with self.database.read() as tx:
            untold = [stranded_of(row) for row in await attempts.stranded(tx, untold=True)]
        for payment in untold:
            try:
                for to in self.operators_at:
                    await self._send(payment, to)
            except Unavailable as fault:
                _log.warning("operators are not told yet of the payment %s: %s", payment.id, fault.detail)
                return
            async with self.database.write() as tx:
                await attempts.told(tx, payment.id, self.clock.now())

    async def _send(self, payment: StrandedView, to: str) -> None:
        """An address that is refused for good must not keep the others from being told. Raises Unavailable."""
        try:
            await self.mailer.send(letter(payment, to, brand=self.brand, base_url=self.base_url), key=f"{payment.id}:stranded:{to}")
        except Unavailable:
            raise
        except DomainError as refusal:
            _log.error("an operator cannot be told of the payment %s: %s", payment.id, refusal.detail)


def letter(payment: StrandedView, to: str, *, brand: str, base_url: str) -> Mail:
    """To an operator: money was taken, and the shop would not place the order."""
    facts = [
        f"Buyer: {payment.email or 'not known'}",
        f"Way to pay: {payment.gateway or 'not known'}",
        f"Transaction: {payment.transaction_id or 'not known'}",
        f"Since: {payment.at:%Y-%m-%d %H:%M} UTC",
        f"Reference the buyer was given: {payment.id}",
    ]
    parts = [
        f"At {brand}, {payment.amount} was paid, and the order could not be placed.",
        f"The shop says: {payment.reason}",
        "\n".join(facts),
        f"Try again there, or give the money back and say so:\n{base_url}/operator/orders",
        "The buyer is not charged again. You get this mail once for this payment.",
    ]
    return Mail(to, f"Paid, but not ordered: {payment.amount}", "\n\n".join(parts) + "\n")
