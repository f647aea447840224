from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from backend.control_plane.budgets import MOST, Limits
from backend.control_plane.keyring import KeyWish
from backend.identity.keys import LONGEST, KeyLimits
from backend.kernel.caller import NEW_KEY_SCOPES, Caller, Scope
from backend.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from backend.kernel.ids import InstanceId
from backend.kernel.money import Credits
from tests.service.identity.people import Town

MANAGER = frozenset({Scope.MANAGE, Scope.RUNS})


async def program(town: Town, owner: Caller, wish: KeyWish) -> Caller:
    """Whoever holds a new key of the owner's."""
    caller = await town.access.caller(None, (await town.keyring.create(owner, wish)).secret)
    assert caller is not None
    return caller


async def test_a_key_is_what_was_wished_for(town: Town) -> None:
    ann = await town.member()
    agent = await town.agent(ann)
    end = town.clock.now() + timedelta(days=30)
    wish = KeyWish("Site", KeyLimits(frozenset({Scope.RUNS}), frozenset({agent.id}), end), Limits(Credits.of(1), Credits.of(20)))
    made = await town.keyring.create(ann, wish)
    assert made.detail.wish == wish
    assert [detail.wish for detail in await town.keyring.list(ann)] == [wish]


async def test_a_new_key_runs_and_reads_unless_it_is_told_otherwise(town: Town) -> None:
    made = await town.keyring.create(await town.member(), KeyWish("Site"))
    assert made.detail.key.limits == KeyLimits(NEW_KEY_SCOPES, None, None)


@pytest.mark.parametrize("field", ["scopes", "instances", "expires_at", "budget.day", "budget.month", "name"])
async def test_a_key_that_cannot_be_is_refused_by_the_field_and_leaves_nothing_behind(town: Town, field: str) -> None:
    ann, now = await town.member(), town.clock.now()
    limits = {
        "scopes": KeyLimits(scopes=frozenset()),
        "instances": KeyLimits(instances=frozenset()),
        "expires_at": KeyLimits(expires_at=now),
    }
    budget = {"budget.day": Limits(day=Credits(-1)), "budget.month": Limits(month=MOST + Credits(1))}
    wish = KeyWish("" if field == "name" else "Site", limits.get(field, KeyLimits()), budget.get(field, Limits()))
    with pytest.raises(Invalid) as refused:
        await town.keyring.create(ann, wish)
    assert list(refused.value.fields) == [field]
    assert await town.keyring.list(ann) == []


async def test_a_key_ends_within_ten_years(town: Town) -> None:
    ann = await town.member()
    with pytest.raises(Invalid):
        await town.keyring.create(ann, KeyWish("Site", KeyLimits(expires_at=town.clock.now() + LONGEST + timedelta(seconds=1))))


async def test_another_workspaces_agent_is_refused_like_one_that_does_not_exist(town: Town) -> None:
    ann, bob = await town.member(), await town.member("bob@example.com")
    told = []
    for instance in ((await town.agent(bob)).id, InstanceId("inst_none")):
        with pytest.raises(Invalid) as refused:
            await town.keyring.create(ann, KeyWish("Site", KeyLimits(instances=frozenset({instance}))))
        told.append(refused.value.fields["instances"].replace(instance, "X"))
    assert told == ["There is no agent X."] * 2


async def test_another_workspaces_key_can_not_be_seen_changed_or_revoked(town: Town) -> None:
    ann, bob = await town.member(), await town.member("bob@example.com")
    key = (await town.keyring.create(ann, KeyWish("Ann's"))).detail.key
    for act in (town.keyring.get(bob, key.id), town.keyring.change(bob, key.id, KeyWish("Mine")), town.keyring.revoke(bob, key.id)):
        with pytest.raises(NotFound):
            await act
    assert (await town.keyring.get(ann, key.id)).key.name == "Ann's"


async def test_a_revoked_key_cannot_be_changed_back_to_life(town: Town) -> None:
    ann = await town.member()
    key = (await town.keyring.create(ann, KeyWish("Site"))).detail.key
    await town.keyring.revoke(ann, key.id)
    with pytest.raises(Conflict):
        await town.keyring.change(ann, key.id, KeyWish("Site again"))


async def test_a_key_that_is_over_can_be_renamed_and_given_another_end(town: Town) -> None:
    ann = await town.member()
    made = await town.keyring.create(ann, KeyWish("Site", KeyLimits(expires_at=town.clock.now() + timedelta(days=1))))
    town.clock.advance(timedelta(days=2))
    renamed = await town.keyring.change(ann, made.detail.key.id, replace(made.detail.wish, name="Old site"))
    assert renamed.key.name == "Old site"
    later = replace(renamed.key.limits, expires_at=town.clock.now() + timedelta(days=1))
    await town.keyring.change(ann, made.detail.key.id, replace(renamed.wish, limits=later))
    assert await town.access.caller(None, made.secret) is not None


async def test_a_key_makes_changes_and_revokes_keys_that_are_no_stronger_than_itself(town: Town) -> None:
    ann = await town.member()
    strong = (await town.keyring.create(ann, KeyWish("Strong", KeyLimits(frozenset(Scope))))).detail
    manager = await program(town, ann, KeyWish("Manager", KeyLimits(MANAGER)))
    weak = await town.keyring.create(manager, KeyWish("Weak", KeyLimits(frozenset({Scope.RUNS}))))
    await town.keyring.change(manager, weak.detail.key.id, KeyWish("Weaker", KeyLimits(MANAGER)))
    await town.keyring.revoke(manager, weak.detail.key.id)
    for act in (
        town.keyring.create(manager, KeyWish("More", KeyLimits(frozenset({Scope.READ})))),
        town.keyring.change(manager, strong.key.id, KeyWish("Tamed", KeyLimits(MANAGER))),
        town.keyring.revoke(manager, strong.key.id),
    ):
        with pytest.raises(Forbidden) as refused:
            await act
        assert refused.value.code == "key_too_weak"
    assert manager.key_id is not None
    with pytest.raises(Forbidden):
        await town.keyring.change(manager, manager.key_id, KeyWish("Me", KeyLimits(frozenset(Scope))))
    await town.keyring.revoke(manager, manager.key_id)


async def test_a_key_with_an_end_or_with_agents_of_its_own_makes_none_that_goes_beyond(town: Town) -> None:
    ann = await town.member()
    mine, other = await town.agent(ann), await town.agent(ann, source_key="order-1:line-1:2")
    end = town.clock.now() + timedelta(days=1)
    bounds = KeyLimits(MANAGER, frozenset({mine.id}), end)
    manager = await program(town, ann, KeyWish("Manager", bounds))
    await town.keyring.create(manager, KeyWish("Same", bounds))
    beyond = [
        replace(bounds, instances=None),
        replace(bounds, instances=frozenset({mine.id, other.id})),
        replace(bounds, expires_at=None),
        replace(bounds, expires_at=end + timedelta(seconds=1)),
    ]
    for limits in beyond:
        with pytest.raises(Forbidden):
            await town.keyring.create(manager, KeyWish("Beyond", limits))


async def test_a_key_with_a_budget_cannot_multiply_it_by_making_keys(town: Town) -> None:
    ann = await town.member()
    manager = await program(town, ann, KeyWish("Manager", KeyLimits(MANAGER), Limits(day=Credits.of(1))))
    with pytest.raises(Forbidden):
        await town.keyring.create(manager, KeyWish("Same", KeyLimits(MANAGER), Limits(day=Credits.of(1))))
    assert manager.key_id is not None
    with pytest.raises(Forbidden):
        await town.keyring.change(manager, manager.key_id, KeyWish("Free", KeyLimits(MANAGER)))


async def test_a_key_that_is_limited_to_some_agents_sees_only_keys_within_them(town: Town) -> None:
    ann = await town.member()
    agent = await town.agent(ann)
    whole = (await town.keyring.create(ann, KeyWish("Whole"))).detail.key
    limited = await program(town, ann, KeyWish("Limited", KeyLimits(MANAGER | {Scope.READ}, frozenset({agent.id}))))
    assert [detail.key.name for detail in await town.keyring.list(limited)] == ["Limited"]
    with pytest.raises(NotFound):
        await town.keyring.get(limited, whole.id)
