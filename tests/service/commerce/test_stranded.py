"""Money was taken and the shop would not place the order: the operators are told, try again, or say that they dealt with it by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import update
from sqlmodel import col

from backend.commerce import till
from backend.commerce.attempts import Stage
from backend.commerce.gateways import TEST
from backend.commerce.models import AttemptRow
from backend.commerce.outcomes import StrandedView
from backend.commerce.seen import Seen
from backend.commerce.sweep import Sweep
from backend.commerce.telling import Telling
from backend.kernel.clock import FrozenClock
from backend.kernel.errors import Conflict, DomainError, Invalid, NotFound, Unavailable, UpstreamFailed
from backend.mail import Mail
from backend.shop.models import CheckoutRow, VariantRow
from tests.service.commerce.desk import ADA, Desk, lost_before, open_desk, says
from tests.service.commerce.shop import Mall

OPERATORS = ("one@example.com", "two@example.com")


@dataclass
class Post:
    """A post office. refused: what it says instead of taking a mail to such an address."""

    sent: list[tuple[Mail, str]] = field(default_factory=list)
    refused: dict[str, DomainError] = field(default_factory=dict)

    async def send(self, mail: Mail, *, key: str) -> None:
        if mail.to in self.refused:
            raise self.refused[mail.to]
        self.sent.append((mail, key))


@pytest.fixture
def desk(mall: Mall, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(till, "WAITS", (0.01, 0.02))
    return open_desk(mall, clock)


async def stock(desk: Desk, number: int) -> None:
    async with desk.mall.database.write() as tx:
        await tx.execute(update(VariantRow).where(col(VariantRow.sku) == "CSA-PRO").values(track_inventory=True, stock=number))


async def strand(desk: Desk) -> tuple[Seen, StrandedView]:
    """Sold out between the payment and the order. What was shown, and what the operator is shown."""
    shown = await desk.cart("CSA-PRO")

    async def sold_out(_request: httpx.Request, go: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
        await stock(desk, 0)
        return await go()

    desk.way.once("CheckoutComplete", sold_out)
    assert (await desk.pay(shown)).kind == "stranded"
    (payment,) = await desk.till.stranded()
    return shown, payment


async def nameless(desk: Desk) -> Seen:
    """Paid, and the shop forgot who buys before it could place the order: staff can change a checkout too. What was shown."""
    shown = await desk.cart("CSA-PRO")

    async def forgets(_request: httpx.Request, go: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
        async with desk.mall.database.write() as tx:
            await tx.execute(update(CheckoutRow).values(email=None, billing=None))
        return await go()

    desk.way.once("CheckoutComplete", forgets)
    return shown


async def test_a_paid_order_whose_buyer_the_shop_forgot_is_placed_with_the_address_of_the_form(desk: Desk) -> None:
    shown = await nameless(desk)
    outcome = await desk.pay(shown)
    assert (outcome.kind, outcome.message) == ("refused", "Enter an e-mail address first.")
    assert (await desk.pay(shown)).kind == "placed"
    assert desk.way.count("TransactionInitialize") == 1


async def test_a_paid_order_whose_buyer_never_came_back_with_an_address_is_told_to_the_operators(desk: Desk) -> None:
    await desk.pay(await nameless(desk))
    desk.clock.advance(timedelta(minutes=30))
    assert await desk.till.sweep() == 0
    assert await desk.till.stranded() == []
    desk.clock.advance(timedelta(minutes=31))
    assert await desk.till.sweep() == 0
    (payment,) = await desk.till.stranded()
    assert (payment.reason, str(payment.amount)) == ("Enter an e-mail address first.", "$49.99")


async def test_trying_again_places_the_order_once_the_shop_allows_it_and_pays_nothing(desk: Desk) -> None:
    _, payment = await strand(desk)
    refused = await desk.till.retry_stranded(payment.id)
    assert (refused.words, refused.order_ref) == ("The shop still refuses: There are not enough of this left.", "")
    assert [one.id for one in await desk.till.stranded()] == [payment.id]
    await stock(desk, 5)
    placed = await desk.till.retry_stranded(payment.id)
    assert (placed.words, placed.order_ref) == ("The order was placed, and goes its way like any other.", "ord_1")
    assert await desk.till.stranded() == []
    assert desk.way.count("TransactionInitialize") == 1
    with pytest.raises(Conflict, match="was placed meanwhile"):
        await desk.till.retry_stranded(payment.id)


async def test_two_operators_who_try_at_once_place_one_order(desk: Desk) -> None:
    _, payment = await strand(desk)
    await stock(desk, 5)
    found = await asyncio.gather(*(desk.till.retry_stranded(payment.id) for _ in range(3)), return_exceptions=True)
    refused = [one for one in found if isinstance(one, BaseException)]
    assert len(refused) == 2
    assert {type(one) for one in refused} == {Conflict}
    assert list(desk.book.refs.values()) == ["ord_1"]


async def test_an_order_placed_by_an_operator_is_given_to_the_browser_that_bought_it(desk: Desk) -> None:
    _, payment = await strand(desk)
    await stock(desk, 5)
    await desk.till.retry_stranded(payment.id)
    assert desk.book.visitors == {}
    standing = await desk.till.look(ADA)
    assert standing.outcome is not None
    assert (standing.outcome.kind, standing.outcome.order_ref) == ("placed", "ord_1")
    assert desk.book.visitors == {"ord_1": "ada"}


async def test_while_the_shop_is_away_it_stays_listed(desk: Desk) -> None:
    _, payment = await strand(desk)
    desk.way.once("CheckoutComplete", lost_before)
    assert "Nothing was changed" in (await desk.till.retry_stranded(payment.id)).words
    assert [one.id for one in await desk.till.stranded()] == [payment.id]


async def test_a_payment_that_does_not_cover_the_order_any_more_is_not_dropped_from_the_list(desk: Desk) -> None:
    _, payment = await strand(desk)
    error = {"field": None, "code": "CHECKOUT_NOT_FULLY_PAID", "message": "not paid", "variants": None, "addressType": None, "lines": None}
    desk.way.once("CheckoutComplete", says(checkoutComplete={"order": None, "errors": [error]}))
    assert (await desk.till.retry_stranded(payment.id)).words == "The shop still refuses: The payment does not cover the total yet."
    (kept,) = await desk.till.stranded()
    assert kept.reason == "The payment does not cover the total yet."


async def test_what_was_dealt_with_by_hand_is_kept_with_who_when_and_why_and_listed_no_more(desk: Desk, clock: FrozenClock) -> None:
    _, payment = await strand(desk)
    for nothing in ("", " \n "):
        with pytest.raises(Invalid) as refused:
            await desk.till.settle_stranded(payment.id, nothing, "op@example.com")
        assert set(refused.value.fields) == {"reason"}
    await desk.till.settle_stranded(payment.id, "  Refunded in\nStripe ", "op@example.com")
    assert await desk.till.stranded() == []
    (kept,) = await desk.till.settled()
    assert (kept.id, kept.settled_by, kept.settled_reason, kept.settled_at) == (
        payment.id,
        "op@example.com",
        "Refunded in Stripe",
        clock.now(),
    )
    assert kept.reason == payment.reason
    for act in (desk.till.retry_stranded(payment.id), desk.till.settle_stranded(payment.id, "Again", "two@example.com")):
        with pytest.raises(Conflict, match=r"op@example\.com has dealt with"):
            await act


async def test_the_buyer_of_a_settled_payment_can_order_nothing_with_it_any_more(desk: Desk) -> None:
    shown, payment = await strand(desk)
    await desk.till.settle_stranded(payment.id, "Refunded", "op@example.com")
    await stock(desk, 5)
    for found in (await desk.pay(shown), await desk.till.check(ADA, shown.checkout_id)):
        assert (found.kind, payment.id in found.message) == ("gone", True)
    assert await desk.carts.current("ada") is None
    assert desk.book.refs == {}
    await desk.cart("CREDITS-100")
    assert len((await desk.checkout()).lines) == 1, "the next cart is a new one"


async def test_what_is_not_stranded_is_refused_in_words(desk: Desk) -> None:
    for act in (desk.till.retry_stranded("pay_nobodys"), desk.till.settle_stranded("pay_nobodys", "x", "op@example.com")):
        with pytest.raises(NotFound):
            await act
    _, payment = await strand(desk)
    async with desk.mall.database.write() as tx:
        await tx.execute(update(AttemptRow).values(stage=Stage.PENDING))
    with pytest.raises(Conflict, match="does not wait for anybody"):
        await desk.till.retry_stranded(payment.id)
    async with desk.mall.database.write() as tx:
        await tx.execute(update(AttemptRow).values(stage=Stage.STRANDED, held_by="another", held_until=desk.clock.now()))
    with pytest.raises(Conflict, match="just now"):
        await desk.till.settle_stranded(payment.id, "x", "op@example.com")


def sweep(desk: Desk, post: Post, operators: tuple[str, ...] = OPERATORS) -> Sweep:
    telling = Telling(desk.mall.database, desk.clock, post, "Acme", "https://acme.test", operators)
    return Sweep(desk.till, telling)


async def test_every_operator_is_told_once_however_often_the_shop_refuses(desk: Desk) -> None:
    post = Post()
    _, payment = await strand(desk)
    await sweep(desk, post).run()
    await desk.till.retry_stranded(payment.id)
    await sweep(desk, post).run()
    assert [mail.to for mail, _ in post.sent] == list(OPERATORS)
    assert len({key for _, key in post.sent}) == 2
    mail, _ = post.sent[0]
    assert mail.subject == "Paid, but not ordered: $49.99"
    wanted = ("$49.99", "ada@example.com", TEST, payment.transaction_id, payment.id, "There are not enough of this left.")
    assert [words for words in (*wanted, "https://acme.test/operator/orders") if words not in mail.text] == []


async def test_a_mail_server_that_is_away_is_asked_again_and_an_address_refused_for_good_is_not(desk: Desk) -> None:
    post = Post(refused={OPERATORS[0]: UpstreamFailed("No such box."), OPERATORS[1]: Unavailable("Away.")})
    await strand(desk)
    await sweep(desk, post).run()
    assert post.sent == []
    del post.refused[OPERATORS[1]]
    for _ in range(2):
        await sweep(desk, post).run()
    assert [mail.to for mail, _ in post.sent] == [OPERATORS[1]]


async def test_what_nobody_could_be_told_of_is_told_to_the_first_operator_there_is(desk: Desk) -> None:
    post = Post()
    await strand(desk)
    await sweep(desk, post, ()).run()
    await sweep(desk, post, OPERATORS[:1]).run()
    assert len(post.sent) == 1


async def test_nobody_is_told_of_what_was_placed_or_dealt_with_meanwhile(desk: Desk) -> None:
    post = Post()
    _, payment = await strand(desk)
    await desk.till.settle_stranded(payment.id, "Refunded", "op@example.com")
    await sweep(desk, post).run()
    assert post.sent == []
