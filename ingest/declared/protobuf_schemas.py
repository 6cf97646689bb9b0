"""Protobuf schemas (.proto), as catalogue of topics: a small reader of messages and their fields.

What it does not need (options, services, enums, extensions) it passes over. Source: the language
specifications of proto2, proto3 and editions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ingest.declared.json_schemas import DEEPEST, bounded

_Fields = list[tuple[str, str]]  # name and type as written
_COMMENT = re.compile(r'("(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\')|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|\.?[A-Za-z_][\w.]*|[^\s\w]|\S')
_MESSAGE = re.compile(r"^\s*message\s+[A-Za-z_]\w*\s*\{", re.MULTILINE)
_TOPIC = re.compile(r"x-topic\s*[:=]\s*[\"']?([\w.-]+)")
_LABELS = frozenset({"optional", "required", "repeated"})
_PASSED_OVER = frozenset({"option", "reserved", "extensions", "import", "syntax", "edition"})


def is_schema(content: str) -> bool:
    """Whether a text is a .proto file with a message."""
    return _MESSAGE.search(content) is not None


def topic(content: str) -> str:
    """The topic that a comment says it is of: `// x-topic: orders`."""
    found = _TOPIC.search(content)
    return found.group(1) if found else ""


def messages(content: str) -> dict[str, dict[str, str]]:
    """Full name → columns of the messages that are no part of another, in the order of the file."""
    reader = _Reader(content)
    reader.block("", 0)
    known = reader.messages
    used = {
        inner
        for name, fields in known.items()
        for _, type_ in fields
        if (inner := _inner(type_, name, known)) and inner != name
    }
    package = reader.package
    roots = [name for name in known if name not in used and name not in reader.nested]
    return {
        f"{package}.{name}" if package else name: bounded(_columns(name, "", known, ()))
        for name in roots or list(known)[:1]
    }


def _columns(
    message: str, prefix: str, known: Mapping[str, _Fields], within: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    within = (*within, message)
    for name, type_ in known[message]:
        yield prefix + name, type_
        inner = _inner(type_, message, known)
        if inner and inner not in within and len(within) < DEEPEST:
            yield from _columns(inner, f"{prefix}{name}.", known, within)


def _inner(type_: str, scope: str, known: Mapping[str, _Fields]) -> str:
    """The message that a type names, looked for from the inside out; empty for any other type."""
    named = type_.removesuffix(">").rpartition("<")[2].rpartition(",")[2].lstrip(".")
    while True:
        name = f"{scope}.{named}" if scope else named
        if name in known:
            return name
        if not scope:
            break
        scope = scope.rpartition(".")[0]
    return next((one for one in known if named.endswith(f".{one}")), "")  # with its package


class _Reader:
    """Reads blocks of a .proto; what it cannot make out it passes over to the next `;` or `}`."""

    def __init__(self, content: str) -> None:
        self.package = ""
        self.messages: dict[str, _Fields] = {}
        self.nested: set[str] = set()
        text = _COMMENT.sub(lambda found: found.group(1) or " ", content)
        self._tokens: list[str] = _TOKEN.findall(text)
        self._at = 0

    def block(self, message: str, depth: int) -> None:
        """Reads to the end of a block; its fields are those of the message."""
        statement: list[str] = []
        while (word := self._next()) not in ("", "}"):
            if word == "{":
                self._inner_block(statement, message, depth)
                statement = []
            elif word == ";":
                self._statement(statement, message)
                statement = []
            else:
                statement.append(word)

    def _inner_block(self, statement: list[str], message: str, depth: int) -> None:
        kind = statement[0] if statement else ""
        if depth > DEEPEST or kind not in ("message", "oneof") or "=" in statement:
            self._skip()
        elif kind == "oneof":
            self.block(message, depth + 1)
        else:
            name = f"{message}.{statement[1]}" if message else statement[1]
            if message:
                self.nested.add(name)
            self.messages[name] = []
            self.block(name, depth + 1)

    def _statement(self, tokens: list[str], message: str) -> None:
        if tokens[:1] == ["package"]:
            self.package = tokens[1] if len(tokens) > 1 else ""
        if not message or "=" not in tokens or tokens[0] in _PASSED_OVER:
            return
        said = tokens[: tokens.index("=")]
        if len(said) < 2:
            return
        type_ = "".join(token for token in said[:-1] if token not in _LABELS)
        repeated = said[0] == "repeated"
        self.messages[message].append((said[-1], f"repeated<{type_}>" if repeated else type_))

    def _skip(self) -> None:
        """Passes over a block, and the blocks in it."""
        depth = 1
        while depth and (word := self._next()):
            depth += {"{": 1, "}": -1}.get(word, 0)

    def _next(self) -> str:
        if self._at >= len(self._tokens):
            return ""
        self._at += 1
        return self._tokens[self._at - 1]
