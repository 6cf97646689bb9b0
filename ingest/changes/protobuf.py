"""A Protobuf file (proto2, proto3): the fields of a message, without a compiler."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.changes.fields import Field
from lineage.errors import UnreadableInput

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_BLOCK = re.compile(r"\b(message|enum|oneof|extend|service|group)\s+([\w.]+)?[^{};]*\{")
_FIELD = re.compile(
    r"(?:^|(?<=[;{}]))\s*(?P<label>required|optional|repeated)?\s*"
    r"(?P<type>map\s*<[^>]*>|[\w.]+)\s+(?P<name>\w+)\s*=\s*(?P<number>\d+)\s*(?:\[(?P<options>[^\]]*)\])?\s*;"
)
_HELD = re.compile(r"map\s*<[^,>]*,\s*([\w.]+)\s*>")
_VALUE = re.compile(r"(\w+)\s*=\s*-?(?:0x)?[\da-fA-F]+")
_TYPES = {
    **dict.fromkeys(("int32", "sint32", "uint32", "fixed32", "sfixed32"), "int"),
    **dict.fromkeys(("int64", "sint64", "uint64", "fixed64", "sfixed64"), "bigint"),
    "google.protobuf.Timestamp": "timestamp",
}
_DEEPEST = 20


class _Messages:
    """The messages and enums of a file by their dotted names."""

    def __init__(self, text: str) -> None:
        self.bodies: dict[str, str] = {}
        self.enums: dict[str, tuple[str, ...]] = {}
        self._read(_COMMENT.sub(" ", text), "")

    def _read(self, text: str, prefix: str) -> str:
        """Takes the blocks out of a text; what a oneof holds stays, for it belongs outside."""
        while found := _BLOCK.search(text):
            end = _closing(text, found.end())
            body, kind = text[found.end() : end - 1], found[1]
            name = f"{prefix}{found[2] or ''}"
            if kind == "message":
                self.bodies[name] = ""
                self.bodies[name] = self._read(body, f"{name}.")
            elif kind == "enum":
                self.enums[name] = tuple(one[1] for one in _VALUE.finditer(body))
            kept = f" {body} " if kind == "oneof" else " "
            text = f"{text[: found.start()]}{kept}{text[end:]}"
        return text

    def named(self, type_: str, inside: str) -> str:
        """The full name of a type as a message sees it; empty when it is not in the file."""
        places = inside.split(".") if inside else []
        for i in range(len(places), -1, -1):
            name = ".".join([*places[:i], type_])
            if name in self.bodies or name in self.enums:
                return name
        return next((n for n in (*self.bodies, *self.enums) if type_.endswith(f".{n}")), "")

    def fields(
        self, message: str, prefix: str = "", within: tuple[str, ...] = ()
    ) -> Iterator[Field]:
        """The fields of a message and of the messages in them, but for one within itself."""
        if message in within or len(within) > _DEEPEST:
            return
        for one in _FIELD.finditer(self.bodies[message]):
            held = _HELD.fullmatch(one["type"])
            inner = self.named(held[1] if held else one["type"], message)
            type_ = (
                "string"
                if inner in self.enums and not held
                else _TYPES.get(one["type"], one["type"])
            )
            name = prefix + one["name"]
            yield Field(
                name,
                f"array of {type_}" if one["label"] == "repeated" else type_,
                one["label"] == "required",
                f"{prefix}#{one['number']}",
                symbols=self.enums.get(inner),
                default=one["label"] != "required",
                number=one["number"],
            )
            if inner in self.bodies:
                yield from self.fields(inner, f"{name}.", (*within, message))


def message_of(text: str, subject: str, where: str) -> tuple[str, list[Field], list[str]]:
    """The full name and the fields of a file's message, and what of it was not understood.

    Of several messages the one that the subject is named after, else the only one that no other
    holds, else the first.

    Raises:
        UnreadableInput: there is no message in it.
    """
    messages = _Messages(text)
    outer = [name for name in messages.bodies if "." not in name]
    if not outer:
        raise UnreadableInput(f"{where}: no Avro record, JSON Schema object or Protobuf message")
    wanted = re.sub(r"[\W_]", "", re.split(r"[.:/]", subject)[-1]).lower()
    named = [name for name in outer if wanted and wanted.rstrip("s") == name.lower().rstrip("s")]
    held = {
        messages.named(one["type"], name)
        for name, body in messages.bodies.items()
        for one in _FIELD.finditer(body)
    }
    free = [name for name in outer if name not in held]
    chosen = (named or (free if len(free) == 1 else outer))[0]
    package = re.search(r"(?:^|;)\s*package\s+([\w.]+)\s*;", text, re.MULTILINE)
    unread = []
    if not named and len(free) > 1:
        unread.append(f"{where}: of {len(free)} messages only {chosen} was compared")
    full = f"{package[1]}.{chosen}" if package else chosen
    return full, list(messages.fields(chosen)), unread


def _closing(text: str, start: int) -> int:
    depth = 1
    for place in range(start, len(text)):
        depth += (text[place] == "{") - (text[place] == "}")
        if not depth:
            return place + 1
    return len(text)
