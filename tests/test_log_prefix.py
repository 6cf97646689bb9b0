"""What stands before a log line: any `log_line_prefix`, and the stamps of collectors."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.formats.envelopes import Line, log_lines
from ingest.formats.postgres_prefix import Prefix, learn, said_prefix

_FIELDS = {
    "m": ("time", st.just("2026-01-02 03:04:05.678 CET")),
    "p": ("process", st.integers(1, 99999).map(str)),
    "u": ("user", st.from_regex(r"[a-z_.@-]{1,12}", fullmatch=True)),
    "d": ("database", st.from_regex(r"[a-z_]{1,8}", fullmatch=True)),
    "a": ("application", st.from_regex(r"[A-Za-z]([A-Za-z0-9 .\[\]]{0,12}[a-z])?", fullmatch=True)),
    "c": ("session", st.from_regex(r"[0-9a-f]{8}\.[0-9a-f]{1,4}", fullmatch=True)),
    "l": ("number", st.integers(1, 9999).map(str)),
    "e": ("state", st.from_regex(r"[0-9A-Z]{5}", fullmatch=True)),
}


@given(
    st.permutations(sorted(_FIELDS)).flatmap(
        lambda letters: st.integers(1, len(letters)).map(lambda count: letters[:count])
    ),
    st.sampled_from(["|", ";", " | "]),
    st.data(),
)
def test_any_prefix_that_is_said_is_read(
    letters: list[str], between: str, data: st.DataObject
) -> None:
    """Every field comes out as it went in, whatever their order, when no separator is in them."""
    values = {letter: data.draw(_FIELDS[letter][1], letter) for letter in letters}
    prefix = between.join(f"%{letter}" for letter in letters) + between
    line = between.join(values.values()) + between + "LOG:  statement: select 'LOG:  no'"
    found = Prefix(prefix).read(line)
    assert found is not None
    expected = {_FIELDS[letter][0]: value for letter, value in values.items()}
    assert found[0] == {**expected, "severity": "LOG"}
    assert line[found[1] :] == "statement: select 'LOG:  no'"


@pytest.mark.parametrize(
    ("line", "prefix"),
    [
        ("2026-01-02 03:04:05.678 UTC [7] bi@shop/psql LOG:  x", "%m [%p] %q%u@%d/%a "),
        ("2026-01-02 03:04:05.678 UTC [7] LOG:  checkpoint", "%m [%p] %q%u@%d/%a "),
        ("2026-01-02 03:04:05 UTC:10.0.0.1(5):bi@shop:[7]:LOG:  x", "%t:%r:%u@%d:[%p]:"),
        ("2026-01-02 03:04:05 UTC-6b02c544.4d-LOG:  x", "%t-%c-"),
        ("<7> LOG:  x", ""),
    ],
)
def test_a_common_prefix_is_known_by_its_lines(line: str, prefix: str) -> None:
    """The first common prefix that fits is taken; of another the fields are guessed."""
    assert learn([line]).text == prefix


def test_what_map_cut_at_commas_is_one_prefix() -> None:
    """`--map prefix=%t user=%u,db=%d` means one prefix, though --map knows commas."""
    columns = (("year", "2026"), ("prefix", "%t user=%u"), ("db", "%d "))
    assert said_prefix(columns) == "%t user=%u,db=%d "


def test_syslog_goes_on_into_the_next_year() -> None:
    """Stamps without year are of the year that is said, and after December of the next."""
    text = "Dec 31 23:59:59 h postgres[7]: a\nJan  1 00:00:01 h postgres[7]: b\n"
    assert list(log_lines(io.StringIO(text), "2025")) == [
        Line(1, "a", "2025-12-31 23:59:59", "7"),
        Line(2, "b", "2026-01-01 00:00:01", "7"),
    ]
    assert [line.stamp for line in log_lines(io.StringIO(text))] == [
        "Dec 31 23:59:59",
        "Jan  1 00:00:01",
    ]
