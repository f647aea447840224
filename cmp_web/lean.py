"""Keeps the JavaScript of a page small: what Reflex ships for features we do not use stays out (docs/decisions/0002)."""

from __future__ import annotations

import re
from pathlib import Path

from reflex.plugins import Plugin

STAND_INS = Path(__file__).with_suffix(".js")
TRANSPORTS = """// The websocket is the only way configured.
import { WS } from "../node_modules/engine.io-client/build/esm/transports/websocket.js";

export const transports = { websocket: WS };
"""
_REPLACED = ("@emotion/react", "mergician", "universal-cookie")
_WINDOW = re.compile(r"useEffect\(\(\) => \{\s*// Make contexts and state objects available globally.*?\}, \[\]\);", re.S)
_EVAL = re.compile(r"(?<![\w.)])eval\(")
_ADDRESSES = 'name: "reflex-env",\n            },'
_SHARED = """
            {
              // What every page loads, in one file: one answer's headers, and text that compresses better together.
              test: /node_modules|\\butils\\/(state|context-registry|lean|transports|helpers|react-theme)/,
              name: "shared",
            },"""
_NAMESPACES = re.compile(r'^import \* as \w+ from "[^"]+";\n', re.M)


class LeanPlugin(Plugin):
    """Replaces three libraries by a page of code, leaves out transports other than the websocket, does not export every module to
    `window`, which only components compiled at run time would need, and lets names be shortened where `eval` kept them whole.
    Raises ValueError when Reflex's files no longer look as expected.
    """

    def pre_compile(self, **context: object) -> None:
        context["add_modify_task"]("vite.config.js", _aliases)
        context["add_modify_task"]("app/root.jsx", _without_globals)
        context["add_modify_task"]("utils/state.js", _without_scope)

    def get_static_assets(self, **context: object) -> list[tuple[Path, str]]:
        return [(Path("utils/lean.js"), STAND_INS.read_text()), (Path("utils/transports.js"), TRANSPORTS)]


def _aliases(config: str) -> str:
    here = 'fileURLToPath(new URL("./utils/lean.js", import.meta.url))'
    sockets = here.replace("lean.js", "transports.js")
    found = f"{{ find: /^\\.\\/transports\\/index\\.js$/, replacement: {sockets} }}, "
    found += "".join(f'{{ find: "{name}", replacement: {here} }}, ' for name in _REPLACED)
    if here not in config:
        config = config.replace("alias: [", f"alias: [ {found}", 1).replace(_ADDRESSES, _ADDRESSES + _SHARED, 1)
    return _checked(_checked(config, here), 'name: "shared"')


def _without_globals(root: str) -> str:
    return _checked(_NAMESPACES.sub("", _WINDOW.sub("", root)), "function ReflexProviders")


def _without_scope(state: str) -> str:
    """An `eval` called by its name sees every name around it, so none can be shortened in that file. Ours may not run at all (no
    `unsafe-eval`); called indirectly it sees none.
    """
    return _checked(_EVAL.sub("(0, eval)(", state), "(0, eval)(event.payload")


def _checked(content: str, needs: str) -> str:
    if needs not in content:
        raise ValueError("Reflex generated a file that cmp_web/lean.py does not know; was Reflex upgraded?")
    return content
