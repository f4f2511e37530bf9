"""What a browser is given of a module: all that it does, without comments, space and long names, which are for readers.

Only names that a module declares for itself are shortened, each to the same short one wherever it stands for a variable in
that file; properties, strings, what is imported and what is exported stay. Two names stay two, so scopes are what they were.
Modules are written with a semicolon behind every statement, so that no end of a line means anything.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import product
from string import ascii_letters
from typing import NamedTuple

_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)|(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')"""
    r"|(?P<name>#?[A-Za-z_$][\w$]*)|(?P<number>[\d][\w.]*)|(?P<sign>\.\.\.|=>|\?\.(?!\d)|\+\+|--|.)",
    re.DOTALL,
)
_PATTERN = re.compile(r"/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+/[a-z]*")  # a regular expression
_CHUNK = re.compile(r"(?:\\.|\$(?!\{)|[^`\\$])*(`|\$\{)", re.DOTALL)  # of a template
_OPEN, _CLOSED, _CONTROL = {"(": ")", "[": "]", "{": "}"}, set(")]}"), {"if", "for", "while", "switch"}
_RESERVED = re.findall(
    r"\w+",
    """arguments as async await break case catch class const continue default delete do else export extends false finally for
    from function get if import in instanceof let new null of return set static super switch this throw true try typeof
    undefined var void while yield""",
)


class _Token(NamedTuple):
    kind: str
    text: str
    fresh: bool  # whether a line ends before it


class _Bracket(NamedTuple):
    kind: str  # the sign, "block" or "class" for braces of these, "${" in a template
    declares: bool  # whether names in it are those of a pattern or of parameters


def lean(module: str) -> str:
    r"""A module as short as it may be.

    >>> lean('/** One. */\nexport function total(value, { rest }) {\n  return `${value}, \n  // ${rest}`; // why\n}\n')
    'export function total(a,{rest:b}){return`${a}, \n  // ${b}`;}'
    """
    tokens = list(_tokens(module))
    short, places = _renamed(tokens)
    made, before = "", ""
    for i, (_, text, fresh) in enumerate(tokens):
        new = places[i].format(short[text]) if i in places and text in short else text
        apart = (re.match(r"[\w$#]", new) and re.search(r"[\w$]$", before)) or before[-1:] + new[:1] in ("++", "--")
        made += ("\n" if fresh and text in ("import", "export") else " " if apart else "") + new
        before = new
    return made.removeprefix("\n")


def lean_style(sheet: str) -> str:
    """A style sheet without the space that is for those who read it here.

    >>> lean_style("p, pre { margin: 0;\\n  padding: 1px 2px }\\n")
    'p,pre{margin:0;padding:1px 2px}'
    """
    return re.sub(r"\s*([{};,])\s*|(:) ", r"\1\2", sheet)


def _tokens(module: str) -> Iterator[_Token]:
    at, fresh, depth, before = 0, False, 0, ""
    templates: list[int] = []  # how deep in braces each stands
    while at < len(module):
        sign = module[at]
        found = None
        if sign == "`" or (sign == "}" and templates and templates[-1] == depth):
            if sign == "}":
                templates.pop()
            found, kind = _CHUNK.match(module, at + 1), "text"
            if found and found[1] == "${":
                templates.append(depth)
        elif sign == "/" and module[at + 1] not in "/*" and not re.search(r"[\w$)\]]$", before):
            found, kind = _PATTERN.match(module, at), "text"
        found = found or _TOKEN.match(module, at)
        assert found
        text, kind = module[at : found.end()], found.lastgroup or "text"
        at = found.end()
        if kind == "space":
            fresh = fresh or "\n" in text
            continue
        depth += (text == "{") - (text == "}")
        yield _Token(kind, text, fresh)
        fresh, before = False, text


def _renamed(tokens: list[_Token]) -> tuple[dict[str, str], dict[int, str]]:
    """A short name for each that gets one; and the places at which names are variables, as what is to be written there."""
    partner = _partners(tokens)
    words = [*(token.text for token in tokens), "", ""]
    declared, kept, places = set(), set(), {}
    stack = [_Bracket("block", declares=False)]
    for i, (kind, text, _) in enumerate(tokens):
        before, after, inner = words[i - 1] if i else ";", words[i + 1], stack[-1]
        if text in _OPEN or (kind == "text" and text.endswith("${")):
            if not text.startswith("}") or len(text) == 1:
                stack.append(_bracket(words, i, partner, inner))
        elif text in _CLOSED or (kind == "text" and text.startswith("}")):
            stack.pop()
        if kind != "name" or text in _RESERVED:
            continue
        if text.startswith("#"):
            declared.add(text)
            places[i] = "#{}"
            continue
        member = inner.kind == "class" and before in ("{", "}", ";", "get", "set", "static", "async", "*")
        named = before == "function" or (before == "*" and words[i - 2] == "function")
        method = after == "(" and words[partner.get(i + 1, i) + 1] == "{" and not named
        entry = inner.kind == "{" and before in ("{", ",")
        if before in (".", "?.") or member or method or (entry and after == ":"):
            continue
        if inner.kind == "import" or "export" in words[max(i - 3, 0) : i]:
            kept.add(text)
        places[i] = f"{text}:{{}}" if entry and after in (",", "}", "=") else "{}"
        listed = inner.declares and before in ("(", ",", "[", "{", "...", ":")
        if (
            named
            or listed
            or before in ("const", "let", "class")
            or after == "=>"
            or (before == "," and inner.kind in ("block", "for"))
        ):
            declared.add(text)
    often = Counter(tokens[i].text for i in places)
    free = (
        name
        for size in (1, 2)
        for letters in product(ascii_letters, repeat=size)
        if (name := "".join(letters)) not in {*words, *_RESERVED}
    )
    wanted = [name for name, _ in often.most_common() if name in declared - kept and len(name) > 1]
    return dict(zip(wanted, free, strict=False)), places


def _partners(tokens: list[_Token]) -> dict[int, int]:
    """Where each round bracket is closed."""
    found, open_brackets = {}, []
    for i, token in enumerate(tokens):
        if token.text == "(":
            open_brackets.append(i)
        elif token.text == ")":
            found[open_brackets.pop()] = i
    return found


def _bracket(words: list[str], i: int, partner: dict[int, int], outer: _Bracket) -> _Bracket:
    text, before = words[i], words[i - 1] if i else ";"
    nested = (
        before in ("const", "let")
        or (outer.declares and before in ("(", ",", "[", "{", "...", ":"))
        or (before == "," and outer.kind in ("block", "for"))
    )
    if text == "(":
        behind = words[partner[i] + 1]
        given = behind == "=>" or (behind == "{" and before not in _CONTROL)
        return _Bracket("for" if before == "for" else "(", declares=given or nested)
    if text == "[":
        return _Bracket("[", declares=nested)
    if text != "{":
        return _Bracket("${", declares=False)
    if before in ("import", "export"):
        return _Bracket("import", declares=False)
    if words[i - 2] == "class" or words[i - 4 : i - 1 : 2] == ["class", "extends"]:
        return _Bracket("class", declares=False)
    block = before in (")", "=>", ";", "{", "}", "else", "try", "do", "finally", "catch")
    return _Bracket("block" if block else "{", declares=nested)
