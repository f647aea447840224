"""A mail server or a shop that is away loses no mail, note or alert: the poll takes up what is owed."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest
from dbos import error as durable_error

from backend.kernel.errors import Unavailable
from backend.mail import Mail, Mailer
from tests.conftest import NOW
from tests.service.provisioner.house import House
from tests.service.provisioner.saleor import FakeSaleor
from tests.service.provisioner.test_provisioning import letters, status

SINCE = NOW - timedelta(days=1)


class Flaky:
    """A mail server that is away while `down`."""

    def __init__(self, inner: Mailer) -> None:
        self._inner, self.down, self.asked = inner, True, 0

    async def send(self, mail: Mail, *, key: str) -> None:
        self.asked += 1
        if self.down:
            raise Unavailable("The mail server cannot be reached.")
        await self._inner.send(mail, key=key)


@pytest.fixture
def mailer(house: House) -> Flaky:
    flaky = Flaky(house.workflow.telling.mailer)
    object.__setattr__(house.workflow.telling, "mailer", flaky)
    return flaky


async def settled(house: House) -> None:
    """Every workflow to its end, whatever that was."""
    for workflow_id in await house.begun():
        with contextlib.suppress(durable_error.DBOSMaxStepRetriesExceeded):
            await house.wait(workflow_id)


@pytest.mark.parametrize(
    ("sku", "email", "to"),
    [
        ("CREDITS-100", "buyer@example.com", "buyer@example.com"),
        ("CREDITS-100", "nobody@example.com", "nobody@example.com"),
        ("T-SHIRT", "buyer@example.com", "operator@example.com"),
    ],
)
async def test_a_mail_that_an_outage_kept_back_is_sent_by_the_poll(
    house: House, saleor: FakeSaleor, mailer: Flaky, sku: str, email: str, to: str
) -> None:
    await house.member()
    order_id = saleor.place(sku, email=email)
    raw, headers = saleor.delivery(order_id)
    ref = await house.provisioner.receive("paid", raw, headers)
    await settled(house)
    assert (mailer.asked, letters(house)) == (3, [])
    mailer.down = False
    saleor.orders[order_id]["updatedAt"] = "2026-10-01T00:00:00+00:00"
    assert (await house.reconciler.reconcile(SINCE)).taken_up == (ref,)
    await settled(house)
    assert [letter["To"] for letter in letters(house)] == [to]
    assert (await house.reconciler.reconcile(SINCE)).taken_up == ()


async def test_a_claimed_order_owes_its_buyer_another_mail(house: House, saleor: FakeSaleor, mailer: Flaky) -> None:
    mailer.down = False
    ref = await house.deliver(saleor, saleor.place("CREDITS-100", email="late@example.com"))
    account, _ = await house.member("late@example.com")
    mailer.down = True
    assert await house.orders.claim(account) == [ref]
    await settled(house)
    assert (await status(house, ref), len(letters(house))) == ("ready", 1)
    mailer.down = False
    assert (await house.reconciler.reconcile(SINCE)).taken_up == (ref,)
    await settled(house)
    assert len(letters(house)) == 2


async def test_an_address_that_is_none_is_for_the_operator_and_not_tried_for_ever(house: House, saleor: FakeSaleor) -> None:
    ref = await house.deliver(saleor, saleor.place("CREDITS-100", email="not an address"))
    assert await status(house, ref) == "needs_hand"
    assert (await house.reconciler.reconcile(SINCE)).taken_up == ()


async def test_a_note_that_saleor_could_not_take_is_left_by_the_next_look(
    house: House, saleor: FakeSaleor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.member()

    async def away(*_: object) -> str:
        raise Unavailable("The shop cannot be reached.")

    with monkeypatch.context() as patch:
        patch.setattr(type(house.workflow.handover), "annotate", away)
        raw, headers = saleor.delivery(saleor.place("CREDITS-100"))
        ref = await house.provisioner.receive("paid", raw, headers)
        await settled(house)
    assert saleor.written == ["fulfil"]
    assert (await house.reconciler.reconcile(SINCE)).taken_up == (ref,)
    await settled(house)
    assert saleor.written == ["fulfil", "note", "metadata"]
