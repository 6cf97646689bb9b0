"""What the manifest of a dbt project declares: lineage, exposures, owners.

Source: schemas.getdbt.com/dbt/manifest, v9 to v12.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ingest.declared.consumer_ids import consumer_of
from ingest.declared.content import Json, mapping, text
from ingest.declared.links import SOMEWHERE, DeclaredEdge
from ingest.declared.people import ConsumerEntry, Ownership

_MADE = ("model", "seed", "snapshot")


def is_manifest(value: object) -> bool:
    """Whether a JSON value is a manifest."""
    found = mapping(value)
    schema = text(mapping(found.get("metadata")).get("dbt_schema_version"))
    return "manifest" in schema or ("nodes" in found and "child_map" in found)


def relations(value: object) -> dict[str, str]:
    """unique_id → reference to the relation of every model, seed, snapshot and source."""
    found = mapping(value)
    adapter = text(mapping(found.get("metadata")).get("adapter_type")) or "dbt"
    nodes = {**mapping(found.get("nodes")), **mapping(found.get("sources"))}
    made = ((id_, mapping(node)) for id_, node in nodes.items())
    return {
        id_: f"{adapter}{SOMEWHERE}:{name}"
        for id_, node in made
        if text(node.get("resource_type")) in (*_MADE, "source") and (name := _relation(node))
    }


def _relation(node: Json) -> str:
    """The dotted name of a node's relation; empty for what makes none."""
    config = mapping(node.get("config"))
    if text(config.get("materialized")) == "ephemeral":
        return ""
    table = text(node.get("identifier")) or text(node.get("alias")) or text(node.get("name"))
    names = (text(node.get("database")), text(node.get("schema")), table)
    return ".".join(f'"{name}"' if "." in name else name for name in names if name)


def manifest_edges(value: object) -> Iterator[DeclaredEdge]:
    """What each model depends on, through ephemeral models, and what each exposure reads."""
    found = mapping(value)
    nodes, known = mapping(found.get("nodes")), relations(value)
    for id_, node in nodes.items():
        if id_ in known:
            for parent in _parents(mapping(node), nodes, known):
                yield DeclaredEdge(known[parent], known[id_], job=f"dbt:{id_}", kind="model",
                                   reason="dbt manifest")  # fmt: skip
    for id_, node in mapping(found.get("exposures")).items():
        address = text(mapping(node).get("url"))
        for parent in _parents(mapping(node), nodes, known):
            yield DeclaredEdge(known[parent], consumer=f"dbt:{id_}", address=address,
                               kind=_kind(mapping(node)), reason="dbt exposure")  # fmt: skip


def _parents(node: Json, nodes: Json, known: dict[str, str]) -> list[str]:
    """The nodes with a relation that a node depends on; ephemeral ones stand for theirs."""
    stack = list(_depends_on(node))
    found: dict[str, None] = {}
    seen: set[str] = set()
    while stack:
        id_ = stack.pop(0)
        if id_ in seen:
            continue
        seen.add(id_)
        if id_ in known:
            found[id_] = None
        else:
            stack.extend(_depends_on(mapping(nodes.get(id_))))
    return list(found)


def _depends_on(node: Json) -> list[str]:
    ids = mapping(node.get("depends_on")).get("nodes")
    return [one for one in ids if isinstance(one, str)] if isinstance(ids, list) else []


def exposures(value: object) -> Iterator[ConsumerEntry]:
    """What the exposures of a manifest are called, where they are, and whose they are.

    One under its own name, and one as logs may name it by its address.
    """
    for id_, found in mapping(mapping(value).get("exposures")).items():
        node = mapping(found)
        owner = mapping(node.get("owner"))
        entry = ConsumerEntry(
            f"dbt:{id_}",
            text(node.get("label")) or text(node.get("name")),
            text(node.get("url")),
            text(owner.get("email")) or text(owner.get("name")),
            text(meta_of(node).get("team")) or text(owner.get("name")),
            None,
            _kind(node),
        )
        yield entry
        shown = consumer_of(entry.url)
        if shown:
            yield msgspec.structs.replace(entry, id=shown)


def _kind(node: Json) -> str:
    kind = text(node.get("type"))
    return {"ml": "application", "analysis": "report"}.get(kind, kind or "dashboard")


def manifest_owners(value: object) -> Iterator[Ownership]:
    """Who owns which relation: `meta.owner`, else the owner of the group."""
    found = mapping(value)
    known = relations(value)
    groups = {
        text(group.get("name")): mapping(group.get("owner"))
        for group in map(mapping, mapping(found.get("groups")).values())
    }
    for id_, node in {**mapping(found.get("nodes")), **mapping(found.get("sources"))}.items():
        if id_ in known:
            team, contact = _owner(mapping(node), groups)
            if team:
                meta = meta_of(mapping(node))
                name = known[id_].partition(f"{SOMEWHERE}:")[2]
                yield Ownership(name, team, text(meta.get("domain")), contact)


def meta_of(node: Json) -> Json:
    """What the project says of a node beyond what dbt knows."""
    source = mapping(node.get("source_meta"))
    return {
        **source,
        **mapping(mapping(node.get("config")).get("meta")),
        **mapping(node.get("meta")),
    }


def _owner(node: Json, groups: dict[str, Json]) -> tuple[str, str]:
    """Team and contact of a node; empty when nobody said."""
    meta = meta_of(node)
    said = meta.get("team") or meta.get("owner")
    if isinstance(said, dict):
        return text(said.get("name")) or text(said.get("email")), text(said.get("email"))
    if text(said):
        contact = text(meta.get("owner_email")) or text(meta.get("contact"))
        return text(said).lstrip("@"), contact
    name = text(node.get("group")) or text(mapping(node.get("config")).get("group"))
    owner = groups.get(name, {})
    return (name, text(owner.get("email"))) if name else ("", "")


def model_files(value: object) -> dict[str, str]:
    """The name of every relation → the file that makes it, within the project."""
    nodes = mapping(mapping(value).get("nodes"))
    return {
        reference.partition(f"{SOMEWHERE}:")[2]: text(
            mapping(nodes.get(id_)).get("original_file_path")
        )
        for id_, reference in relations(value).items()
        if id_ in nodes
    }
