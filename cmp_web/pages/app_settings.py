"""The account and its workspace."""

from __future__ import annotations

import reflex as rx

from cmp_web import routes
from cmp_web.components.app_budget import budget_bars, budget_fields
from cmp_web.components.app_parts import fault_note, page_head, phased, saved_note
from cmp_web.components.base import button, leader, native_form, skeleton_rows
from cmp_web.layouts import workspace
from cmp_web.pages.page import Page
from cmp_web.state.app_spending import WorkspaceBudget
from cmp_web.state.app_workspace import Workspace


def view() -> rx.Component:
    account = rx.el.dl(leader("Name", Workspace.person), leader("E-mail", Workspace.email), class_name="lead-l")
    house = rx.el.dl(
        leader("Workspace", Workspace.name), leader("Your role", rx.el.span(Workspace.role, class_name="capital")), class_name="lead-l"
    )
    body = rx.el.div(
        rx.el.section(rx.el.h2("Account", class_name="t0"), account, class_name="card pad col g4"),
        rx.el.section(rx.el.h2("Workspace", class_name="t0"), house, class_name="card pad col g4"),
        _budget(),
        _leave(),
        class_name="col g4 narrow",
    )
    shown = rx.cond(Workspace.known, body, skeleton_rows("Loading the settings", 3))
    return workspace.shell("settings", page_head("Settings", "Your account and this workspace."), shown)


def _budget() -> rx.Component:
    """Everybody sees how far it is used; owners and admins set it."""
    state = WorkspaceBudget
    hint = "For every run, through whichever door. Past it, runs are refused until the day or month is over, in UTC."
    form = rx.el.form(
        budget_fields(state.budget_day, state.budget_month, state.day_fault, state.month_fault, hint),
        rx.el.div(button("Save budget", type="submit"), saved_note(state.saved), class_name="row g4 wrapx"),
        on_submit=state.save,
        class_name="col g4",
    )
    words = rx.el.div(
        rx.el.h2("Budget", class_name="t0"),
        rx.el.p("What the whole workspace may spend. What is spent counts from when it is set.", class_name="sm i2"),
        class_name="col",
    )
    used = rx.cond(state.may_set & (state.bounds.length() == 0), rx.fragment(), budget_bars(state.bounds))
    ready = rx.el.div(fault_note(state.problem), used, rx.cond(state.may_set, form, rx.fragment()), class_name="col g4")
    shown = phased(state, ready, loading="Loading the budget", retry=state.load, failed="The budget could not be loaded")
    return rx.el.section(words, shown, class_name="card pad col g4")


def _leave() -> rx.Component:
    """A plain form: signing out ends the session on the server and leaves the application by a full navigation."""
    act = native_form(button("Sign out", kind="o", type="submit"), action=routes.LOGOUT)
    words = rx.el.div(
        rx.el.h2("Sign out", class_name="t0"),
        rx.el.p("Ends this session on this browser. Runs under way finish.", class_name="sm i2"),
        class_name="col grow",
    )
    return rx.el.section(words, act, class_name="card pad row g4 wrapx")


PAGE = Page(routes.APP_SETTINGS, "Settings", view, on_load=(Workspace.load, WorkspaceBudget.load))
