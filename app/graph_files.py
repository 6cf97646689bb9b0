"""Writes the graph to a file; the suffix says how: JSON, CSV, GraphML, DOT, Mermaid.

JSON, CSV and GraphML hold everything but statements; DOT and Mermaid are pictures of datasets, jobs
and consumers. Names are data: they are quoted for the format that they go into.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from typing import Final
from xml.sax.saxutils import escape

import msgspec

from lineage.analyses.corrections import corrections
from lineage.calendar import iso_or_none
from lineage.model import FLOW, EdgeType, Node
from lineage.names import NodeId
from lineage.store import Store

_LABELS: Final = ("Dataset", "Column", "Job", "Consumer", "Team", "Domain", "DataProduct")
_EDGES: Final = tuple(type_ for type_ in EdgeType if type_ not in (EdgeType.RAN,
                      EdgeType.NAMED_IN, EdgeType.RUN_BY, EdgeType.MEMBER_OF))  # fmt: skip
_COLUMNS: Final = ("type", "source", "target", "role", "via", "origin", "certainty", "first",
                   "last", "total", "named")  # fmt: skip
_ENDS: Final = ("source", "target")
_TYPES: Final = {"certainty": "double", "total": "long", "named": "boolean"}  # of GraphML
_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_QUOTES: Final = {'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
_SHAPES: Final = {"Dataset": "box", "Job": "ellipse", "Consumer": "note"}


class EdgeRow(msgspec.Struct, frozen=True):
    """An edge as it is written; first and last are ISO dates."""

    type: str
    source: str
    target: str
    role: str | None
    via: str | None
    origin: str
    certainty: float
    first: str | None
    last: str | None
    total: int
    named: bool


def _rows(store: Store) -> Iterator[EdgeRow]:
    for edge in corrections(store).kept(store.scan_edges(_EDGES)):
        key, seen = edge.key, edge.activity
        yield EdgeRow(
            key.type, str(key.source), str(key.target), key.role, str(key.via) if key.via else None,
            key.origin, edge.evidence.certainty, iso_or_none(seen.first), iso_or_none(seen.last),
            seen.total, edge.named,
        )  # fmt: skip


def _nodes(store: Store) -> Iterator[Node]:
    for label in _LABELS:
        yield from store.scan_nodes(label)


def _label(node: NodeId) -> str:
    return type(node).__name__.removesuffix("Id")


def _json(store: Store) -> str:
    nodes = [
        {"id": str(node.id), "label": _label(node.id)}
        | {name: fact.value for name, fact in sorted(node.facts.items())}
        for node in _nodes(store)
    ]
    nodes.sort(key=lambda node: (node["label"], node["id"]))
    edges = sorted(_rows(store), key=_order)
    document = msgspec.json.encode({"nodes": nodes, "edges": edges})
    return msgspec.json.format(document, indent=1).decode() + "\n"


def _order(row: EdgeRow) -> tuple[str, ...]:
    return row.type, row.source, row.target, row.role or "", row.via or "", row.origin


def _csv(store: Store) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for row in sorted(_rows(store), key=_order):
        writer.writerow(_inert(value) for value in msgspec.structs.astuple(row))
    return text.getvalue()


def _inert(value: object) -> object:
    """A value that a spreadsheet does not take for a formula."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@"):
        return "'" + value
    return "" if value is None else value


def _fields(row: EdgeRow) -> Iterator[tuple[str, object]]:
    return zip(_COLUMNS, msgspec.structs.astuple(row), strict=True)


def _graphml(store: Store) -> str:
    nodes: dict[str, dict[str, str]] = {}
    for node in _nodes(store):
        facts = {name: fact.value for name, fact in node.facts.items()}
        nodes.setdefault(str(node.id), {}).update(facts | {"label": _label(node.id)})
    names = sorted({name for facts in nodes.values() for name in facts})
    keys = {name: f"n{number}" for number, name in enumerate(names)}
    text = io.StringIO(newline="")
    text.write('<?xml version="1.0" encoding="utf-8"?>\n')
    text.write('<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n')
    text.writelines(_graphml_key(key, "node", name) for name, key in keys.items())
    text.writelines(_graphml_key(name, "edge", name) for name in _COLUMNS if name not in _ENDS)
    text.write('<graph edgedefault="directed">\n')
    for name, facts in nodes.items():
        data = "".join(f'<data key="{keys[k]}">{_xml(v)}</data>' for k, v in sorted(facts.items()))
        text.write(f'<node id="{_xml(name)}">{data}</node>\n')
    text.writelines(map(_graphml_edge, sorted(_rows(store), key=_order)))
    text.write("</graph>\n</graphml>\n")
    return text.getvalue()


def _graphml_key(key: str, owner: str, name: str) -> str:
    type_ = _TYPES.get(name, "string") if owner == "edge" else "string"
    return f'<key id="{key}" for="{owner}" attr.name="{_xml(name)}" attr.type="{type_}"/>\n'


def _graphml_edge(row: EdgeRow) -> str:
    data = "".join(
        f'<data key="{name}">{_xml(str(value).lower() if name == "named" else str(value))}</data>'
        for name, value in _fields(row)
        if name not in _ENDS and value is not None
    )
    return f'<edge source="{_xml(row.source)}" target="{_xml(row.target)}">{data}</edge>\n'


def _xml(text: str) -> str:
    """Text as it stands in an element or an attribute; XML has no way to write what is left out."""
    return escape(_NO_XML.sub("", text), _QUOTES)


def _picture(store: Store) -> tuple[list[NodeId], list[tuple[int, int]]]:
    """The nodes of the data flow, sorted, and its edges by their places."""
    ends = {(e.key.source, e.key.target) for e in corrections(store).kept(store.scan_edges(FLOW))}
    nodes = sorted({node for pair in ends for node in pair}, key=lambda n: (_label(n), str(n)))
    place = {node: index for index, node in enumerate(nodes)}
    return nodes, sorted((place[source], place[target]) for source, target in ends)


def _dot(store: Store) -> str:
    nodes, edges = _picture(store)
    lines = ["digraph lineage {", "  rankdir=LR; node [fontname=Helvetica];"]
    for index, node in enumerate(nodes):
        name = str(node).replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f'  n{index} [label="{name}", shape={_SHAPES[_label(node)]}];')
    lines += [f"  n{source} -> n{target};" for source, target in edges]
    return "\n".join([*lines, "}"]) + "\n"


def _mermaid(store: Store) -> str:
    nodes, edges = _picture(store)
    lines = ["flowchart LR"]
    for index, node in enumerate(nodes):
        name = "".join(c if c.isalnum() or c in " ._-/:" else f"#{ord(c)};" for c in str(node))
        lines.append(f'  n{index}["{name}"]')
    lines += [f"  n{source} --> n{target}" for source, target in edges]
    return "\n".join(lines) + "\n"


WRITERS: Final[dict[str, Callable[[Store], str]]] = {
    ".json": _json,
    ".csv": _csv,
    ".graphml": _graphml,
    ".dot": _dot,
    ".mmd": _mermaid,
}
