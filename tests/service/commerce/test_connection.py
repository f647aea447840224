"""The app's token: sealed where it is kept, proven by asking the shop, and told apart from none."""

from __future__ import annotations

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from backend.commerce.connection import AppConnection
from backend.commerce.models import ConnectionRow
from backend.db.engine import Database
from backend.kernel.errors import Unauthenticated, Unavailable
from backend.kernel.secrets import SecretBox
from backend.settings import Settings
from tests.service.commerce.shop import Mall


def _connection(database: Database, settings: Settings, secret: str = "secret") -> AppConnection:
    return AppConnection(database, settings, SecretBox(secret, "saleor"))


async def test_without_an_installation_there_is_no_token(database: Database, settings: Settings) -> None:
    connection = _connection(database, settings)
    assert await connection.app_id() == ""
    with pytest.raises(Unavailable) as missing:
        await connection.token()
    assert missing.value.code == "app_not_installed"


async def test_the_last_token_counts_and_is_not_readable_in_the_table(database: Database, settings: Settings) -> None:
    connection = _connection(database, settings)
    await connection.store("QXBwOjE=", "first-token")
    await connection.store("QXBwOjI=", "second-token")
    assert (await connection.app_id(), await connection.token()) == ("QXBwOjI=", "second-token")
    async with database.read() as tx:
        (row,) = (await tx.scalars(select(ConnectionRow))).all()
    assert "second-token" not in row.sealed_token


async def test_a_token_sealed_under_another_secret_is_not_taken(database: Database, settings: Settings) -> None:
    await _connection(database, settings).store("QXBwOjE=", "token")
    with pytest.raises(Unavailable) as sealed:
        await _connection(database, settings, "another secret").token()
    assert sealed.value.code == "app_sealed"


async def test_one_shop_does_not_see_the_token_of_another(database: Database, settings: Settings) -> None:
    await _connection(database, settings).store("QXBwOjE=", "token")
    elsewhere = settings.model_copy(update={"saleor_api_url": "https://shop.example.com/graphql/"})
    assert await _connection(database, elsewhere).app_id() == ""


async def test_a_token_in_the_settings_wins(database: Database, settings: Settings) -> None:
    await _connection(database, settings).store("QXBwOjE=", "learnt")
    given = settings.model_copy(update={"saleor_app_token": SecretStr("given")})
    assert await _connection(database, given).token() == "given"
    # The row is of an installation that may be gone: whose the given token is, only the shop knows.
    assert await _connection(database, given).app_id() == ""


async def test_the_shop_says_whose_token_it_is(mall: Mall) -> None:
    assert (await mall.commerce.app(mall.token)).name == "CMP"


async def test_a_token_the_shop_does_not_know_proves_nothing(mall: Mall) -> None:
    with pytest.raises(Unauthenticated):
        await mall.commerce.app("made-up")
