from __future__ import annotations

from dataclasses import replace

import pytest

from backend import catalogue
from backend.control_plane.instances import Status
from backend.kernel.errors import Conflict, Invalid, NotFound
from backend.kernel.money import Credits
from tests.service.identity.people import Town


async def test_the_offerings_are_what_the_catalogue_says(town: Town) -> None:
    await town.offerings.sync(catalogue.load())
    await town.offerings.sync(catalogue.load())
    offered = await town.offerings.all()
    assert {o.sku for o in offered} == {"CSA-BASIC", "CSA-PRO", "KBA-BASIC", "KBA-PRO", "CREDITS-100", "CREDITS-500"}
    pro = next(o for o in offered if o.sku == "KBA-PRO")
    assert (pro.kind, pro.plan, pro.plan_name, pro.flow) == ("agent", "pro", "Pro", "knowledge-base-agent")
    assert (pro.terms.run, pro.terms.credits, pro.terms.widgets) == (Credits.of(2), Credits.of(200), 5)
    pack = next(o for o in offered if o.sku == "CREDITS-100")
    assert (pack.kind, pack.plan, pack.terms.credits) == ("credits", "", Credits.of(100))


async def test_a_product_that_left_the_catalogue_is_not_sold_but_still_explained(town: Town) -> None:
    products = catalogue.load()
    await town.offerings.sync(products)
    await town.offerings.sync([p for p in products if p.slug != "customer-support-agent"])
    assert "CSA-BASIC" not in {o.sku for o in await town.offerings.all()}
    assert await town.offerings.by_sku("CSA-BASIC") is not None
    assert await town.offerings.by_sku("NOPE") is None


async def test_the_same_source_makes_one_instance(town: Town) -> None:
    ann = await town.member()
    first = await town.agent(ann, source_key="order:line:1")
    assert await town.agent(ann, source_key="order:line:1") == first
    assert await town.instances.by_source("order:line:1") == first
    second = await town.agent(ann, source_key="order:line:2")
    assert {i.id for i in await town.instances.list(ann)} == {first.id, second.id}
    assert (first.status, first.plan, first.name) == (Status.LIVE, "basic", "Customer Support Agent")


async def test_a_credit_pack_is_not_an_agent(town: Town) -> None:
    ann = await town.member()
    with pytest.raises(Invalid):
        await town.agent(ann, "CREDITS-100")


async def test_another_tenants_instance_is_not_found_by_any_use(town: Town) -> None:
    agent = await town.agent(await town.member())
    bob = await town.member("bob@example.com")
    assert await town.instances.list(bob) == []
    for use in (
        town.instances.get(bob, agent.id),
        town.instances.rename(bob, agent.id, "Mine"),
        town.instances.pause(bob, agent.id),
        town.instances.resume(bob, agent.id),
        town.instances.get(bob, "inst_none"),
    ):
        with pytest.raises(NotFound):
            await use
    assert await town.instances.find(agent.id) == agent


async def test_a_caller_for_one_agent_does_not_see_the_others(town: Town) -> None:
    ann = await town.member()
    one, other = await town.agent(ann, source_key="1"), await town.agent(ann, source_key="2")
    narrow = replace(ann, instances=frozenset({one.id}))
    assert await town.instances.list(narrow) == [one]
    with pytest.raises(NotFound):
        await town.instances.get(narrow, other.id)


async def test_an_agent_is_renamed_paused_and_resumed(town: Town) -> None:
    ann = await town.member()
    agent = await town.agent(ann)
    assert (await town.instances.rename(ann, agent.id, "  Front   desk ")).name == "Front desk"
    assert (await town.instances.pause(ann, agent.id)).status is Status.PAUSED
    assert (await town.instances.resume(ann, agent.id)).status is Status.LIVE


@pytest.mark.parametrize("name", ["", "  ", "x" * 81])
async def test_an_agent_needs_a_name_of_some_length(town: Town, name: str) -> None:
    ann = await town.member()
    agent = await town.agent(ann)
    with pytest.raises(Invalid):
        await town.instances.rename(ann, agent.id, name)


async def test_a_suspended_agent_says_why_and_its_owner_cannot_wake_it(town: Town) -> None:
    ann = await town.member()
    agent = await town.agent(ann)
    async with town.database.write() as tx:
        await town.instances.suspend(tx, agent.id, "The order was refunded.")
    found = await town.instances.get(ann, agent.id)
    assert (found.status, found.suspended_for) == (Status.SUSPENDED, "The order was refunded.")
    with pytest.raises(Conflict):
        await town.instances.resume(ann, agent.id)


async def test_basic_is_raised_to_pro_and_keeps_its_name(town: Town) -> None:
    ann = await town.member()
    agent = await town.agent(ann)
    await town.instances.rename(ann, agent.id, "Front desk")
    async with town.database.write() as tx:
        await town.instances.raise_plan(tx, workspace_id=ann.workspace_id, instance_id=agent.id, sku="CSA-PRO")
    raised = await town.instances.get(ann, agent.id)
    assert (raised.id, raised.name, raised.plan, raised.terms.widgets) == (agent.id, "Front desk", "pro", 5)


@pytest.mark.parametrize("sku", ["KBA-PRO", "CREDITS-100", "NOPE"])
async def test_an_agent_does_not_become_another_product(town: Town, sku: str) -> None:
    ann = await town.member()
    agent = await town.agent(ann)
    with pytest.raises(Invalid):
        async with town.database.write() as tx:
            await town.instances.raise_plan(tx, workspace_id=ann.workspace_id, instance_id=agent.id, sku=sku)
    assert await town.instances.get(ann, agent.id) == agent
