"""The people of the workspace."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cmp_web import routes
from cmp_web.components.app_budget import budget_bars, budget_fields
from cmp_web.components.app_parts import fault_note, head_row, page_head, phased
from cmp_web.components.base import badge, button, note
from cmp_web.layouts import workspace
from cmp_web.pages.page import Page
from cmp_web.state.app_members import Members
from cmp_web.state.app_workspace import Workspace


def view() -> rx.Component:
    head = page_head("Members", "Who can use what this workspace owns.")
    columns = head_row("Name", "E-mail", "Role", "Budget", ("Actions", "vh"))
    table = rx.el.table(columns, rx.el.tbody(rx.foreach(Members.rows, _row)), class_name="tbl stack keys")
    later = note("Invitations are not here yet: each account has a workspace of its own, and one member.", sign="users")
    form = rx.cond(Members.editing != "", _form(), rx.fragment())
    body = rx.el.div(fault_note(Members.problem), form, rx.el.div(table, class_name="card clip"), later, class_name="col g4")
    shown = phased(Members, body, loading="Loading the members", retry=Members.load, failed="The members could not be loaded")
    return workspace.shell("members", head, shown)


def _form() -> rx.Component:
    hint = "For runs in the workspace's chat; keys and widgets have budgets of their own. What is spent counts from when it is set."
    return rx.el.form(
        rx.el.h2("What ", Members.editing_name, " may spend", class_name="t0"),
        budget_fields(Members.budget_day, Members.budget_month, Members.day_fault, Members.month_fault, hint),
        rx.el.div(button("Save budget", type="submit"), button("Cancel", kind="q", on_click=Members.leave), class_name="row wrapx"),
        key=Members.editing,
        on_submit=Members.save,
        class_name="card pad col g5",
    )


def _row(member: Any) -> rx.Component:
    you = rx.cond(member.you, badge("You"), rx.fragment())
    edit = button("Set budget", kind="q", size="s", on_click=Members.edit(member.id), aria_label="Set the budget of " + member.name)
    return rx.el.tr(
        rx.el.td(rx.el.span(rx.el.span(member.name, class_name="med trunc"), you, class_name="row")),
        rx.el.td(member.email, class_name="i2 full"),
        rx.el.td(member.role, class_name="i2"),
        rx.el.td(budget_bars(member.bounds), class_name="full bud"),
        rx.el.td(rx.cond(Members.may_set, edit, rx.fragment()), class_name="n"),
    )


PAGE = Page(routes.APP_MEMBERS, "Members", view, on_load=(Workspace.load, Members.load))
