"""One order on the operator's desk: what happened to it, and what can be done about it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import reflex as rx

from backend.kernel.caller import Caller
from backend.kernel.errors import DomainError, Invalid
from cmp_web.state.app_base import LOADING, Loading
from cmp_web.state.operator_orders import OperatorOrders
from cmp_web.state.operator_rows import Sheet, sheet
from cmp_web.state.services import services
from cmp_web.state.session import caller_of, operator_only

WATCH_SECONDS = 5 * 60
FIRST, LATER = 0.5, 3.0
"""Seconds between two looks at an order that moves: in the first half minute, and after it."""
UNIT = "unit:"
"""What the names of the form's boxes begin with, each followed by the key of its unit."""


class OperatorOrder(Loading, rx.State):
    """ref: of the open order, "" when none is. busy: the act under way, "" when none is.

    turn: grows with each act done, so that the second click of a double click is known by its old turn. opened: grows with each look at
    the page, so that only the last one is followed. tries: grows with each act refused for a field, which then takes the focus.
    """

    ref: str = ""
    sheet: Sheet = Sheet()
    turn: int = 0
    opened: int = 0
    tries: int = 0
    busy: str = ""
    said: str = ""
    problem: str = ""
    units_fault: str = ""
    reason_fault: str = ""

    @rx.event
    @operator_only
    async def load(self, caller: Caller) -> Any:
        """Show the order the address names, or none."""
        asked = self.router.url.query_parameters.get("order", "")
        self.opened += 1
        if asked != self.ref:
            self.ref, self.sheet, self.phase = asked, Sheet(), LOADING
            self._hush()
            self.said = ""
            yield
        if not asked:
            return
        with self._loading():
            await self._look()
        if self.sheet.moving:
            yield OperatorOrder.watch(self.opened, self.sheet.looks - 1)

    @rx.event
    @operator_only
    async def retry(self, caller: Caller, turn: int) -> Any:
        if turn == self.turn:
            self._begin("retry")
            yield
            yield await self._done(services().desk.retry(caller, self.ref), "It is being tried again.")

    @rx.event
    @operator_only
    async def restore(self, caller: Caller, turn: int) -> Any:
        if turn == self.turn:
            self._begin("restore")
            yield
            yield await self._done(
                services().desk.restore(caller, self.ref), "The agents run again, and the credits that were taken back are there again."
            )

    @rx.event
    @operator_only
    async def take_back(self, caller: Caller, form: dict[str, Any]) -> Any:
        if str(form.get("turn")) == str(self.turn):
            self._begin("take_back")
            yield
            chosen = [_unit(name) for name in form if name.startswith(UNIT)]
            act = services().desk.take_back(caller, self.ref, chosen, str(form.get("take-reason", "")))
            yield await self._done(act, "What you chose was taken back.")

    @rx.event
    @operator_only
    async def keep(self, caller: Caller, form: dict[str, Any]) -> Any:
        if str(form.get("turn")) == str(self.turn):
            self._begin("keep")
            yield
            act = services().desk.keep(caller, self.ref, str(form.get("keep-reason", "")))
            yield await self._done(act, "The buyer keeps everything.")

    @rx.event(background=True)
    @operator_only
    async def watch(self, caller: Caller, opened: int, looks: int) -> Any:
        """Look again until Saleor was looked at more than `looks` times and the order moves no more, the reader has left, or five minutes
        are over."""
        began = services().clock.now()
        while True:
            waited = (services().clock.now() - began).total_seconds()
            if waited > WATCH_SECONDS:
                return
            await asyncio.sleep(FIRST if waited < 30 else LATER)
            async with self:
                now = await caller_of(self)
                if self.opened != opened:
                    return
                if now is None or not now.operator:
                    yield OperatorOrder.load
                    return
                await self._look()
                if not self.sheet.moving and self.sheet.looks > looks:
                    self.said = self._outcome()
                    await (await self.get_state(OperatorOrders))._fill()
                    return

    async def _look(self) -> None:
        self.sheet = sheet(await services().desk.order(self.ref), services().clock.now())

    def _begin(self, act: str) -> None:
        self._hush()
        self.busy, self.said = act, ""

    def _hush(self) -> None:
        self.problem = self.units_fault = self.reason_fault = ""

    async def _done(self, act: Awaitable[None], words: str) -> Any:
        """Do it, say so, and show the order as it is now; or say at its field why it cannot be done."""
        looks = self.sheet.looks
        try:
            await act
            self.turn, self.opened, self.said = self.turn + 1, self.opened + 1, words
            await self._look()
            await (await self.get_state(OperatorOrders))._fill()
        except Invalid as error:
            self.units_fault, self.reason_fault = error.fields.get("units", ""), error.fields.get("reason", "")
            self.problem = "" if self.units_fault or self.reason_fault else error.detail
            self.tries += 1
            return None
        except DomainError as error:
            self.problem = error.detail
            return None
        finally:
            self.busy = ""
        return OperatorOrder.watch(self.opened, looks)

    def _outcome(self) -> str:
        return f"{self.sheet.heading} {self.sheet.reason}" if self.sheet.reason else "The order is complete."


def _unit(name: str) -> tuple[str, int]:
    """`unit:<line>:<n>` as the line and the number of its piece; a number that is none is no piece of any line."""
    line, _, number = name.removeprefix(UNIT).rpartition(":")
    return line, int(number) if number.isdecimal() else 0
