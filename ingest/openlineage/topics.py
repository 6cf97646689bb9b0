"""Which Kafka topics to read, as whom, and with which settings of the client library."""

from __future__ import annotations

from pathlib import Path

import msgspec

from lineage.errors import UnreadableInput


class Topics(msgspec.Struct, frozen=True):
    """What the user said.

    brokers: host:port, several with commas. names: topics; one that begins with ^ is a regular
    expression. properties: a file of librdkafka's settings, or nothing. dead_letters: a topic, or
    nothing.
    """

    brokers: str
    names: tuple[str, ...]
    group: str
    properties: str = ""
    dead_letters: str = ""


def read_properties(path: Path) -> dict[str, str]:
    """The settings in a file of `name=value` lines; lines that begin with # are comments.

    Raises:
        UnreadableInput: it cannot be read, or a line is neither.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableInput(f"{path} cannot be read: {error}") from error
    found: dict[str, str] = {}
    for number, line in enumerate(map(str.strip, lines), 1):
        name, mark, value = line.partition("=")
        if not line or line.startswith("#"):
            continue
        if not mark:  # the line itself may be a secret
            raise UnreadableInput(f"{path}, line {number}: write `name=value`")
        found[name.strip()] = value.strip()
    return found
