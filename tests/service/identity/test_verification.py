from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from backend.identity.models import AccountRow, EmailProofRow
from backend.identity.service import AccountView
from backend.identity.verification import LINKS_AN_HOUR, EmailVerification
from backend.kernel.errors import Invalid, RateLimited, Unavailable
from backend.mail import Mail
from tests.service.identity.people import Town


async def test_the_mailed_link_proves_the_address(town: Town) -> None:
    account = await town.person()
    assert not account.email_verified
    assert town.outbox.sent[0].to == account.email
    assert (await town.verification.confirm(town.outbox.link())).email_verified


async def test_a_link_works_once(town: Town) -> None:
    await town.person()
    await town.verification.confirm(town.outbox.link())
    with pytest.raises(Invalid) as caught:
        await town.verification.confirm(town.outbox.link())
    assert caught.value.code == "link_invalid"


@pytest.mark.parametrize("token", ["", "made-up"])
async def test_a_made_up_link_does_not_work(town: Town, token: str) -> None:
    await town.person()
    with pytest.raises(Invalid):
        await town.verification.confirm(token)


async def test_a_link_older_than_two_days_does_not_work(town: Town) -> None:
    await town.person()
    town.clock.advance(timedelta(hours=48))
    with pytest.raises(Invalid):
        await town.verification.confirm(town.outbox.link())


async def test_a_link_for_an_address_since_changed_proves_nothing_and_is_not_spent(town: Town) -> None:
    account = await town.person()
    async with town.database.write() as tx:
        (await tx.scalars(select(AccountRow))).one().email = "other@example.com"
    with pytest.raises(Invalid):
        await town.verification.confirm(town.outbox.link())
    assert not (await town.accounts.get(account.id)).email_verified


async def test_the_links_token_is_not_stored(town: Town) -> None:
    await town.person()
    async with town.database.read() as tx:
        assert town.outbox.link() not in repr((await tx.scalars(select(EmailProofRow))).one())


async def test_another_link_can_be_asked_for_a_few_times_an_hour(town: Town) -> None:
    account = await town.person()
    for _ in range(LINKS_AN_HOUR - 1):
        await town.verification.again(account.id)
    with pytest.raises(RateLimited):
        await town.verification.again(account.id)
    town.clock.advance(timedelta(hours=1))
    await town.verification.again(account.id)
    assert (await town.verification.confirm(town.outbox.link())).email_verified


async def test_a_proven_address_is_sent_nothing_more(town: Town) -> None:
    account = await town.person()
    await town.verification.confirm(town.outbox.link())
    await town.verification.again(account.id)
    assert len(town.outbox.sent) == 1


class _Down:
    async def send(self, mail: Mail, *, key: str) -> None:
        raise Unavailable("the mail server does not answer")


async def test_a_mail_server_that_is_down_does_not_undo_a_registration(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    account: AccountView = await town.person()
    await EmailVerification(town.database, town.clock, town.accounts, _Down(), town.settings, town.callers).send(account)
    assert account.id in caplog.text
