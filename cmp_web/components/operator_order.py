"""One order on the operator's desk: its reason, its stages, what it brought, and the acts it allows."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cmp_web.components.base import button, field, leader, link, note, plain_link, text_input
from cmp_web.components.icons import icon


def drawer(state: Any, closed: rx.Var[str]) -> rx.Component:
    """state: the State of the open order. closed: the address of the list without it."""
    sheet = state.sheet
    title = rx.el.h2(
        "Order ", sheet.number, class_name="t1 grow", id="order-title", tab_index=-1, custom_attrs={"data-focus": _moment(state)}
    )
    saleor = plain_link(icon("ur"), "Open in Saleor", href=sheet.saleor_url, class_name="btn o s", target="_blank", rel="noreferrer")
    top = rx.el.div(title, rx.cond(sheet.saleor_url != "", saleor, rx.fragment()), _close(closed), class_name="row")
    head = rx.el.div(top, rx.el.p(sheet.placed, class_name="xs i3 num"), class_name="col oph")
    body = rx.el.div(
        _said(state), _reason(state), _excess(sheet), _stages(sheet), _facts(sheet), _units(state), _log(sheet), class_name="col g6 opb"
    )
    dialogs = rx.fragment(_take_back(state), _keep(state))
    return rx.el.div(back(closed), head, body, dialogs)


def back(closed: rx.Var[str]) -> rx.Component:
    """The way back on a phone, where an order is a view of its own."""
    return link(icon("back"), "All orders", href=closed, class_name="btn q s opback")


def _close(closed: rx.Var[str]) -> rx.Component:
    return link(icon("x"), href=closed, class_name="btn q i s only-d", aria_label="Close", custom_attrs={"data-escape": "tr.on a"})


def _moment(state: Any) -> rx.Var[str]:
    """Changes when the reader opened another order or has done something: then the order's title takes the focus (assets/operator.js)."""
    return state.sheet.ref + ":" + state.turn.to_string()


def _said(state: Any) -> rx.Component:
    done = rx.cond(state.said != "", note(state.said, tone="go", sign="check"), rx.fragment())
    wrong = rx.cond(state.problem != "", note(state.problem, tone="ba", sign="alert"), rx.fragment())
    return rx.el.div(done, wrong, role="status", class_name="col g3 said")


def _reason(state: Any) -> rx.Component:
    sheet = state.sheet
    acts = rx.el.div(
        _act(state, "retry", "Try again", state.retry(state.turn), "Trying"),
        _act(state, "restore", "Restore what was taken back", state.restore(state.turn), "Restoring"),
        _opens(state, "take_back", "take-back", "Take back…"),
        _opens(state, "keep", "keep", "Take nothing back…"),
        class_name="row wrapx",
    )
    words = rx.el.div(
        rx.el.p(rx.el.strong(sheet.heading), " ", sheet.reason),
        rx.cond(sheet.can.length() > 0, acts, rx.fragment()),
        class_name="col g3 grow",
    )
    waits = rx.el.section(icon("alert"), words, class_name="note wa", aria_label="What it waits for")
    moves = note(rx.el.strong(sheet.heading), " ", sheet.reason, sign="clock")
    calm = rx.cond(sheet.can.length() > 0, acts, rx.fragment())
    return rx.cond(sheet.moving, rx.el.div(moves, calm, class_name="col g3"), rx.cond(sheet.heading != "", waits, calm))


def _excess(sheet: Any) -> rx.Component:
    """Whatever else is the matter with the order: money that is not ours."""
    return rx.cond(sheet.excess != "", note(sheet.excess, tone="wa", sign="alert"), rx.fragment())


def _act(state: Any, name: str, words: str, act: Any, during: str) -> rx.Component:
    """A button for what the order allows now; busy it says so and cannot be pressed again."""
    busy = rx.fragment(rx.el.span(class_name="spin"), during)

    def pressed(kind: str) -> rx.Component:
        return button(rx.cond(state.busy == name, busy, words), kind=kind, size="s", on_click=act, disabled=state.busy != "")

    # Where there is something to decide, trying again is not what is asked for.
    first = rx.cond(state.sheet.can.contains("keep"), pressed("o"), pressed("p")) if name == "retry" else pressed("o")
    return rx.cond(state.sheet.can.contains(name), first, rx.fragment())


def _opens(state: Any, name: str, dialog: str, words: str) -> rx.Component:
    attrs = {"data-open": dialog, "aria-haspopup": "dialog"}
    kind = "do" if name == "take_back" else "o"
    return rx.cond(
        state.sheet.can.contains(name), button(words, kind=kind, size="s", disabled=state.busy != "", custom_attrs=attrs), rx.fragment()
    )


def _stages(sheet: Any) -> rx.Component:
    def stage(item: Any) -> rx.Component:
        mark = rx.match(
            item.status,
            ("done", icon("check")),
            ("stuck", icon("alert")),
            ("now", rx.el.span(class_name="spin")),
            rx.el.span(item.place),
        )
        at = rx.match(item.status, ("now", "now"), ("todo", "waits"), ("stuck", "stuck"), item.at)
        top = rx.el.div(
            rx.el.h3(item.title, class_name="sm semi"), rx.el.span(at, class_name="xs i3 num nowrap"), class_name="row between base"
        )
        words = rx.el.div(top, rx.cond(item.note != "", rx.el.p(item.note, class_name="xs i2"), rx.fragment()), class_name="col")
        return rx.el.li(rx.el.span(mark, class_name="pip"), words, class_name=item.status)

    return rx.el.ol(rx.foreach(sheet.stages, stage), class_name="tl tlc", aria_label="Stages")


def _facts(sheet: Any) -> rx.Component:
    return rx.el.dl(rx.foreach(sheet.facts, lambda fact: leader(fact.name, fact.value)), class_name="lead-l sm")


def _units(state: Any) -> rx.Component:
    def unit(item: Any) -> rx.Component:
        return leader(item.name, rx.el.span(item.left, class_name=rx.cond(item.open, "", "i3")))

    listed = rx.el.dl(rx.foreach(state.sheet.units, unit), class_name="lead-l sm")
    part = rx.el.section(rx.el.h3("What it brought", class_name="xs med"), listed, class_name="col g3")
    return rx.cond(state.sheet.units.length() > 0, part, rx.fragment())


def _log(sheet: Any) -> rx.Component:
    def event(item: Any) -> rx.Component:
        by = rx.cond(item.by != "", rx.el.span(item.by, class_name="i3"), rx.fragment())
        head = rx.el.div(rx.el.span(item.at, class_name="i3 num nowrap"), by, class_name="row between wrapx")
        return rx.el.li(head, rx.el.p(item.words, class_name="i2"), class_name="col xs")

    part = rx.el.section(
        rx.el.h3("Log", class_name="xs med"), rx.el.ol(rx.foreach(sheet.log, event), class_name="col g3"), class_name="col g3"
    )
    return rx.cond(sheet.log.length() > 0, part, rx.fragment())


def _take_back(state: Any) -> rx.Component:
    def box(item: Any) -> rx.Component:
        said = rx.el.span(rx.el.span(item.name, class_name="med blk"), rx.el.span(item.left, class_name="xs i3 blk"))
        return rx.el.li(rx.el.label(rx.el.input(type="checkbox", name="unit:" + item.key), said, class_name="ck"))

    fault = rx.el.p(icon("alert"), rx.el.span(state.units_fault), class_name="err", id="units-error")
    units = rx.el.fieldset(
        rx.el.legend("What is taken back", class_name="lab legend"),
        rx.el.ul(rx.foreach(state.sheet.units, lambda item: rx.cond(item.open, box(item), rx.fragment())), class_name="col g2"),
        rx.cond(state.units_fault != "", fault, rx.fragment()),
        id="units",
        custom_attrs={"tabIndex": "-1", "aria-describedby": "units-error", "data-focus": rx.cond(state.units_fault != "", state.tries, "")},
    )
    words = "Agents are suspended and stop answering. Only unspent credits are taken; what was spent stays spent."
    send = _send(state, "take_back", "Take back", "d")
    return _asked(state, "take-back", "Take back what was refunded", words, units, name="take-reason", act=state.take_back, send=send)


def _keep(state: Any) -> rx.Component:
    words = "The buyer keeps what was paid for once, although not all of the money is there now. The order is done."
    send = _send(state, "keep", "Take nothing back", "p")
    return _asked(state, "keep", "Take nothing back", words, rx.fragment(), name="keep-reason", act=state.keep, send=send)


def _asked(
    state: Any, dialog: str, title: str, words: str, choice: rx.Component, *, name: str, act: Any, send: rx.Component
) -> rx.Component:
    """A dialog with a form. It is a new one after each act, which closes it; a fault leaves it open as it was filled in."""
    head = rx.el.div(
        rx.el.h2(title, class_name="t1", id=f"{dialog}-title"),
        rx.el.p(words, class_name="sm i2", id=f"{dialog}-words"),
        class_name="col g2",
    )
    box = text_input(name, error=state.reason_fault, max_length=300, auto_complete="off")
    box.custom_attrs |= {"data-focus": rx.cond((state.reason_fault != "") & (state.units_fault == ""), state.tries, "")}
    reason = field("Reason", box, name=name, hint="Kept in the log of the order.", error=state.reason_fault)
    wrong = rx.cond(state.problem != "", note(state.problem, tone="ba", sign="alert", role="alert"), rx.fragment())
    leave = button("Cancel", kind="o", custom_attrs={"data-close": ""})
    form = rx.el.form(
        rx.el.input(type="hidden", name="turn", value=state.turn),
        choice,
        reason,
        wrong,
        rx.el.div(leave, send, class_name="row right"),
        on_submit=act,
        class_name="col g5",
    )
    attrs = {"aria-labelledby": f"{dialog}-title", "aria-describedby": f"{dialog}-words"}
    return rx.el.dialog(
        rx.el.div(head, form, class_name="col g5"), id=dialog, class_name="dlg", custom_attrs=attrs, key=f"{dialog}:{_moment(state)}"
    )


def _send(state: Any, name: str, words: str, kind: str) -> rx.Component:
    busy = rx.fragment(rx.el.span(class_name="spin"), words)
    return button(rx.cond(state.busy == name, busy, words), kind=kind, type="submit", disabled=state.busy != "")
