from __future__ import annotations

from datetime import timedelta

from sqlmodel import select

from backend.identity.models import SessionRow
from tests.service.identity.people import Town


async def test_a_token_names_its_account(town: Town) -> None:
    account = await town.person()
    assert await town.sessions.account(await town.sessions.open(account.id, "Firefox")) == account


async def test_the_token_itself_is_not_stored(town: Town) -> None:
    token = await town.sessions.open((await town.person()).id, "Firefox")
    async with town.database.read() as tx:
        assert token not in repr((await tx.scalars(select(SessionRow))).one())


async def test_a_forged_token_is_nobody(town: Town) -> None:
    token = await town.sessions.open((await town.person()).id, "")
    assert await town.sessions.account(token[:-1] + ("A" if token[-1] != "A" else "B")) is None


async def test_a_closed_session_is_nobody_and_closing_again_is_harmless(town: Town) -> None:
    token = await town.sessions.open((await town.person()).id, "")
    await town.sessions.close(token)
    await town.sessions.close(token)
    assert await town.sessions.account(token) is None


async def test_a_session_unseen_for_two_weeks_is_over(town: Town) -> None:
    token = await town.sessions.open((await town.person()).id, "")
    town.clock.advance(timedelta(days=14))
    assert await town.sessions.account(token) is None


async def test_a_session_that_is_used_goes_on_until_thirty_days(town: Town) -> None:
    token = await town.sessions.open((await town.person()).id, "")
    for _ in range(3):
        town.clock.advance(timedelta(days=9, hours=23))
        assert await town.sessions.account(token) is not None
    town.clock.advance(timedelta(hours=3))
    assert await town.sessions.account(token) is None


async def test_signing_in_replaces_the_session_the_browser_had(town: Town) -> None:
    account = await town.person()
    before = await town.sessions.open(account.id, "")
    after = await town.sessions.open(account.id, "", replacing=before)
    assert await town.sessions.account(before) is None
    assert await town.sessions.account(after) == account
