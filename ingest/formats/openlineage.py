"""OpenLineage events: recognised here, read by `ingest.openlineage`.

Source: https://openlineage.io/docs/spec/object-model
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO

from ingest.files.objects import json_objects
from ingest.record import Head, Read, ReadOptions
from lineage.errors import UnreadableInput


class OpenLineage:
    """The format."""

    name = "openlineage"
    title = "OpenLineage events (JSON Lines, JSON array)"
    dialect = ""
    export = "set OPENLINEAGE__TRANSPORT__TYPE=file and take the file of the transport"

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        if head.text.lstrip()[:1] not in ("{", "["):
            return ""
        for one in json_objects(io.StringIO(), head.text):
            if isinstance(one, tuple) and "eventTime" in one[1]:
                what = one[1].keys() & {"run", "job", "dataset"}
                return f"its JSON objects have eventTime and {min(what)}" if what else ""
        return ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Nothing: events are no statements.

        Raises:
            UnreadableInput: always.
        """
        raise UnreadableInput("OpenLineage events hold no statements of a query log")


FORMAT = OpenLineage()
