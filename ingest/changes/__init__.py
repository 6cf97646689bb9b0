"""Two versions of something, or a migration, as the changes that lie between them."""

from ingest.changes.ddl import changes_of, looks_like_sql
from ingest.changes.reading import KINDS, read_changes

__all__ = ["KINDS", "changes_of", "looks_like_sql", "read_changes"]
