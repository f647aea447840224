"""The small pieces every page is made of. Pure: values or Vars in, elements out."""

from __future__ import annotations

from collections.abc import Iterable

import reflex as rx
from reflex_components_core.el.element import Element
from reflex_components_core.el.elements.inline import A

from cmp_web.components.icons import icon

Text = str | rx.Var[str] | rx.Component


def button(*children: Text, kind: str = "p", size: str = "", wide: bool = False, **props: object) -> rx.Component:
    """kind: p the one main act, o beside it, q quiet, d destroys (in a dialog), do leads to one. size: s, l, or none for 40 px."""
    props.setdefault("type", "button")
    return rx.el.button(*children, class_name=_btn(kind, size, wide), **props)


def link_button(
    *children: Text,
    href: str | rx.Var[str],
    kind: str = "p",
    size: str = "",
    wide: bool = False,
    **props: object,
) -> rx.Component:
    """A link that looks like a button; the same kinds and sizes."""
    return link(*children, href=href, class_name=_btn(kind, size, wide), **props)


def icon_button(name: str, label: str | rx.Var[str], kind: str = "q", size: str = "", **props: object) -> rx.Component:
    """A square button with an icon; `label` is what a screen reader says."""
    props.setdefault("type", "button")
    return rx.el.button(icon(name), class_name=_btn(kind, f"i {size}".strip(), False), aria_label=label, **props)


def _btn(kind: str, size: str, wide: bool) -> str:
    return " ".join(part for part in ("btn", kind, size, "w" if wide else "") if part)


def link(*children: Text, href: str | rx.Var[str], **props: object) -> rx.Component:
    """A link within the site: followed without a full reload once the application runs, an ordinary link before that."""
    return rx.el.a(*children, href=href, **props)


def plain_link(*children: Text, href: str, **props: object) -> rx.Component:
    """A link the browser itself follows: to a place on this page, to the API's own pages, out of the site."""
    return A.create(*children, href=href, **props)


def plain_button(
    *children: Text, href: str | rx.Var[str], kind: str = "p", size: str = "", wide: bool = False, **props: object
) -> rx.Component:
    """A link that looks like a button and that the browser itself follows, loading the page anew."""
    return A.create(*children, href=href, class_name=_btn(kind, size, wide), **props)


def leaders(*rows: tuple[Text, Text], total: tuple[Text, Text] | None = None) -> rx.Component:
    """Names and amounts joined by dotted leaders; `total` is set off by a rule."""
    drawn = [rx.el.div(rx.el.dt(name), rx.el.dd(value)) for name, value in rows]
    if total:
        drawn.append(rx.el.div(rx.el.dt(total[0]), rx.el.dd(total[1]), class_name="tot"))
    return rx.el.dl(*drawn, class_name="lead-l")


def leader(name: Text, value: Text) -> rx.Component:
    """One row of a leader list, for use inside `rx.foreach`."""
    return rx.el.div(rx.el.dt(name), rx.el.dd(value))


def badge(*children: Text, tone: str = "") -> rx.Component:
    """tone: go, wa (waiting), ba (failed), ol (outline) or none."""
    return rx.el.span(*children, class_name=f"bdg {tone}".strip())


def status(label: Text, tone: str | rx.Var[str]) -> rx.Component:
    """A dot and its word: never colour alone. tone: go, live, wa, ba, ring or none."""
    mark = rx.el.i(class_name="dot " + tone)
    return rx.el.span(mark, label, class_name="st")


def note(*children: Text, tone: str = "", sign: str = "info", **props: object) -> rx.Component:
    """Something said in place. tone: go, wa, ba or none."""
    return rx.el.div(icon(sign), rx.el.p(*children, class_name="grow"), class_name=f"note {tone}".strip(), **props)


def field(
    label: Text,
    control: rx.Component,
    *,
    name: str,
    hint: str = "",
    error: str | rx.Var[str] = "",
    optional: bool = False,
    wide: bool = False,
) -> rx.Component:
    """A labelled control; `control` must have id=`name` (see `text_input`). The error takes the hint's place."""
    marked: list[Text] = [label]
    if optional:
        marked.append(rx.el.span(" optional", class_name="i3 reg"))
    below = rx.el.p(hint, class_name="hint", id=f"{name}-hint") if hint else rx.fragment()
    fault = rx.el.p(icon("alert"), rx.el.span(error), class_name="err", id=f"{name}-error")
    return rx.el.div(
        rx.el.label(*marked, html_for=name),
        control,
        rx.cond(error != "", fault, below) if isinstance(error, rx.Var) else (fault if error else below),
        class_name="field w2" if wide else "field",
    )


def text_input(name: str, *, error: str | rx.Var[str] = "", size: str = "", **props: object) -> rx.Component:
    """A text field for `field`: its id and name are `name`, and it is tied to its hint and error."""
    invalid = rx.cond(error != "", "true", "false") if isinstance(error, rx.Var) else ("true" if error else "false")
    props.setdefault("type", "text")
    attrs = {"aria-invalid": invalid, "aria-describedby": f"{name}-error {name}-hint"}
    return rx.el.input(id=name, name=name, class_name=f"inp {size}".strip(), custom_attrs=attrs, **props)


def select(name: str, options: Iterable[tuple[str, str]], **props: object) -> rx.Component:
    """options: pairs of value and words."""
    return rx.el.select(*[rx.el.option(words, value=value) for value, words in options], id=name, name=name, class_name="inp", **props)


def checkbox(label: Text, *extra: rx.Component, **props: object) -> rx.Component:
    return rx.el.label(rx.el.input(type="checkbox", **props), rx.el.span(label), *extra, class_name="ck")


def empty(sign: str, title: Text, words: Text, *acts: rx.Component) -> rx.Component:
    """Nothing here yet: one sentence, and the first step."""
    said = rx.el.div(rx.el.h2(title, class_name="t0"), rx.el.p(words, class_name="sm i2"), class_name="col g1")
    return rx.el.div(rx.el.span(icon(sign, large=True), class_name="plate m i2"), said, *acts, class_name="emp")


def failure(title: Text, words: Text, *acts: rx.Component, code: str | rx.Var[str] = "") -> rx.Component:
    """What failed, what is safe, what to do; `code` for support."""
    said = rx.el.div(rx.el.h2(title, class_name="t0"), rx.el.p(words, class_name="sm i2"), class_name="col g1")
    return rx.el.div(
        rx.el.div(rx.el.span(icon("alert"), class_name="bad pt1"), said, class_name="row top g4"),
        rx.el.div(*acts, class_name="row wrapx") if acts else rx.fragment(),
        rx.el.p(rx.el.span("code ", code), class_name="rline") if isinstance(code, rx.Var) or code else rx.fragment(),
        class_name="card pad col g4",
        role="alert",
    )


def skeleton_rows(label: str, count: int = 5) -> rx.Component:
    """The shape of a list that is being loaded."""
    rows = [
        rx.el.div(
            rx.el.span(class_name="sk w0"),
            rx.el.span(class_name=f"sk w{1 + i % 3}"),
            rx.el.span(class_name="grow"),
            rx.el.span(class_name="sk w4"),
            class_name="row skrow",
        )
        for i in range(count)
    ]
    return rx.el.div(*rows, class_name="card", role="status", aria_label=label)


class _NativeForm(Element):
    """A form the browser itself sends. Reflex's own form always keeps the browser from sending it."""

    tag = "form"


def native_form(*children: rx.Component, action: str, class_name: str = "") -> rx.Component:
    """Posts its fields to `action`, also before any script runs."""
    return _NativeForm.create(*children, class_name=class_name, custom_attrs={"action": action, "method": "post"})


def copy_button(text: str | rx.Var[str] = "") -> rx.Component:
    """Copies `text`, or the code beside it when empty (assets/site.js)."""
    label = rx.el.span("Copy", custom_attrs={"data-label": ""})
    return rx.el.button(icon("copy"), label, type="button", class_name="btn q s", custom_attrs={"data-copy": text})


def code_block(title: Text, *code: Text, copy: bool = True) -> rx.Component:
    """Code with its name. `code` may hold spans of class k (names) and s (texts)."""
    head = rx.el.div(rx.el.span(title, class_name="grow trunc"), copy_button() if copy else rx.fragment(), class_name="bar2")
    return rx.el.div(head, rx.el.pre(rx.el.code(*code), tab_index=0), class_name="code")


def theme_switch() -> rx.Component:
    return icon_button("moon", "Switch light and dark", on_click=rx.toggle_color_mode)


def dialog(name: str, *children: rx.Component, class_name: str = "dlg", **props: object) -> rx.Component:
    """A modal dialog: opened by any control with data-open=`name`, closed by data-close, Escape, or a click beside it."""
    return rx.el.dialog(*children, id=name, class_name=class_name, custom_attrs={"data-light": ""}, **props)


def opener(name: str, control: rx.Component) -> rx.Component:
    """Makes `control` open the dialog `name`."""
    control.custom_attrs |= {"data-open": name, "aria-haspopup": "dialog"}
    return control


def closer(control: rx.Component) -> rx.Component:
    """Makes `control` close the dialog it stands in."""
    control.custom_attrs |= {"data-close": ""}
    return control
