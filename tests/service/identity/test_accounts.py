from __future__ import annotations

import pytest
from sqlmodel import select

from backend.identity.models import AccountRow
from backend.kernel.errors import Conflict, Invalid, NotFound, Unauthenticated
from backend.kernel.ids import AccountId
from tests.service.identity.people import PASSWORD, Town


async def test_an_account_is_found_by_any_spelling_of_its_email(town: Town) -> None:
    account = await town.person("Ann@Example.com")
    assert account.email == "ann@example.com"
    assert await town.accounts.by_email("ANN@example.com") == account
    assert await town.accounts.get(account.id) == account


async def test_an_email_is_taken_once_whatever_its_case(town: Town) -> None:
    await town.person("ann@example.com")
    with pytest.raises(Conflict) as caught:
        await town.person("ANN@example.com")
    assert caught.value.code == "email_taken"


async def test_every_fault_of_a_registration_is_told_at_once(town: Town) -> None:
    with pytest.raises(Invalid) as caught:
        await town.sign_up.register("nonsense", "short")
    assert set(caught.value.fields) == {"email", "password"}


async def test_the_password_is_kept_as_argon2id_only(town: Town) -> None:
    await town.person()
    async with town.database.read() as tx:
        row = (await tx.scalars(select(AccountRow))).one()
    assert row.password_hash.startswith("$argon2id$")
    assert PASSWORD not in repr(row)


async def test_the_right_password_signs_in(town: Town) -> None:
    account = await town.person()
    assert await town.accounts.authenticate("Ann@example.com", PASSWORD) == account


@pytest.mark.parametrize("email", ["ann@example.com", "nobody@example.com", "not an address"])
async def test_a_wrong_password_and_an_unknown_email_answer_the_same(town: Town, email: str) -> None:
    await town.person()
    with pytest.raises(Unauthenticated) as caught:
        await town.accounts.authenticate(email, "a wrong password")
    assert (caught.value.code, caught.value.detail) == ("wrong_credentials", "The e-mail or the password is not right.")


async def test_an_unknown_account_is_not_found(town: Town) -> None:
    with pytest.raises(NotFound):
        await town.accounts.get(AccountId("acc_none"))


async def test_a_new_account_has_its_own_workspace_as_owner(town: Town) -> None:
    account = await town.person()
    assert [m.role.value for m in await town.workspaces.of(account.id)] == ["owner"]


async def test_an_old_hash_is_renewed_at_the_next_sign_in(town: Town) -> None:
    from backend.identity.passwords import Passwords
    from backend.identity.service import Accounts

    account = await town.person()
    stronger = Accounts(town.database, town.clock, Passwords(memory=128, rounds=1))
    await stronger.authenticate(account.email, PASSWORD)
    async with town.database.read() as tx:
        assert "m=128," in (await tx.scalars(select(AccountRow))).one().password_hash
    assert await stronger.authenticate(account.email, PASSWORD) == account
