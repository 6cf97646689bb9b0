"""Statements told by their first word, before any parser: USE, SET, CALL, EXPLAIN, UNLOAD."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from sqlglot import Token, TokenType

from ingest.sql import moves
from ingest.sql.names import is_path
from ingest.sql.records import SchemaChange, Statement, Table
from ingest.sql.references import name_tokens, names_at, table_at
from ingest.sql.script import Script
from ingest.sql.splitting import Piece
from ingest.sql.tokens import DEEPER, TEXTS, words
from ingest.sql.trims import closing

_HIVE, _SELECT, _L_PAREN = TokenType.HIVE_TOKEN_STREAM, TokenType.SELECT, TokenType.L_PAREN
_SILENT = words(
    """ANALYZE ANALYSE REFRESH VACUUM OPTIMIZE SHOW DESCRIBE DESC GRANT REVOKE DENY COMMIT ROLLBACK
    SAVEPOINT START KILL COMMENT MSCK UNCACHE PRINT RAISE RAISERROR THROW LEAVE ITERATE
    BREAK CONTINUE EXIT GOTO NULL FETCH CLOSE DEALLOCATE DISCARD LOCK UNLOCK CHECKPOINT RESET
    ADD REMOVE LIST PUT GET LS GO PRAGMA ATTACH DETACH INSTALL RELEASE ABORT SIGNAL CLUSTER
    REINDEX COLLECT WAITFOR NOTIFY LISTEN UNLISTEN SUSPEND RESUME UNSET /"""
)
_LEVELS = frozenset({"DATABASE", "CATALOG", "SCHEMA", "NAMESPACE"})
_NO_LEVELS = frozenset({"ROLE", "WAREHOUSE", "SECONDARY"})
_QUERIES = frozenset({"SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE", "CREATE"})
_AFTER_FROM = frozenset({"WHERE", "GROUP", "HAVING", "ORDER", "SORT", "CLUSTER", "LIMIT"})
_CREATE_WORDS = frozenset({"OR", "REPLACE", "TEMP", "TEMPORARY"})
# what is created and altered without any lineage
_NO_DATA = words(
    """WAREHOUSE USER ROLE DATABASE SCHEMA CATALOG INDEX SEQUENCE SYSTEM POLICY INTEGRATION TAG
    EXTENSION DOMAIN TYPE SERVER LOGIN PUBLICATION SUBSCRIPTION AGGREGATE OPERATOR GROUP SHARE
    RESERVATION ASSIGNMENT CAPACITY SYNONYM TABLESPACE PROFILE CONNECTION CREDENTIAL COLLATION
    STATISTICS DICTIONARY SECRET"""
)


def handled(piece: Piece, script: Script) -> bool:
    """Whether the statement is one that its first word settles; if so, the script has it."""
    if piece.kind == "body":
        script.run_text(piece.tokens[0].text)
        return True
    if piece.kind == "condition":
        cursor = script.rows.get(piece.word(0).lower()) if len(piece.tokens) == 1 else None
        if cursor is not None:
            script.rows[piece.row] = cursor
        return _rows(piece.row, piece, 0, script)
    if piece.kind == "declaration":
        return _assigned(piece, script)
    # Athena's tokeniser marks the statements that it leaves to Hive.
    start = piece.tokens[0].token_type is _HIVE
    if piece.word(start).split(" ")[0] in _SILENT:
        return True
    if piece.inside and piece.word(0) not in _QUERIES:
        if piece.word(1) == "CURSOR":
            return _cursor(piece, 1, script)
        if piece.find(":=") is not None:
            return _assigned(piece, script)
    handler = _BY_WORD.get(piece.word(0))
    return handler is not None and handler(piece, script)


def _expression(piece: Piece, start: int, script: Script) -> bool:
    """Reads what the queries inside an expression read."""
    tokens = piece.tokens[start:]
    if any(token.token_type is _SELECT for token in tokens):
        script.run_text(("" if _is_query(tokens) else "SELECT ") + piece.after(start))
    return True


def _rows(name: str, piece: Piece, start: int, script: Script) -> bool:
    """The same, of a loop or cursor whose rows get a name."""
    before = len(script.statements)
    _expression(piece, start, script)
    if name and len(script.statements) == before + 1:
        script.rows[name] = script.statements[-1]
    return True


def _is_query(tokens: list[Token]) -> bool:
    """Whether an expression is nothing but a query, in parentheses or not."""
    inner = next(token for token in tokens if token.token_type is not _L_PAREN)
    depth = 0
    for token in tokens[:-1]:
        depth += DEEPER.get(token.token_type, 0)
        if depth == 0 and tokens[0].token_type is _L_PAREN:
            return False
    return inner.token_type in (_SELECT, TokenType.WITH)


def _assigned(piece: Piece, script: Script) -> bool:
    """DECLARE, LET and SET with a value: reads what the value reads."""
    if (cursor := piece.find("CURSOR")) is not None:
        return _cursor(piece, cursor, script)
    at = piece.find("=", ":=", "DEFAULT")
    return True if at is None else _expression(piece, at + 1, script)


def _cursor(piece: Piece, cursor: int, script: Script) -> bool:
    marks = (i for i in range(cursor, len(piece.tokens)) if piece.word(i) in {"FOR", "IS"})
    at = next(marks, None)
    name = piece.word(cursor - 1 if cursor else 1)
    return True if at is None else _rows(name.lower(), piece, at + 1, script)


def _use(piece: Piece, script: Script) -> bool:
    level, start = piece.word(1), 1
    if level in _NO_LEVELS or len(piece.tokens) < 2:
        return True
    if level in _LEVELS and piece.word(2) != "." and len(piece.tokens) > 2:
        start = 2
    else:
        level = ""
    names = names_at(piece.tokens[start:], script)
    if len(names) > 1:
        script.use(default_db=names[0], default_schema=names[1])
    elif level == "" and names[0].upper() == "DEFAULT":
        script.use(default_schema=script.original.default_schema)
    elif level in {"SCHEMA", "NAMESPACE"} or (level != "CATALOG" and script.rules.use_schema):
        script.use(default_schema=names[0])
    else:
        script.use(default_db=names[0])
    return True


def _set(piece: Piece, script: Script) -> bool:
    start = 1 + (piece.word(1) in {"SESSION", "LOCAL"})
    if piece.word(start) == "SEARCH_PATH":
        path = [t for t in piece.tokens[start + 2 :] if t.text not in {",", "$user"}]
        script.use(search_path=tuple(names_at([token], script)[0] for token in path))
        return True
    return _assigned(piece, script)


def _alter(piece: Piece, script: Script) -> bool:
    """ALTER SESSION SET CURRENT_SCHEMA; EXCHANGE, SWITCH, APPEND, which move partitions."""
    if piece.word(1) == "SESSION":
        if piece.find("CURRENT_SCHEMA") is not None:
            script.use(default_schema=names_at(piece.tokens[-1:], script)[0])
        return True
    if piece.word(1) in _NO_DATA:
        return True
    query = piece.find("AS")
    if piece.word(1) == "VIEW" and query is not None:
        script.run_text(f"CREATE OR REPLACE {piece.after(1)}")
        return True
    return moves.changed_rows(piece, script) or moves.moved_partitions(piece, script)


def _explain(piece: Piece, script: Script) -> bool:
    start = piece.find(*_QUERIES)
    for statement in script.run_apart(piece.after(start)) if start is not None else ():
        script.statements.append(
            msgspec.structs.replace(
                statement, kind="explain", writes=(), edges=(), influences=(), changes=()
            )
        )
    return True


def _call(piece: Piece, script: Script) -> bool:
    """CALL and EXEC name a routine; EXECUTE of a text is dynamic SQL."""
    name = ".".join(token.text if token else "" for token in name_tokens(piece.tokens[1:]))
    dynamic = piece.word(1) in {"IMMEDIATE", "(", "@", ""} or name.lower().endswith("sp_executesql")
    if dynamic:
        return _dynamic(piece, script)
    script.add(Statement("call", notes=(f"calls {name}",)))
    return True


def _dynamic(piece: Piece, script: Script) -> bool:
    """SQL in a text: analysed only when one literal is the whole of it."""
    texts = [t for t in piece.tokens if t.token_type in TEXTS]
    built = piece.find("||", "+", "CONCAT", "FORMAT", "@") is not None
    errors = len(script.errors)
    inner = script.run_apart(texts[0].text) if len(texts) == 1 and not built else []
    del script.errors[errors:]
    if inner and all(statement.parse != "table_only" for statement in inner):
        for statement in inner:
            script.add(msgspec.structs.replace(statement, dynamic=True))
    else:
        script.add(Statement("call", dynamic=True, notes=("dynamic SQL",)))
    return True


def _insert(piece: Piece, script: Script) -> bool:
    """T-SQL's INSERT of what a routine returns: only the target is known."""
    at = piece.find("EXEC", "EXECUTE")
    if at is None or piece.find("SELECT", "VALUES") is not None:
        return False
    called = ".".join(token.text if token else "" for token in name_tokens(piece.tokens[at + 1 :]))
    target = table_at(piece.tokens[1 + (piece.word(1) == "INTO") :], script)
    script.add(Statement("insert", writes=(target,), notes=(f"calls {called}",)))
    return True


def _return(piece: Piece, script: Script) -> bool:
    return _expression(piece, 1 + (piece.word(1) in {"QUERY", "TABLE", "NEXT"}), script)


def _do(piece: Piece, script: Script) -> bool:
    """PostgreSQL's anonymous block."""
    texts = [token for token in piece.tokens if token.token_type in TEXTS]
    if texts:
        script.run_text(texts[0].text)
    return True


def _perform(piece: Piece, script: Script) -> bool:
    script.run_text("SELECT " + piece.after(1))
    return True


def _prepare(piece: Piece, script: Script) -> bool:
    """PREPARE name AS | FROM a statement or its text: what it will do."""
    start = piece.find("AS", "FROM")
    if start is None or start + 1 >= len(piece.tokens):
        return False
    if piece.tokens[start + 1].token_type in TEXTS:
        return _dynamic(piece, script)
    script.run_text(piece.after(start + 1))
    return True


def _cache(piece: Piece, script: Script) -> bool:
    """Spark's CACHE TABLE name AS query: a temporary view, which by itself moves no data."""
    query = piece.find("SELECT", "WITH")
    if query is not None:
        start = 2 + (piece.word(1) == "LAZY")
        end = start + len(names_at(piece.tokens[start:], script))
        view = f"CREATE TEMPORARY VIEW {piece.after(start, end)} AS {piece.after(query)}"
        for statement in script.run_apart(view):
            script.add(msgspec.structs.replace(statement, kind="other"))
    return True


def _update(piece: Piece, script: Script) -> bool:
    """UPDATE STATISTICS, which changes no data, and Oracle's UPDATE of a query."""
    if piece.word(1) != "(":
        return piece.word(0) == "UPDATE STATISTICS" or piece.word(1) == "STATISTICS"
    end, set_ = closing(piece.tokens, 1), piece.find("SET")
    if set_ is None:
        return False
    alias = piece.after(end + 1, set_) or "changed"
    query = piece.after(2, end)
    script.run_text(f"WITH {alias} AS ({query}) UPDATE {alias} {piece.after(set_)}")
    return True


def _create(piece: Piece, script: Script) -> bool:
    """Snowflake's stages, streams, tasks and pipes, Databricks' flows, recursive views."""
    kind = 1
    while piece.word(kind) in _CREATE_WORDS:
        kind += 1
    if piece.word(kind) == "RECURSIVE":
        return _create_recursive(piece, kind, script)
    if piece.word(kind) in _NO_DATA:
        return True
    if piece.word(kind) not in _CREATED:
        return False
    at = kind + (4 if piece.word(kind + 1) == "IF" else 1)
    return _CREATED[piece.word(kind)](piece, table_at(piece.tokens[at:], script), script)


def _create_recursive(piece: Piece, kind: int, script: Script) -> bool:
    """CREATE RECURSIVE VIEW v (columns) AS query: the query sees the view as a CTE."""
    listed, query = piece.find("("), piece.find("AS")
    if listed is None or query is None or listed > query:
        return False
    name = piece.after(kind + 2, listed)
    columns = piece.after(listed + 1, closing(piece.tokens, listed))
    inner = f"WITH RECURSIVE {name} ({columns}) AS ({piece.after(query + 1)})"
    script.run_text(" ".join(("CREATE VIEW", name, "AS", inner, "SELECT", columns, "FROM", name)))
    return True


def _create_stage(piece: Piece, stage: Table, script: Script) -> bool:
    texts = [t.text for t in piece.tokens if t.token_type is TokenType.STRING and is_path(t.text)]
    reads = tuple(Table((text,), "path") for text in texts[:1])
    script.add(Statement("copy", reads=reads, writes=(stage,) if reads else ()))
    return True


def _create_stream(piece: Piece, stream: Table, script: Script) -> bool:
    """A stream shows the changed rows of a table: a view with all its columns."""
    on = piece.find("ON")
    source = table_at(piece.tokens[on + 2 :], script) if on is not None else stream
    script.add(
        Statement(
            "create_view",
            reads=(source,),
            writes=(stream,),
            stars=(source,),
            output_complete=False,
            parse="star_unknown",
        )
    )
    return True


def _create_job(piece: Piece, _: Table, script: Script) -> bool:
    """A task or a pipe: what it will run."""
    at = piece.find("AS")
    if at is not None:
        script.run_text(piece.after(at + 1))
    return True


_CREATED: dict[str, Callable[[Piece, Table, Script], bool]] = {
    "STAGE": _create_stage,
    "STREAM": _create_stream,
    "TASK": _create_job,
    "PIPE": _create_job,
    "FLOW": _create_job,
}


def _rename(piece: Piece, script: Script) -> bool:
    """RENAME TABLE a TO b, c TO d."""
    tos = [i for i in range(len(piece.tokens)) if piece.word(i) == "TO"]
    changes = tuple(
        SchemaChange(
            "rename",
            _table_before(piece, at, script),
            other=table_at(piece.tokens[at + 1 :], script),
        )
        for at in tos
    )
    script.add(Statement("ddl", changes=changes))
    return True


def _table_before(piece: Piece, at: int, script: Script) -> Table:
    starts = (i for i in range(at, 0, -1) if piece.word(i - 1) in {"TABLE", ",", "EXISTS"})
    return table_at(piece.tokens[next(starts, 1) :], script)


def _replace(piece: Piece, script: Script) -> bool:
    """MySQL's REPLACE INTO is an INSERT, Teradata's REPLACE VIEW a CREATE."""
    verb = "CREATE OR REPLACE" if piece.word(1) in {"VIEW", "PROCEDURE", "FUNCTION"} else "INSERT"
    script.run_text(f"{verb} {piece.after(1)}")
    return True


def _from(piece: Piece, script: Script) -> bool:
    """Hive's FROM source INSERT … SELECT … INSERT … SELECT …: one INSERT each."""
    starts = [i for i in range(len(piece.tokens)) if piece.word(i) == "INSERT"]
    if not starts:
        return False
    source = piece.after(0, starts[0])
    for start, end in zip(starts, [*starts[1:], len(piece.tokens)], strict=True):
        tail = next(
            (i for i in range(start, end) if piece.word(i).split(" ")[0] in _AFTER_FROM), end
        )
        script.run_text(f"{piece.after(start, tail)} {source} {piece.after(tail, end)}")
    return True


_BY_WORD: dict[str, Callable[[Piece, Script], bool]] = {
    "USE": _use,
    "SET": _set,
    "LET": _assigned,
    "DECLARE": _assigned,
    "CURSOR": _assigned,
    "OPEN": lambda piece, script: _cursor(piece, 0, script),
    "ALTER": _alter,
    "EXPLAIN": _explain,
    "CALL": _call,
    "EXEC": _call,
    "EXECUTE": _call,
    "RETURN": _return,
    "DO": _do,
    "PERFORM": _perform,
    "UNLOAD": moves.unload,
    "CREATE": _create,
    "CACHE": _cache,
    "PREPARE": _prepare,
    "UPDATE": _update,
    "UPDATE STATISTICS": _update,
    "EXPORT": moves.exported,
    "IMPORT": moves.imported,
    "EXCHANGE": moves.exchanged,
    "APPLY": moves.changes_applied,
    "AUTO": moves.changes_applied,
    "RENAME": _rename,
    "REPLACE": _replace,
    "FROM": _from,
    "SELECT": moves.select,
    "INSERT": _insert,
    "BULK": moves.bulk,
    "LOAD": moves.load,
}
