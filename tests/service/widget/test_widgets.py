from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from backend.kernel.caller import Caller, Door, Role
from backend.kernel.errors import Forbidden, Invalid, NotFound
from backend.widget.models import WidgetSessionRow
from backend.widget.service import PREFIX
from backend.widget.views import WidgetSession, WidgetUpdate, WidgetView
from tests.service.identity.people import Town

SITE = "https://shop.example.com"


async def widget(town: Town, sku: str = "CSA-BASIC") -> WidgetView:
    ann = await town.member()
    agent = await town.agent(ann, sku)
    return await town.widgets.update(ann, agent.id, WidgetUpdate(allowed_origins=(SITE,), contact_email="Help@shop.example.com"))


async def visit(town: Town) -> WidgetSession:
    return await town.widgets.open_session((await widget(town)).id, SITE)


async def test_an_agent_keeps_the_widget_it_was_first_given(town: Town) -> None:
    ann = await town.member()
    agent = await town.agent(ann)
    first = await town.widgets.settings(ann, agent.id)
    assert first.id.startswith("wid_")
    assert first.allowed_origins == ()
    assert await town.widgets.settings(ann, agent.id) == first


async def test_a_plan_has_so_many_widgets_and_no_more(town: Town) -> None:
    ann = await town.member()
    basic, pro = await town.agent(ann, "CSA-BASIC", "o:1"), await town.agent(ann, "CSA-PRO", "o:2")
    assert len({(await town.widgets.settings(ann, pro.id, number)).id for number in range(1, 6)}) == 5
    for agent, number in ((basic, 2), (pro, 6), (pro, 0)):
        with pytest.raises(Forbidden) as caught:
            await town.widgets.settings(ann, agent.id, number)
        assert caught.value.code == "plan_limit"


async def test_another_tenants_widget_is_not_found(town: Town) -> None:
    mine = await widget(town)
    bob = await town.member("bob@example.com")
    with pytest.raises(NotFound):
        await town.widgets.settings(bob, mine.instance_id)
    with pytest.raises(NotFound):
        await town.widgets.update(bob, mine.instance_id, WidgetUpdate(allowed_origins=("https://bob.example.com",)))


async def test_an_update_leaves_alone_what_it_does_not_name(town: Town) -> None:
    before = await widget(town)
    after = await town.widgets.update(await _owner(town), before.instance_id, WidgetUpdate(title="Ask the workshop"))
    assert (after.title, after.allowed_origins, after.contact_email) == ("Ask the workshop", (SITE,), "help@shop.example.com")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (WidgetUpdate(allowed_origins=("http://shop.example.com",)), "allowed_origins"),
        (WidgetUpdate(title="  "), "title"),
        (WidgetUpdate(greeting="x" * 301), "greeting"),
        (WidgetUpdate(contact_email="nobody"), "contact_email"),
    ],
)
async def test_a_bad_setting_is_refused_by_its_field(town: Town, change: WidgetUpdate, field: str) -> None:
    before = await widget(town)
    with pytest.raises(Invalid) as caught:
        await town.widgets.update(await _owner(town), before.instance_id, change)
    assert field in caught.value.fields
    assert await town.widgets.settings(await _owner(town), before.instance_id) == before


async def test_a_session_is_a_viewer_of_one_agent(town: Town) -> None:
    session = await visit(town)
    caller = await town.access.caller(None, session.token)
    assert caller is not None
    assert (caller.door, caller.role, caller.session_id) == (Door.WIDGET, Role.VIEWER, session.session_id)
    assert caller.instances == frozenset({session.instance_id})
    assert not caller.operator


@pytest.mark.parametrize(
    "origin", [None, "null", "", "https://evil.example", "https://shop.example.com.evil.example", "http://shop.example.com"]
)
async def test_a_page_that_is_not_on_the_list_gets_no_session(town: Town, origin: str | None) -> None:
    mine = await widget(town)
    with pytest.raises(Forbidden) as caught:
        await town.widgets.open_session(mine.id, origin)
    assert caught.value.code == "foreign_origin"


async def test_a_widget_that_is_unknown_or_off_is_not_found(town: Town) -> None:
    mine = await widget(town)
    await town.widgets.update(await _owner(town), mine.instance_id, WidgetUpdate(enabled=False))
    for widget_id in (mine.id, "wid_none"):
        with pytest.raises(NotFound):
            await town.widgets.open_session(widget_id, SITE)


async def test_the_owner_may_try_it_on_our_own_pages(town: Town) -> None:
    assert (await town.widgets.open_session((await widget(town)).id, town.settings.base_url)).token.startswith(PREFIX)


async def test_a_token_lasts_an_hour_and_is_not_stored(town: Town) -> None:
    session = await visit(town)
    async with town.database.read() as tx:
        assert session.token not in repr((await tx.scalars(select(WidgetSessionRow))).one())
    town.clock.advance(timedelta(minutes=59))
    assert await town.widgets.resolve(session.token) is not None
    town.clock.advance(timedelta(minutes=1))
    assert await town.widgets.resolve(session.token) is None


@pytest.mark.parametrize("change", [WidgetUpdate(enabled=False), WidgetUpdate(allowed_origins=())])
async def test_switching_off_or_taking_the_site_off_the_list_ends_its_sessions(town: Town, change: WidgetUpdate) -> None:
    session = await visit(town)
    await town.widgets.update(await _owner(town), session.instance_id, change)
    assert await town.widgets.resolve(session.token) is None


async def test_a_forged_token_is_nobody(town: Town) -> None:
    await widget(town)
    assert await town.access.caller(None, "cmpw_forged") is None


async def test_a_token_is_read_by_the_page_it_was_given_to(town: Town) -> None:
    session = await visit(town)
    assert await town.widgets.allows(session.token, SITE)
    assert not await town.widgets.allows(session.token, "https://evil.example")
    assert await town.widgets.allows("cmpw_forged", "https://evil.example")


async def test_a_visitor_stays_in_their_own_conversation(town: Town) -> None:
    session = await visit(town)
    visitor = await town.widgets.resolve(session.token)
    assert visitor is not None
    opened = await town.conversations.open(visitor, session.instance_id, session.session_id)
    assert opened == session.session_id == await town.conversations.open(visitor, session.instance_id)
    with pytest.raises(NotFound):
        await town.conversations.open(visitor, session.instance_id, "conv_someone_elses")


async def _owner(town: Town) -> Caller:
    account = await town.accounts.by_email("ann@example.com")
    assert account is not None
    caller = await town.access.caller(await town.sessions.open(account.id, ""), None)
    assert caller is not None
    return caller
