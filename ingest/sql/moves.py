"""Statements that move whole tables, partitions and files, told by their first words."""

from __future__ import annotations

import msgspec
from sqlglot import TokenType

from ingest.sql.names import qualified
from ingest.sql.records import SchemaChange, Statement, Table
from ingest.sql.references import names_at, table_at
from ingest.sql.script import Script
from ingest.sql.splitting import Piece
from ingest.sql.tokens import TEXTS, words

# what stands in front of the other table when ALTER TABLE moves partitions
_MOVES = {"EXCHANGE": "WITH", "APPEND": "FROM", "SWITCH": "TO", "REPLACE": "FROM",
          "ATTACH": "FROM", "MOVE": "TO"}  # fmt: skip
_PARTITION_MOVES = words(
    """SWAP_PARTITIONS_BETWEEN_TABLES MOVE_PARTITIONS_TO_TABLE COPY_PARTITIONS_TO_TABLE"""
)


def moved_partitions(piece: Piece, script: Script) -> bool:
    """ALTER TABLE … EXCHANGE, SWITCH and APPEND; ClickHouse's REPLACE, ATTACH and MOVE."""
    name = names_at(piece.tokens[2:], script)
    move = piece.word(1 + len(name) + sum(map(bool, name)))
    if move not in _MOVES or (at := piece.find(_MOVES[move])) is None:
        return False
    if move == "MOVE" and piece.word(at + 1) != "TABLE":  # to a disk or a volume
        return True
    start = at + 1 + (piece.word(at + 1) == "TABLE")
    source, target = table_at(piece.tokens[start:], script), table_at(piece.tokens[2:], script)
    if move in {"SWITCH", "MOVE"}:
        source, target = target, source
    script.add(Statement("copy", reads=(source,), writes=(target,)))
    return True


def changed_rows(piece: Piece, script: Script) -> bool:
    """ClickHouse's ALTER TABLE … UPDATE and DELETE."""
    end = _after_name(piece, 2, script)
    if piece.word(end) not in {"UPDATE", "DELETE"}:
        return False
    name, rest = piece.after(2, end), piece.after(end + 1)
    verb, set_ = ("UPDATE", "SET") if piece.word(end) == "UPDATE" else ("DELETE FROM", "")
    script.run_text(f"{verb} {name} {set_} {rest}")
    return True


def _after_name(piece: Piece, start: int, script: Script) -> int:
    name = names_at(piece.tokens[start:], script)
    return start - 1 + len(name) + sum(map(bool, name))


def unload(piece: Piece, script: Script) -> bool:
    """Redshift's and Athena's UNLOAD ('query' | query) TO 'path'."""
    to = piece.find("TO")
    if to is None or to < 4 or to + 1 >= len(piece.tokens):
        return False
    inside = piece.tokens[2]
    text = inside.text if inside.token_type in TEXTS else piece.after(2, to - 1)
    path = Table((piece.tokens[to + 1].text,), "path")
    return _into_file(path, text, script)


def _into_file(path: Table, text: str, script: Script) -> bool:
    """Adds what a query writes to a file."""
    for statement in script.run_apart(text):
        edges, influences = (
            tuple(msgspec.structs.replace(edge, target_table=path) for edge in group)
            for group in (statement.edges, statement.influences)
        )
        script.add(
            msgspec.structs.replace(
                statement, kind="copy", writes=(path,), edges=edges, influences=influences
            )
        )
    return True


def select(piece: Piece, script: Script) -> bool:
    """MySQL's SELECT … INTO OUTFILE, and Vertica's functions that move partitions."""
    if piece.word(1) in _PARTITION_MOVES:
        return _vertica_move(piece, script)
    out = piece.find("OUTFILE", "DUMPFILE")
    if out is None or piece.word(out - 1) != "INTO" or out + 1 >= len(piece.tokens):
        return False
    rest = next((i for i in range(out, len(piece.tokens)) if piece.word(i) == "FROM"), None)
    text = piece.after(0, out - 1) + (f" {piece.after(rest)}" if rest is not None else "")
    return _into_file(Table((piece.tokens[out + 1].text,), "path"), text, script)


def _vertica_move(piece: Piece, script: Script) -> bool:
    """Vertica's functions that move partitions: SELECT move_partitions_totable_at('a', …, 'b')."""
    texts = [t.text for t in piece.tokens if t.token_type is TokenType.STRING]
    source, target = (qualified(tuple(t.split(".")), script.run()) for t in (texts[0], texts[-1]))
    script.add(Statement("copy", reads=(source,), writes=(target,)))
    return True


def exported(piece: Piece, script: Script) -> bool:
    """Hive's EXPORT TABLE t TO 'path'; DuckDB's EXPORT DATABASE names no table."""
    to = piece.find("TO")
    if piece.word(1) == "TABLE" and to is not None and to + 1 < len(piece.tokens):
        path = Table((piece.tokens[to + 1].text,), "path")
        script.add(Statement("copy", reads=(table_at(piece.tokens[2:], script),), writes=(path,)))
        return True
    return piece.word(1) == "DATABASE"


def imported(piece: Piece, script: Script) -> bool:
    """Hive's IMPORT [EXTERNAL] [TABLE t] FROM 'path'."""
    start, from_ = piece.find("TABLE"), piece.find("FROM")
    if start is not None and from_ is not None and from_ + 1 < len(piece.tokens):
        path = Table((piece.tokens[from_ + 1].text,), "path")
        target = table_at(piece.tokens[start + 1 :], script)
        script.add(Statement("copy", reads=(path,), writes=(target,)))
        return True
    return piece.word(1) in {"DATABASE", "FOREIGN"}


def exchanged(piece: Piece, script: Script) -> bool:
    """ClickHouse's EXCHANGE TABLES a AND b."""
    other = piece.find("AND")
    if piece.word(1) == "TABLES" and other is not None:
        first, second = (table_at(piece.tokens[i:], script) for i in (2, other + 1))
        script.add(Statement("ddl", changes=(SchemaChange("swap", first, other=second),)))
    return other is not None


def changes_applied(piece: Piece, script: Script) -> bool:
    """Databricks' APPLY CHANGES | AUTO CDC INTO target FROM source KEYS (…)."""
    into, from_ = piece.find("INTO"), piece.find("FROM")
    if into is None or from_ is None:
        return False
    keys = piece.find("KEYS") or len(piece.tokens)
    target, source = piece.after(into + 1, from_), piece.after(from_ + 1, keys)
    script.run_text(" ".join(("INSERT INTO", target, "SELECT * FROM", source)))
    return True


def bulk(piece: Piece, script: Script) -> bool:
    """T-SQL's BULK INSERT table FROM 'file'."""
    texts = [token.text for token in piece.tokens if token.token_type in TEXTS]
    if piece.word(1) != "INSERT" or not texts:
        return False
    target = table_at(piece.tokens[2:], script)
    script.add(Statement("copy", reads=(Table((texts[0],), "path"),), writes=(target,)))
    return True


def load(piece: Piece, script: Script) -> bool:
    """MySQL's LOAD DATA INFILE 'file' INTO TABLE t, with options in front of and behind it."""
    file, into = piece.find("INFILE"), piece.find("INTO")
    if file is None or into is None or max(file, into) + 2 >= len(piece.tokens):
        return False
    path = Table((piece.tokens[file + 1].text,), "path")
    target = table_at(piece.tokens[into + 2 :], script)
    script.add(Statement("copy", reads=(path,), writes=(target,)))
    return True
