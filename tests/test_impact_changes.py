"""A change in every form: what is read from a migration or from two versions of something.

Cases are in `cases/changes/forms/`, in files named after their kind (`ddl-tools` holds `ddl`):
`new`, for all but migrations `old`, and the changes in words that lie between them. `unread`:
words of each sentence about what was not understood.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from ingest.changes import KINDS, looks_like_sql, read_changes
from lineage.analyses.breaking.change import parse_change
from lineage.errors import InvalidChange, UnreadableInput

FORMS = Path(__file__).parent / "cases" / "changes" / "forms"
WORDS = tomllib.loads((FORMS.parent / "words.toml").read_text())["case"]
Case = dict[str, object]


def _cases() -> list[object]:
    return [
        pytest.param(path.stem.partition("-")[0], case, id=f"{path.stem}-{i}")
        for path in sorted(FORMS.glob("*.toml"))
        for i, case in enumerate(tomllib.loads(path.read_text())["case"])
    ]


def _read(kind: str, case: Case, folder: Path) -> tuple[list[str], list[str]]:
    paths = []
    for name in ("old", "new"):
        if name in case:
            paths.append(folder / f"{name}.txt")
            paths[-1].write_text(str(case[name]))
    subject = str(case.get("subject", "m" if kind == "sql" else ""))
    found, unread = read_changes(kind, paths, str(case.get("dialect", "")), subject)
    return list(map(str, found)), unread


@pytest.mark.parametrize(("kind", "case"), _cases())
def test_the_changes_between_two_versions(kind: str, case: Case, tmp_path: Path) -> None:
    """Exactly the changes of the case are found, and exactly its doubts are told."""
    found, unread = _read(kind, case, tmp_path)
    assert found == case["changes"]
    wanted = case.get("unread", [])
    assert isinstance(wanted, list)
    assert len(unread) == len(wanted), unread
    assert all(words in sentence for words, sentence in zip(wanted, unread, strict=True))


@pytest.mark.parametrize(("kind", "case"), _cases())
def test_a_version_compared_with_itself_is_no_change(kind: str, case: Case, tmp_path: Path) -> None:
    """Nothing is reported between two equal versions, whatever they hold."""
    if kind != "ddl":
        for version in ("old", "new"):
            found, _ = _read(kind, case | {"old": case[version], "new": case[version]}, tmp_path)
            assert found == []


@pytest.mark.parametrize(("kind", "case"), _cases())
def test_every_change_can_be_said_in_words(kind: str, case: Case, tmp_path: Path) -> None:
    """What is read from files is read again from its own words."""
    for text in _read(kind, case, tmp_path)[0]:
        assert str(parse_change(text)) == text


@pytest.mark.parametrize("case", WORDS, ids=lambda case: case.get("says") or case["wrong"])
def test_a_change_may_be_said_in_several_ways(case: dict[str, str]) -> None:
    """What people type means the change of the manual, or the error names what may be meant."""
    for typed in case["typed"]:
        assert not looks_like_sql(typed)
        if "says" in case:
            assert str(parse_change(typed)) == case["says"], typed
        else:
            with pytest.raises(InvalidChange, match=re.escape(case["wrong"])):
                parse_change(typed)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_such_file_is_an_error_or_a_doubt(kind: str, tmp_path: Path) -> None:
    """A file of another kind is refused or told as not understood; it never reads as no change."""
    paths = [tmp_path / "one", tmp_path / "two"]
    for path in paths:
        path.write_text("§ this is prose, {not a model")
    if kind in ("ddl", "sql"):
        assert read_changes(kind, paths, "")[1]
    else:
        with pytest.raises(UnreadableInput):
            read_changes(kind, paths, "")
