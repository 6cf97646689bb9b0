"""What one ALTER does, action by action, each as an ALTER that every parser follows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.changes.steps import FLAGS, NAME, TABLE, Step, meaning
from lineage.analyses.breaking.change import ChangeKind

_ALTER = re.compile(
    rf"alter\s+(?:\w+\s+)*?(?P<what>table|view)\s+(?:if\s+exists\s+)?(?:only\s+)?"
    rf"(?P<table>{TABLE})(?:\s*\*)?\s+(?:on\s+cluster\s+\S+\s+)?"
    r"(?:with\s+(?:no)?check\s+)?(?P<actions>\S.*)",
    FLAGS,
)
_TOKEN = re.compile(
    r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]"
    r"|(?P<next>\b(?:add|alter|drop|modify|rename)\s+column\b|(?<=\))\s*\b(?:add|drop|modify)\s*(?=\())"
    r"|\w+|.",
    FLAGS,
)
_VERB = re.compile(
    r"(?:(?:add|alter|drop|modify|change|rename|set|reset|unset|owner|enable|disable|validate|convert|"
    r"force|attach|detach|switch|exchange|truncate|suspend|resume|replace|execute)\b|"
    r"(?:algorithm|lock|engine|auto_increment|row_format|comment)\s*=|comment\s+'|order\s+by\b|"
    r"(?:default\s+)?(?:charset|character\s+set|collate)\b)",
    re.IGNORECASE,
)
# A list goes on with the verb that began it: `ADD a int, b int`, `DROP COLUMN a, b`.
_LISTED = re.compile(
    r"(?P<verb>add|drop|modify|alter|rename)\s+"
    r"(?!ttl\b|order\b|query\b|setting\b|sample\b|(?:if\s+exists\s+)?partition\b|tag\b)"
    r"(?P<rest>(?:(?:columns?|constraint)\b\s*)?(?:if\s+(?:not\s+)?exists\s+)?)",
    re.IGNORECASE,
)
_NOUN = re.compile(
    r"(?:column|constraint|index|primary\s+key|foreign\s+key|unique|check|key|fulltext|spatial|"
    r"period)\b",
    re.IGNORECASE,
)
_COLUMN = rf"(?P<column>{NAME}(?:\.{NAME})*)"
_IF = r"(?:if\s+(?:not\s+)?exists\s+)?+"
_OF = r"(?:column\s+)?+"
_NAMED = r"(?:constraint\s+\S+\s+)?+"
_NO_COLUMN = (
    r"(?!(?:column|columns|constraint|partition|partitions|index|key|keys|primary|foreign|check|"
    r"unique|row|rows|to|as|tag|tags|projection|statistics|period|exclude|storage|field|search|"
    r"subpartition|supplemental|masking|policy|all|distribution|encryption)\b|\()"
)
# (a, b) behind one verb is that verb for each of them.
_LISTS = (
    (r"(?:drop(?:\s+columns?)?|set\s+unused(?:\s+columns?)?)\s*\((?P<list>.*)\).*",
     "drop column {}"),
    (r"set\s+unused\s+(?:column\s+)?+(?P<list>\S+)", "drop column {}"),
    (r"modify\s*\((?P<list>.*)\).*", "modify {}"),
    (r"add(?:\s+columns?)?\s*\((?P<list>.*)\).*", "add {}"),
    (rf"add\s+{_NAMED}primary\s+key\s+(?:(?:non)?clustered\s+)*\((?P<list>[^)]*)\).*",
     "alter {} set not null"),
)  # fmt: skip
_MEANT = (
    (ChangeKind.FILTER_DATASET,
     r"(?:drop|truncate|detach|attach|replace)\s+(?:if\s+exists\s+)?(?:sub)?partitions?\b.*"),
    (ChangeKind.FILTER_DATASET,
     r"(?:exchange\s+(?:sub)?partition\s.*?\swith\s+table|switch\s+(?:partition\s+\S+\s+)?to|"
     rf"append\s+from|move\s+partition\s.*?\sto\s+table)\s+(?P<other>{TABLE}).*"),
    (ChangeKind.FILTER_DATASET,
     r"(?:(?:add|drop)\s+(?:all\s+)?row\s+access\s+polic|(?:set|drop)\s+row\s+filter\b|"
     r"(?:enable|force|disable)\s+row\s+level\s+security).*"),
    (ChangeKind.RETAIN_DATASET,
     r"modify\s+ttl\s.*?\binterval\s+'?(?P<n>\d+)'?\s+(?P<unit>day|week|hour)s?\b.*"),
    (ChangeKind.RETAIN_DATASET,
     r"modify\s+ttl\s.*?\btointerval(?P<unit>day|week|hour)\s*\(\s*(?P<n>\d+)\s*\).*"),
    (ChangeKind.RETAIN_DATASET,
     r"set\s+options\s*\(.*?\bpartition_expiration_(?P<unit>day)s\s*=\s*(?P<n>\d+).*"),
    (ChangeKind.STOP_DATASET, r"suspend(?!\s+recluster)\b.*|read\s+only"),
    # PostgreSQL's own names of what keeps rows unique.
    (ChangeKind.GRAIN_DATASET,
     rf"drop\s+(?:primary\s+key|unique)\b.*|drop\s+constraint\s+{_IF}\W?\w+?_p?key\b.*"),
    (ChangeKind.MEANING_COLUMN,
     rf"(?:alter|modify)\s+{_OF}{_COLUMN}\s+(?:set|unset|add|drop)\s+"
     r"(?:masking|masked|mask|projection\s+policy|expression)\b.*"),
    (ChangeKind.MEANING_COLUMN, rf"clear\s+column\s+{_IF}{_COLUMN}.*"),
    # Of fields in a column.
    (ChangeKind.RETYPE_COLUMN,
     rf"alter\s+{_OF}(?P<column>{NAME}(?:\.{NAME})+)\s+(?:set\s+data\s+)?type\s+(?P<kept>.*)"),
    (ChangeKind.NOT_NULL_COLUMN,
     rf"add\s+{_NAMED}check\s*\(+\s*{_COLUMN}\s+is\s+not\s+null\s*\)+.*"),
)  # fmt: skip
_WHOLE = (
    (r"replace\s+columns\s*(?P<list>\(.*\))", r"create or replace table {} \g<list>"),
    (r"modify\s+query\s+(?P<query>.*)", r"create or replace view {} as \g<query>"),
)
_SPELLED = (
    (rf"drop\s+{_NO_COLUMN}{_IF}{_COLUMN}(?:\s+(?:cascade|restrict).*)?",
     r"drop column \g<column>"),
    (rf"drop\s+column\s+{_IF}{_COLUMN}\s.*", r"drop column \g<column>"),
    (rf"rename\s+{_NO_COLUMN}{_COLUMN}\s+to\s+(?P<new>.*)", r"rename column \g<column> to \g<new>"),
    (rf"rename\s+(?:as\s+|=\s*)?(?P<new>(?!to\b){TABLE})", r"rename to \g<new>"),
    (rf"(?:modify|alter)\s+{_OF}{_COLUMN}\s+not\s+null(?:\s+enable|\s+novalidate)*",
     r"alter column \g<column> set not null"),
    (rf"(?:modify|alter)\s+{_OF}{_COLUMN}\s+null", r"alter column \g<column> drop not null"),
    (rf"change\s+{_OF}{_COLUMN}\s+(?P=column)\s+(?P<type>.*)",
     r"modify column \g<column> \g<type>"),
    (rf"modify\s+column\s+if\s+exists\s+{_COLUMN}\s+(?P<type>.*)",
     r"modify column \g<column> \g<type>"),
    (rf"alter\s+{_OF}{_IF}{_COLUMN}\s+(?:set\s+data\s+)?type\s+(?P<type>.*?)"
     r"(?:\s+using\s.*|\s+collate\s.*)?", r"alter column \g<column> type \g<type>"),
)  # fmt: skip
_NULLS = re.compile(
    rf"(?:modify|alter|change)\s+{_OF}{_COLUMN}\s+(?!(?:set|drop|add|type|reset|comment)\b)"
    r".*?[\w)\]]\s*?(?P<nulls>\bnot\s+null\b|(?<!default)(?<!set)(?<!not)\s+null\b).*",
    FLAGS,
)


def steps_of_alter(sql: str) -> list[Step]:
    """The steps of an ALTER of a table or a view; none when it is no such statement."""
    found = _ALTER.fullmatch(sql)
    if not found or (found["what"].lower() == "view" and re.search(r"\bas\b", sql, re.I)):
        return []
    table = found["table"]
    actions = [one for action in _actions(found["actions"]) for one in _unlisted(action)]
    return [step for action in actions for step in _steps(table, action)]


def _actions(text: str) -> Iterator[str]:
    """The actions of an ALTER, at its commas or where the next verb is; each with its own verb."""
    pending = ""
    for part in _parts(text):
        listed = _LISTED.match(pending)
        if not pending or _VERB.match(part) or listed:
            yield from filter(None, [pending])
            pending = part
        else:
            pending += f", {part}"
        if listed and not _VERB.match(part):
            rest = "" if _NOUN.match(part) else listed["rest"]
            pending = f"{listed['verb']} {rest}{part}"
    yield pending


def _parts(text: str) -> Iterator[str]:
    """The items of a list, at the commas outside of all parentheses."""
    depth, part = 0, ""
    for token in _TOKEN.finditer(text):
        depth += (token[0] in ("(", "<")) - (token[0] in (")", ">"))
        if depth <= 0 and (token[0] == "," or (token["next"] and part.strip())):
            yield part.strip()
            part = "" if token[0] == "," else token[0].lstrip()
        else:
            part += token[0]
    yield part.strip()


def _unlisted(action: str) -> list[str]:
    for pattern, form in _LISTS:
        if found := re.fullmatch(pattern, action, FLAGS):
            return [form.format(item) for item in _parts(found["list"])]
    return [action]


def _steps(table: str, action: str) -> Iterator[Step]:
    for kind, pattern in _MEANT:
        if found := re.fullmatch(pattern, action, FLAGS):
            said = found.groupdict()
            kept = f"{said['n']}{said['unit'][0].lower()}" if said.get("unit") else said.get("kept")
            yield meaning(kind, table, said.get("column", ""), kept or "")
            if said.get("other"):
                yield meaning(kind, said["other"])
            return
    for pattern, form in _WHOLE:
        if found := re.fullmatch(pattern, action, FLAGS):
            yield Step(found.expand(form).replace("{}", table, 1))
            return
    yield from _of_columns(f"alter table {table} ", table, action)


def _of_columns(head: str, table: str, action: str) -> Iterator[Step]:
    if found := re.fullmatch(rf"set\s+schema\s+(?P<schema>{TABLE})", action, FLAGS):
        action = f"rename to {found['schema']}.{re.findall(NAME, table)[-1]}"
    forms = ((re.fullmatch(pattern, action, FLAGS), form) for pattern, form in _SPELLED)
    spelled = next((found.expand(form) for found, form in forms if found), action)
    yield Step(head + spelled)
    if found := _NULLS.fullmatch(re.sub(r"'(?:[^']|'')*'", "''", action)):
        renamed = re.match(rf"change\s+(?:column\s+)?{TABLE}\s+(?P<new>{NAME})\s", action, FLAGS)
        column = renamed["new"] if renamed else found["column"]
        does = "set" if "not" in found["nulls"].lower() else "drop"
        yield Step(f"{head}alter column {column} {does} not null")
