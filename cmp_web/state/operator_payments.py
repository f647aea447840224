"""Payments whose order the shop would not place, above the orders: try again, or say that it was dealt with by hand."""

from __future__ import annotations

from typing import Any

import reflex as rx

from backend.kernel.caller import Caller
from backend.kernel.errors import DomainError, Invalid
from cmp_web.state.app_base import Loading
from cmp_web.state.operator_orders import OperatorOrders
from cmp_web.state.operator_rows import Unordered, address, unordered
from cmp_web.state.services import services
from cmp_web.state.session import operator_only


class OperatorPayments(Loading, rx.State):
    """busy: the payment that is worked on, "" when none is. asked: the one whose dialog is open. placed: the address of the order that was
    placed just now, "" when none was.

    turn: grows with each act done, so that the second click of a double click is known by its old turn. tries: grows with each reason
    refused, whose field then takes the focus.
    """

    rows: list[Unordered] = []
    asked: Unordered = Unordered()
    turn: int = 0
    tries: int = 0
    busy: str = ""
    said: str = ""
    placed: str = ""
    waits: str = ""
    problem: str = ""
    reason_fault: str = ""

    @rx.event
    @operator_only
    async def load(self, caller: Caller) -> None:
        with self._loading():
            self._hush()
            await self._look()

    @rx.event
    @operator_only
    async def ask(self, caller: Caller, payment: str) -> None:
        """The dialog opens by itself; it is told here which payment it is about."""
        self.asked = next((row for row in self.rows if row.ref == payment), Unordered())
        self.reason_fault = ""

    @rx.event
    @operator_only
    async def retry(self, caller: Caller, payment: str, turn: int) -> Any:
        if turn != self.turn:
            return
        self._hush()
        self.busy = payment
        yield
        try:
            tried = await services().till.retry_stranded(payment)
            self.said, self.waits = (tried.words, "") if tried.order_ref else ("", tried.words)
            self.placed = address({}, order=tried.order_ref) if tried.order_ref else ""
        except DomainError as error:
            self.problem = error.detail
        await self._done()

    @rx.event
    @operator_only
    async def settle(self, caller: Caller, form: dict[str, Any]) -> Any:
        if str(form.get("turn")) != str(self.turn):
            return
        payment = str(form.get("payment", ""))
        self._hush()
        self.busy = payment
        yield
        try:
            await services().till.settle_stranded(payment, str(form.get("settle-reason", "")), caller.email)
            self.said = "It is kept as dealt with by hand, and listed no more."
        except Invalid as error:
            self.busy, self.reason_fault, self.tries = "", error.fields.get("reason", error.detail), self.tries + 1
            return
        except DomainError as error:
            self.problem = error.detail
        await self._done()

    def _hush(self) -> None:
        self.said = self.placed = self.waits = self.problem = self.reason_fault = ""

    async def _done(self) -> None:
        """Show what is left; what was done meanwhile by somebody else is seen too."""
        self.busy, self.turn = "", self.turn + 1
        try:
            await self._look()
            await (await self.get_state(OperatorOrders))._fill()
        except DomainError as error:
            self.problem = error.detail

    async def _look(self) -> None:
        now = services().clock.now()
        self.rows = [unordered(payment, now) for payment in await services().till.stranded()]
