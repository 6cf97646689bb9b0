"""What sources.yml says of a source's days and of access without a log shows in every answer."""

import pytest

from ingest.declared.sources import SourceBook
from ingest.pipeline import ImportOptions, import_paths
from lineage.analyses.use.usage import who_uses
from lineage.errors import UnreadableInput
from lineage.names import DatasetId
from lineage.stores import open_store

# Thursday 1 and Monday 5 October 2026.
LOG = """query,user,timestamp
SELECT id FROM s.orders,ana,2026-10-01T08:00:00Z
SELECT id FROM s.orders,ana,2026-10-05T08:00:00Z
"""


@pytest.fixture
def coverage(tmp_path):
    """Gives the coverage of an answer when this is said of the source."""
    (tmp_path / "log.csv").write_text(LOG)

    def of(said):
        book = tmp_path / "sources.yml"
        book.write_text(
            "sources:\n  dwh:\n    files: ['log.csv']\n    namespace: postgres://h:5432\n"
            f"    dialect: postgres\n{said}"
        )
        store = open_store(f"sqlite:///{tmp_path}/{len(said)}.db", create=True)
        options = ImportOptions(SourceBook.load(book), workers=1)
        import_paths(store, [str(tmp_path / "log.csv")], options)
        return who_uses(store, DatasetId("postgres://h:5432", "s.orders")).coverage

    return of


@pytest.mark.parametrize(
    ("schedule", "expected", "holes"),
    [
        ("daily", 5, ("2026-10-02..2026-10-04",)),
        ("business-daily", 3, ("2026-10-02",)),
        ("mon, thursday", 2, ()),
    ],
)
def test_a_declared_schedule_says_which_days_are_missing(coverage, schedule, expected, holes):
    """A day that must have a log and has none is a hole; a weekend may be none."""
    found = coverage(f"    schedule: [{schedule}]\n")
    assert (found.days_expected, found.holes) == (expected, holes)


def test_access_without_a_log_is_unknown_until_somebody_says_so(coverage):
    """Nobody has asked; there is none; there is one, by name."""
    assert coverage("").paths == "unknown"
    assert coverage("    unlogged: []\n").paths == "none"
    assert coverage("    unlogged: [nightly file export]\n").paths == "nightly file export"


def test_a_schedule_that_is_none_is_refused(coverage):
    """The error names file, source, word, and the words there are."""
    with pytest.raises(UnreadableInput, match=r"sources.dwh.schedule: 'hourly' is none of daily"):
        coverage("    schedule: [hourly]\n")
