"""The page with its models as one HTML file, which opens without any server: modules do not load from file://.

Modules become functions of one script, in the order in which they need each other; models stand in the file as base64,
where `models.js` looks before it asks a server. The script and the style are named by their hashes in the page's policy.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from posixpath import dirname, join, normpath

ENTRY = "main.js"
_IMPORT = re.compile(r'^import ?\{([^}]*)\} ?from ?"([^"]+)";', re.MULTILINE)
_LATER = re.compile(r'\bimport\("([^"]+)"\)')
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let)[ *]+(\w+))", re.MULTILINE)
_LEFT = re.compile(r"^(import|export)\b.*", re.MULTILINE)  # a form that is not known here
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')


def one_file(found: Mapping[str, Path | bytes]) -> bytes:
    """The whole of a `Site` as an HTML page.

    >>> from .site import site
    >>> page = one_file(site(["shakespeare"]))
    >>> b'<script type="text/plain" id="models.json">' in page, b'src="main.js"' in page
    (True, False)
    """
    files = {name: content if isinstance(content, bytes) else content.read_bytes() for name, content in found.items()}
    page = files["index.html"].decode()
    script = bundle({name: data.decode() for name, data in files.items() if name.endswith(".js")})
    style = files["studio.css"].decode()
    icon = base64.b64encode(files["icon.svg"]).decode()
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}' 'wasm-unsafe-eval'; style-src '{_hash(style)}'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
    page = _POLICY.sub(f'<meta http-equiv="Content-Security-Policy" content="{policy}">', page)
    page = page.replace('href="icon.svg"', f'href="data:image/svg+xml;base64,{icon}"')
    page = page.replace('<link rel="stylesheet" href="studio.css">', f"<style>{style}</style>")
    page = page.replace(f'<script type="module" src="{ENTRY}"></script>', f'<script type="module">{script}</script>')
    data = "".join(
        f'<script type="text/plain" id="{name}">{base64.b64encode(content).decode()}</script>\n'
        for name, content in files.items()
        if name.endswith((".json", ".safetensors"))
    )
    return page.replace("</body>", f"{data}</body>").encode()


def bundle(modules: Mapping[str, str]) -> str:
    """Modules as one script that does what `ENTRY` does; a module has imports and exports of the forms that the page uses.

    >>> bundle({"main.js": 'import { two } from "./x.js";\\nalert(two);\\n', "x.js": "export const two = 2;\\n"})
    'const $0 = (() => {\\nconst two = 2;\\nreturn {two};\\n})();\\nconst { two } = $0;\\nalert(two);\\n'
    """
    needs = {name: [_from(name, path) for path in _paths(text)] for name, text in modules.items()}
    order = [name for name in TopologicalSorter(needs).static_order() if name != ENTRY]
    names = {name: f"${number}" for number, name in enumerate(order)}
    parts = [f"const {names[name]} = (() => {{\n{_body(name, modules[name], names)}}})();\n" for name in order]
    return "".join([*parts, _body(ENTRY, modules[ENTRY], names)]).replace("</script", "<\\/script")


def _paths(text: str) -> list[str]:
    return [path for _, path in _IMPORT.findall(text)] + _LATER.findall(text)


def _from(name: str, path: str) -> str:
    return normpath(join(dirname(name), path))


def _body(name: str, text: str, names: Mapping[str, str]) -> str:
    """What a module does, and, but for the entry, what it gives back."""
    exported = _EXPORT.findall(text)
    text = _IMPORT.sub(lambda found: f"const {{{found[1]}}} = {names[_from(name, found[2])]};", text)
    text = _LATER.sub(lambda found: f"Promise.resolve({names[_from(name, found[1])]})", text)
    text = _EXPORT.sub("", text)
    if left := _LEFT.search(text):
        raise ValueError(f"{name} says {left[0]!r}, which is no form of a module that can stand in one file")
    return text if name == ENTRY else f"{text}return {{{','.join(exported)}}};\n"


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
