from __future__ import annotations

import pytest

from backend.kernel.errors import RateLimited, Unauthenticated
from tests.service.identity.people import PASSWORD, Town


async def attempt(town: Town, password: str, address: str = "192.0.2.1", email: str = "ann@example.com") -> str:
    return await town.sign_in(email, password, address=address, user_agent="a test")


async def fail(town: Town, times: int, address: str = "192.0.2.1", email: str = "ann@example.com") -> None:
    for _ in range(times):
        with pytest.raises(Unauthenticated):
            await attempt(town, "a wrong password", address, email)


@pytest.mark.usefixtures("one_moment")
async def test_guessing_is_slowed_down_even_for_the_right_password(town: Town) -> None:
    await town.person()
    await fail(town, 10)
    with pytest.raises(RateLimited) as caught:
        await attempt(town, PASSWORD)
    assert 0 < caught.value.retry_after <= 15 * 60 + 1


async def test_a_stranger_who_guesses_does_not_lock_the_owner_out(town: Town) -> None:
    await town.person()
    await fail(town, 10, address="198.51.100.7")
    assert await town.sessions.account(await attempt(town, PASSWORD, address="192.0.2.1"))


@pytest.mark.usefixtures("one_moment")
async def test_one_address_cannot_try_many_emails(town: Town) -> None:
    for number in range(6):
        await fail(town, 10, email=f"victim{number}@example.com")
    with pytest.raises(RateLimited):
        await attempt(town, "a wrong password", email="victim7@example.com")


async def test_success_clears_the_count(town: Town) -> None:
    await town.person()
    for _ in range(3):
        await fail(town, 9)
        await attempt(town, PASSWORD)
