"""Statements of a migration that are no change of a dataset: harmless, or why nobody can judge."""

from __future__ import annotations

import re

from ingest.changes.steps import FLAGS, NAME, TABLE

_BOOKKEEPING = re.compile(
    r"(?:insert\s+(?:ignore\s+)?into|update|delete\s+from|create\s+table(?:\s+if\s+not\s+exists)?)\s+"
    r"[\w.\"`\[\]]*(?:alembic_version|flyway_schema_history|schema_version|databasechangelog(?:lock)?|"
    r"schema_migrations|ar_internal_metadata|django_migrations|__efmigrationshistory|"
    r"_prisma_migrations|goose_db_version|knex_migrations(?:_lock)?)\b.*",
    FLAGS,
)
_C = rf"(?:column\s+)?+{NAME}(?:\.{NAME})*"
# What neither readers nor writers notice, by how a statement begins.
_HARMLESS = (
    r"begin|commit|end|start|savepoint|release|rollback|abort|set|unset|use|declare|null|go|exit|quit",
    r"comment|grant|analy[sz]e|vacuum|optimize|lock|unlock|show|describe|explain|pragma|refresh|"
    r"print|raiserror|msck|collect|checkpoint|reindex|cluster|undrop|dbcc|security\s+label",
    r"\\(?!i)\w+|prompt|whenever|spool|rem",
    r"exec(?:ute)?\s+(?:sys\.)?(?:sp_refresh\w+|sp_\w+extendedproperty|sp_recompile|sp_updatestats|"
    r"sp_rename\s.*\b(?:index|statistics))",
    r"create\s+(?:or\s+replace\s+)?(?:(?:unique|fulltext|(?:non)?clustered|bitmap)\s+)*(?:index|"
    r"sequence|schema|database|role|user|login|extension|stage|warehouse|type|domain|statistics|"
    r"masking\s+policy|tag|server|publication|tablespace|catalog|volume|collation|cast|operator|"
    r"file\s+format|network\s+policy|secret|connection)",
    r"drop\s+(?:(?:(?:join|hash)\s+)?index|statistics|extension|tablespace|warehouse|collation|"
    r"temporary\s+table|file\s+format|operator|publication|subscription|tag)",
    r"alter\s+(?:index|sequence|role|user|login|warehouse|session|system|extension|statistics|"
    r"default\s+privileges|server|publication|subscription|tablespace|authorization|"
    r"(?:function|procedure|routine|aggregate|schema|database|type|domain)\s.*\sowner\s+to)",
)
# The same of the actions of an ALTER.
_HARMLESS_ACTIONS = (
    r"owner|cluster|comment|reset|unset|enable|disable|validate|replica|(?:no\s+)?inherit|"
    r"(?:not\s+)?of|algorithm|lock|engine|auto_increment|row_format|order\s+by",
    rf"(?:alter|modify)\s+{_C}\s+(?:(?:set|drop)\s+(?:default|statistics|storage|compression|options?|"
    r"tags?|identity|generated|cycle|increment)|(?:un)?set\s+tags?|encode|comment|restart|"
    r"add\s+generated|default|reset|(?:in)?visible)",
    r"(?:add|drop|rename|alter|modify|materialize|clear)\s+(?:(?:(?:fulltext|spatial|unique)\s+)?index|"
    r"key|projection|statistics|search\s+optimization|clustering\s+key|partition\s+field)",
    r"rename\s+constraint|add\s+(?:sub)?partition|alter\s+(?:constraint|distkey|diststyle|"
    r"(?:(?:compound|interleaved)\s+)?sortkey)",
    r"set\s+(?:tblproperties|properties|tags?|comment|\(\s*\w|without|with|tablespace|(?:un)?logged|"
    r"access|data_retention_time_in_days|max_data_extension\w*|change_tracking|target_lag|warehouse|"
    r"default_ddl_collation|enable_schema_evolution|serde\w*|fileformat|refresh_mode|storage|"
    r"options?\s*\((?!.*expiration))",
    r"suspend|resume|recluster|execute|shrink|refresh|read\s+write|cache|uncache|nocache|(?:no)?logging|"
    r"(?:no)?parallel|(?:no)?compress|rebuild|coalesce|(?:un)?freeze|force|materialize",
    r"(?:modify|reset)\s+(?:order|setting|comment|sample)|(?:default\s+)?(?:charset|collate)",
    r"(?:split|merge|rebuild|reorganize|optimize|analyze|move|check|repair)\s+partitions?|move",
    r"nocheck|check|with|write\s+(?:ordered|distributed)",
)
_HARMLESS_TEXT = re.compile(
    rf"(?:(?:{'|'.join(_HARMLESS)})\b|alter\s+table\s+{TABLE}\s+(?:{'|'.join(_HARMLESS_ACTIONS)})\b).*",
    FLAGS,
)
_REASONS = (
    (r".*(?:\{\{|\{%)", "it holds template tags; give the SQL that is run"),
    (rf"alter\s+table\s+{TABLE}\s+add\s+(?:constraint|foreign|unique|check|exclude|primary|period)\b",
     "a constraint: whether what is written keeps to it is not in the logs"),
    (rf"alter\s+table\s+{TABLE}\s+drop\s+(?:constraint|foreign|check|exclude)\b",
     "a constraint goes; who relied on it is not in the logs"),
    (rf"alter\s+table\s+{TABLE}\s+partition\b", "it changes one partition, not the dataset"),
    (rf"alter\s+table\s+{TABLE}\s+set\s+location\b", "its rows will come from another place"),
    (rf"alter\s+table\s+{TABLE}\s+convert\b", "texts may compare and sort in another way"),
    (rf"alter\s+table\s+{TABLE}\s+(?:set\s+options|modify\s+ttl)\b",
     "when rows or the whole table will expire was not understood"),
    (r"alter\s+(?:schema|database|catalog)\b", "which datasets it moves is not in the statement"),
    (r"(?:alter|drop)\s+(?:type|domain)\b", "which columns have this type is not in the statement"),
    (r"drop\s+(?:\w+\s+)?(?:function|procedure|proc|routine|aggregate|macro|package)\b",
     "which statements call the routine is not in the graph"),
    (r"(?:drop|alter)\s+(?:task|pipe|event|job|trigger|rule|flow|pipeline)\b",
     "what it feeds is not in the statement; say `stop dataset …` for what is no longer filled"),
    (r"(?:create|alter)\s.*?\b(?:trigger|rule|event|task|pipe)\b",
     "it defines what will run later, which was not judged"),
    (r"drop\s+volume\b", "who reads its files by path was not judged"),
    (r"drop\s+(?:sequence|generator)\b", "who takes numbers from it is not in the graph"),
    (r"(?:revoke|deny|drop\s+(?:role|user|login|server|policy|masking\s+policy))\b",
     "who loses a right by it is not in the graph"),
    (r"\\i|@", "it runs another file; give that file too"),
    (r"(?:call|exec|execute|do)\b", "what it runs is not in the statement"),
)  # fmt: skip


def is_bookkeeping(sql: str) -> bool:
    """Whether a statement only notes that a migration has run."""
    return bool(_BOOKKEEPING.fullmatch(sql))


def is_harmless(sql: str) -> bool:
    """Whether a statement changes nothing that a reader or writer would notice."""
    return bool(_HARMLESS_TEXT.fullmatch(sql))


def why_unjudged(sql: str) -> str:
    """Why nobody can say whom a statement hurts; empty when it is of no kind that is known."""
    return next((why for pattern, why in _REASONS if re.match(pattern, sql, FLAGS)), "")
