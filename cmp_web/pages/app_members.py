"""The people of the workspace."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cmp_web import routes
from cmp_web.components.app_parts import head_row, page_head, phased
from cmp_web.components.base import badge, note
from cmp_web.layouts import workspace
from cmp_web.pages.page import Page
from cmp_web.state.app_members import Members
from cmp_web.state.app_workspace import Workspace


def view() -> rx.Component:
    head = page_head("Members", "Who can use what this workspace owns.")
    table = rx.el.table(head_row("Name", "E-mail", "Role"), rx.el.tbody(rx.foreach(Members.rows, _row)), class_name="tbl stack")
    later = note("Invitations are not here yet: each account has a workspace of its own, and one member.", sign="users")
    body = rx.el.div(rx.el.div(table, class_name="card clip"), later, class_name="col g4 narrow")
    shown = phased(Members, body, loading="Loading the members", retry=Members.load, failed="The members could not be loaded")
    return workspace.shell("members", head, shown)


def _row(member: Any) -> rx.Component:
    you = rx.cond(member.you, badge("You"), rx.fragment())
    return rx.el.tr(
        rx.el.td(rx.el.span(rx.el.span(member.name, class_name="med trunc"), you, class_name="row")),
        rx.el.td(member.email, class_name="i2 full"),
        rx.el.td(member.role, class_name="i2"),
    )


PAGE = Page(routes.APP_MEMBERS, "Members", view, on_load=(Workspace.load, Members.load))
