"""Pieces every page of the workspace is made of: heads, states, dialogs, moments in the reader's own time."""

from __future__ import annotations

import reflex as rx

from cmp_web.components.base import Text, button, empty, failure, skeleton_rows
from cmp_web.components.icons import icon

_WRITE = rx.vars.FunctionStringVar.create(
    "((at, how) => at ? new Intl.DateTimeFormat('en-GB', how).format(new Date(at)).replace(' at ', ', ') : '')"
)
DAY = {"day": "numeric", "month": "short", "year": "numeric"}
MOMENT = {"day": "numeric", "month": "short", "hour": "2-digit", "minute": "2-digit"}
FULL = {**DAY, "hour": "2-digit", "minute": "2-digit"}
WEEKDAY = {"weekday": "long", "day": "numeric", "month": "long", "year": "numeric"}


def when(at: rx.Var[str], how: dict[str, str] | None = None, **props: object) -> rx.Component:
    """A moment (ISO 8601) in the reader's own time zone, such as "22 Nov, 14:29"."""
    return rx.el.time(_WRITE.call(at, rx.Var.create(how or MOMENT)), date_time=at, **props)


def page_head(title: Text, words: Text, *acts: rx.Component) -> rx.Component:
    said = rx.el.div(rx.el.h1(title, class_name="t2"), rx.el.p(words, class_name="i2"), class_name="col g1 grow")
    return rx.el.div(said, rx.el.div(*acts, class_name="acts") if acts else rx.fragment(), class_name="phead")


def card(title: Text, *children: rx.Component, name: str, aside: rx.Component | None = None, extra: str = "") -> rx.Component:
    """A titled card; `name` is the id of its title, which names the section."""
    head = rx.el.div(rx.el.h2(title, id=name, class_name="grow"), aside or rx.fragment(), class_name="hd")
    return rx.el.section(head, *children, class_name=f"card clip {extra}".strip(), custom_attrs={"aria-labelledby": name})


def more_link(words: str, href: str | rx.Var[str]) -> rx.Component:
    return rx.el.a(words, href=href, class_name="xs link i2")


def phased(
    state: type, ready: rx.Component, *, loading: str, retry: object, failed: str, missing: rx.Component | None = None
) -> rx.Component:
    """What stands on a page while it is loading, when it failed, when the role does not allow it, and when all is well.

    state: one with `phase`, `fault` and `fault_code`. failed: the title of the failure.
    """
    again = button("Try now", kind="o", size="s", on_click=retry)
    wrong = failure(failed, state.fault, again, code=state.fault_code)
    refused = empty("lock", "Not for your role", state.fault)
    return rx.match(
        state.phase,
        ("ready", ready),
        ("refused", refused),
        ("missing", missing or wrong),
        ("failed", wrong),
        skeleton_rows(loading),
    )


def dialog(name: str | rx.Var[str], title: Text, words: Text, *acts: rx.Component, safe: str) -> rx.Component:
    """A native dialog that must be decided; `safe` is the harmless choice and has the focus first. Opened by `opens(name)`."""
    head = rx.el.div(rx.el.h2(title, class_name="t1"), rx.el.p(words, class_name="sm i2"), class_name="col g2")
    leave = rx.el.button(safe, type="button", class_name="btn o", auto_focus=True, custom_attrs={"data-close": ""})
    body = rx.el.div(head, rx.el.div(leave, *acts, class_name="row right"), class_name="col g4")
    return rx.el.dialog(body, id=name, class_name="dlg", custom_attrs={"data-light": ""}, aria_label=title)


def destroys(words: Text, act: object) -> rx.Component:
    """The button of a dialog that does the irreversible thing, and closes the dialog."""
    return rx.el.button(words, type="button", class_name="btn d", on_click=act, custom_attrs={"data-close": ""})


def opens(name: str | rx.Var[str], *words: Text, label: Text, kind: str = "q", size: str = "s") -> rx.Component:
    """A button that opens the dialog `name`; `label` is what a screen reader says."""
    return rx.el.button(
        *words,
        type="button",
        class_name=f"btn {kind} {size}".strip(),
        aria_label=label,
        custom_attrs={"data-open": name, "aria-haspopup": "dialog"},
    )


def copy_button(words: Text, text: rx.Var[str], kind: str = "p", size: str = "") -> rx.Component:
    said = rx.el.span(words, custom_attrs={"data-label": ""})
    return rx.el.button(icon("copy"), said, type="button", class_name=f"btn {kind} {size}".strip(), custom_attrs={"data-copy": text})


def meter(label: Text, filled: rx.Var[int], tone: str | rx.Var[str] = "") -> rx.Component:
    """filled: per cent."""
    attrs = {"role": "meter", "aria-valuenow": filled, "aria-valuemin": "0", "aria-valuemax": "100"}
    inner = rx.el.i(style={"width": filled.to_string() + "%"})
    return rx.el.div(inner, class_name="bar " + tone, aria_label=label, custom_attrs=attrs)


def fault_note(words: rx.Var[str]) -> rx.Component:
    """Says what went wrong with the last act, and nothing when it went well."""
    said = rx.el.div(icon("alert"), rx.el.p(words, class_name="grow"), class_name="note ba", role="alert")
    return rx.cond(words != "", said, rx.fragment())


def saved_note(words: rx.Var[str]) -> rx.Component:
    said = rx.el.span(icon("check"), words, class_name="row go", role="status")
    return rx.cond(words != "", said, rx.fragment())


def head_row(*cells: tuple[str, str] | str) -> rx.Component:
    """The head of a table: words, or words with their class. A last cell that holds only buttons is given as ("Actions", "vh")."""
    drawn = []
    for cell in cells:
        words, kind = cell if isinstance(cell, tuple) else (cell, "")
        if kind == "vh":
            drawn.append(rx.el.th(rx.el.span(words, class_name="vh"), scope="col"))
        else:
            drawn.append(rx.el.th(words, scope="col", class_name=kind))
    return rx.el.thead(rx.el.tr(*drawn))
