"""Low credits are told once for each fall to a threshold, to whoever looks after them, whatever happens beside."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import timedelta

import pytest
from sqlalchemy import text

from backend.control_plane.alerts import service
from backend.control_plane.alerts.policy import Level, Rule
from backend.kernel.caller import Role
from backend.kernel.clock import FrozenClock
from backend.kernel.errors import Forbidden, Invalid, Unavailable
from backend.kernel.ids import RunId
from backend.kernel.money import Credits
from backend.mail import Mail
from tests.service.alerts.conftest import Purse

EMPTY = "No credits left at CMP"


def low(left: str) -> str:
    return f"Credits are low at CMP: {left} left"


async def test_each_threshold_is_told_once_as_credits_run_out(purse: Purse) -> None:
    await purse.add("100")
    told = []
    for _ in range(10):
        await purse.spend("10")
        await purse.alerts.sweep()
        await purse.alerts.sweep()
        told.append(purse.told())
    assert told == [[]] * 7 + [[low("20 credits")], [low("10 credits")], [EMPTY]]


async def test_a_fall_through_several_thresholds_is_told_as_the_gravest(purse: Purse) -> None:
    await purse.add("100")
    await purse.alerts.sweep()
    await purse.spend("100")
    await purse.alerts.sweep()
    assert purse.told() == [EMPTY]


async def test_everything_spent_before_the_first_look_is_told(purse: Purse) -> None:
    await purse.add("100")
    await purse.spend("95")
    await purse.alerts.sweep()
    assert purse.told() == [low("5 credits")]


async def test_a_grant_that_is_small_from_the_start_is_no_alarm(purse: Purse) -> None:
    await purse.add("5")
    await purse.alerts.sweep()
    await purse.spend("1")
    await purse.alerts.sweep()
    assert purse.told() == []


async def test_topping_up_arms_the_alert_again(purse: Purse) -> None:
    for _ in range(2):
        await purse.add("100")
        await purse.alerts.sweep()
        await purse.spend("90")
        await purse.alerts.sweep()
        assert purse.told() == [low("10 credits")]
        await purse.spend("10")
        await purse.alerts.sweep()
        purse.told()


async def test_a_top_up_that_was_spent_between_two_looks_is_told_again(purse: Purse) -> None:
    await purse.add("100")
    await purse.spend("95")
    await purse.alerts.sweep()
    await purse.add("100")
    await purse.spend("100")
    await purse.alerts.sweep()
    assert purse.told() == [low("5 credits"), low("5 credits")]


async def test_holds_that_come_and_go_are_no_alarm(purse: Purse) -> None:
    await purse.add("100")
    await purse.alerts.sweep()
    runs = [RunId(f"run_{n}") for n in range(9)]
    for run in runs:
        await purse.ledger.hold(purse.caller.workspace_id, run, Credits.of(10))
    await purse.spend("1")
    await purse.alerts.sweep()
    for run in runs:
        await purse.ledger.release(run)
    await purse.alerts.sweep()
    assert purse.told() == []


async def test_many_sweeps_in_many_processes_tell_once(purse: Purse) -> None:
    await purse.add("100")
    await purse.spend("90")
    await asyncio.gather(*(purse.another_process().sweep() for _ in range(6)))
    assert purse.told() == [low("10 credits")]
    assert len(purse.hooks.said) == 1


async def test_the_share_is_of_the_latest_grant(purse: Purse) -> None:
    await purse.add("1000")
    await purse.add("50")
    await purse.alerts.sweep()
    await purse.spend("880")
    await purse.alerts.sweep()
    assert purse.told() == []
    assert [(t.level, str(t.at)) for t in await purse.alerts.thresholds(purse.caller.workspace_id)] == [
        (Level.EMPTY, "0"),
        (Level.AMOUNT, "10"),
        (Level.SHARE, "10"),
    ]


async def test_a_refund_of_a_run_is_no_grant_and_arms_what_it_rises_above(purse: Purse) -> None:
    await purse.add("100")
    run = await purse.spend("95")
    await purse.alerts.sweep()
    await purse.ledger.refund(run, "nonsense", by="x")
    await purse.alerts.sweep()
    assert str((await purse.alerts.thresholds(purse.caller.workspace_id))[-1].at) == "20"
    await purse.spend("95")
    await purse.alerts.sweep()
    assert purse.told() == [low("5 credits")] * 2


async def test_a_webhook_tells_the_same_in_the_same_transaction(purse: Purse) -> None:
    await purse.add("100")
    await purse.ledger.hold(purse.caller.workspace_id, RunId("run_1"), Credits.of(4))
    await purse.spend("90")
    await purse.alerts.sweep()
    data = {"level": "amount", "threshold": "10", "balance": "10", "held": "4", "available": "6"}
    link = {"top_up_url": "https://cmp.example.com/app/credits"}
    assert purse.hooks.said == [(purse.caller.workspace_id, "credits.low", data | link)]


async def test_a_webhook_that_cannot_be_kept_leaves_the_alert_for_the_next_sweep(purse: Purse, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_words: object) -> None:
        raise RuntimeError

    await purse.add("100")
    await purse.spend("95")
    with monkeypatch.context() as patch:
        patch.setattr(purse.hooks, "announce", refuse)
        with pytest.raises(RuntimeError):
            await purse.alerts.sweep()
    assert purse.told() == []
    await purse.alerts.sweep()
    assert (len(purse.told()), len(purse.hooks.said)) == (1, 1)


async def test_the_mail_says_what_happens_and_where_to_top_up(purse: Purse) -> None:
    await purse.add("100")
    await purse.spend("95")
    await purse.alerts.sweep()
    [mail] = purse.town.outbox.sent
    assert mail.to == "ann@example.com"
    assert "https://cmp.example.com/app/credits" in mail.text
    assert "Then: runs under way finish." in mail.text


async def test_while_the_mail_server_is_away_the_mail_waits_and_is_then_sent_once(purse: Purse, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(_mail: Mail, *, key: str) -> None:
        raise Unavailable("no mail server")

    await purse.add("100")
    await purse.spend("95")
    with monkeypatch.context() as patch:
        patch.setattr(purse.town.outbox, "send", away)
        await purse.alerts.sweep()
    await purse.alerts.sweep()
    await purse.alerts.sweep()
    assert purse.told() == [low("5 credits")]


async def test_a_mail_that_waited_is_not_sent_when_credits_were_added_meanwhile(purse: Purse, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(_mail: Mail, *, key: str) -> None:
        raise Unavailable("no mail server")

    await purse.add("100")
    await purse.spend("95")
    with monkeypatch.context() as patch:
        patch.setattr(purse.town.outbox, "send", away)
        await purse.alerts.sweep()
    await purse.add("100")
    await purse.alerts.sweep()
    assert purse.told() == []


async def test_a_process_that_dies_at_its_mail_is_followed_by_another(
    purse: Purse, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(_mail: Mail, *, key: str) -> None:
        raise SystemExit

    await purse.add("100")
    await purse.spend("95")
    with monkeypatch.context() as patch:
        patch.setattr(purse.town.outbox, "send", die)
        with pytest.raises(SystemExit):
            await purse.alerts.sweep()
    await purse.alerts.sweep()
    assert purse.told() == []
    clock.advance(timedelta(minutes=11))
    await purse.alerts.sweep()
    assert purse.told() == [low("5 credits")]


async def test_an_address_that_is_not_proven_gets_no_mail(purse: Purse) -> None:
    purse.caller = await purse.town.member("bob@example.com")
    purse.told()
    await purse.add("100")
    await purse.spend("95")
    await purse.alerts.sweep()
    assert purse.told() == []


async def test_only_owners_and_admins_are_written_to(purse: Purse) -> None:
    roles = {"admin@example.com": Role.ADMIN, "member@example.com": Role.MEMBER, "viewer@example.com": Role.VIEWER}
    for email, role in roles.items():
        account = await purse.town.person(email)
        async with purse.town.database.write() as tx:
            await purse.town.accounts.mark_verified(tx, account.id)
            row = {"ws": purse.caller.workspace_id, "account": account.id, "role": role.value, "at": "2026-11-22 12:00:00"}
            columns = "workspace_id, account_id, role, created_at"
            await tx.execute(text(f"INSERT INTO membership ({columns}) VALUES (:ws, :account, :role, :at)"), row)
    purse.told()
    await purse.add("100")
    await purse.spend("95")
    await purse.alerts.sweep()
    assert sorted(mail.to for mail in purse.town.outbox.sent) == ["admin@example.com", "ann@example.com"]


async def test_who_wants_no_mail_gets_none_later_either_and_webhooks_go_on(purse: Purse) -> None:
    await purse.alerts.set_rule(purse.caller, Rule(mail=False))
    await purse.add("100")
    await purse.spend("95")
    await purse.alerts.sweep()
    await purse.alerts.set_rule(purse.caller, Rule())
    await purse.alerts.sweep()
    assert (purse.told(), len(purse.hooks.said)) == ([], 1)


async def test_thresholds_of_ones_own_are_kept(purse: Purse) -> None:
    rule = Rule(percent=50, credits=None, mail=True)
    await purse.alerts.set_rule(purse.caller, rule)
    assert await purse.alerts.rule(purse.caller.workspace_id) == rule
    await purse.add("100")
    await purse.spend("50")
    await purse.alerts.sweep()
    assert purse.told() == [low("50 credits")]


async def test_another_workspace_is_told_of_its_own_credits_only(purse: Purse) -> None:
    ann = purse.caller
    await purse.add("100")
    await purse.open("bob@example.com")
    await purse.add("100")
    await purse.spend("95")
    await purse.alerts.sweep()
    assert [mail.to for mail in purse.town.outbox.sent] == ["bob@example.com"]
    assert await purse.alerts.standing(ann.workspace_id) is None


@pytest.mark.parametrize("role", [Role.MEMBER, Role.VIEWER])
async def test_only_owners_and_admins_choose(purse: Purse, role: Role) -> None:
    with pytest.raises(Forbidden):
        await purse.alerts.set_rule(dataclasses.replace(purse.caller, role=role), Rule())


@pytest.mark.parametrize("rule", [Rule(percent=0), Rule(percent=91), Rule(credits=Credits(0)), Rule(credits=Credits(-1))])
async def test_a_threshold_that_makes_no_sense_is_refused(purse: Purse, rule: Rule) -> None:
    with pytest.raises(Invalid):
        await purse.alerts.set_rule(purse.caller, rule)


async def test_the_banner_follows_the_balance(purse: Purse) -> None:
    async def stands() -> Level | None:
        await purse.alerts.sweep()
        found = await purse.alerts.standing(purse.caller.workspace_id)
        return found.level if found else None

    seen = [await stands()]
    await purse.add("100")
    for _ in range(5):
        seen.append(await stands())
        await purse.spend("20")
    seen.append(await stands())
    await purse.add("50")
    seen.append(await stands())
    assert seen == [None, None, None, None, None, Level.SHARE, Level.EMPTY, None]


async def test_only_accounts_that_moved_are_looked_at(purse: Purse, monkeypatch: pytest.MonkeyPatch) -> None:
    await purse.add("100")
    await purse.alerts.sweep()
    seen: list[object] = []

    async def claim(_tx: object, moves: list[object]) -> list[object]:
        seen.extend(moves)
        return []

    monkeypatch.setattr(service.watching, "claim", claim)
    await purse.alerts.sweep()
    assert seen == []
    await purse.spend("1")
    await purse.alerts.sweep()
    assert len(seen) == 1


async def test_a_run_under_way_is_finished_though_everything_else_was_spent(purse: Purse) -> None:
    await purse.add("10")
    await purse.ledger.hold(purse.caller.workspace_id, RunId("run_long"), Credits.of(4))
    await purse.spend("6")
    await purse.alerts.sweep()
    receipt = await purse.ledger.settle(RunId("run_long"), Credits.of(4))
    assert (receipt.charged, receipt.available) == (Credits.of(4), Credits(0))
    await purse.alerts.sweep()
    assert purse.told() == [EMPTY]
