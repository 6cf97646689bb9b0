"""A change that somebody has in mind, as words or DDL say it. Both end in the same record."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

from lineage.errors import InvalidChange

EVERY = ".*"  # ends the name of a schema or database all of whose datasets are dropped


class ChangeKind(StrEnum):
    """What may be done to a dataset, a column or a job."""

    DROP_COLUMN = "drop column"
    RENAME_COLUMN = "rename column"
    RETYPE_COLUMN = "retype column"
    NULLABLE_COLUMN = "nullable column"
    NOT_NULL_COLUMN = "not-null column"
    ADD_COLUMN = "add column"
    MEANING_COLUMN = "meaning column"
    DROP_DATASET = "drop dataset"
    RENAME_DATASET = "rename dataset"
    REPLACE_DATASET = "replace dataset"
    STOP_DATASET = "stop dataset"
    STOP_JOB = "stop job"
    DELAY_DATASET = "delay dataset"
    FILTER_DATASET = "filter dataset"
    GRAIN_DATASET = "grain dataset"
    RETAIN_DATASET = "retain dataset"

    @property
    def of_column(self) -> bool:
        """Whether its subject is a column."""
        return self.value.endswith(" column")


class _Form(msgspec.Struct, frozen=True):
    """How a kind is written: what stands between the subject and the argument, and what that is."""

    pattern: str
    usage: str
    doing: str
    joint: str = ""


_SUBJECT = r'(?P<subject>(?:"(?:[^"]|"")*"|\S)+)'
_ANYTHING = r"(?P<subject>\S.*?)"
_DURATION = r"(?P<argument>\d+(?:\.\d+)?\s*(?:m|min|h|d|w))"
_NAME = "DATASET.COLUMN"
_FORMS: dict[ChangeKind, _Form] = {
    ChangeKind.DROP_COLUMN: _Form(_ANYTHING, _NAME, "Dropping {}"),
    ChangeKind.RENAME_COLUMN: _Form(
        rf"{_ANYTHING}\s+to\s+(?P<argument>\S+)", f"{_NAME} to NAME", "Renaming {}", "to"
    ),
    ChangeKind.RETYPE_COLUMN: _Form(
        rf"{_ANYTHING}\s+to\s+(?P<argument>\S.*)", f"{_NAME} to TYPE", "Retyping {}", "to"
    ),
    ChangeKind.NULLABLE_COLUMN: _Form(_ANYTHING, _NAME, "Allowing nulls in {}"),
    ChangeKind.NOT_NULL_COLUMN: _Form(_ANYTHING, _NAME, "Forbidding nulls in {}"),
    ChangeKind.ADD_COLUMN: _Form(
        rf"{_SUBJECT}(?:\s+(?P<argument>\S.*))?", f"{_NAME} [TYPE]", "Adding {}"
    ),
    ChangeKind.MEANING_COLUMN: _Form(
        rf"{_ANYTHING}(?:\s+removes\s+(?P<argument>\S.*))?",
        f"{_NAME} [removes 'VALUE']",
        "Changing the meaning of {}",
        "removes",
    ),
    ChangeKind.DROP_DATASET: _Form(_ANYTHING, "DATASET", "Dropping {}"),
    ChangeKind.RENAME_DATASET: _Form(
        rf"{_ANYTHING}\s+to\s+(?P<argument>\S+)", "DATASET to NAME", "Renaming {}", "to"
    ),
    ChangeKind.REPLACE_DATASET: _Form(
        rf"{_ANYTHING}\s+by\s+(?P<argument>\S.*)",
        "DATASET by (COLUMN TYPE, …) or by DATASET",
        "Replacing {}",
        "by",
    ),
    ChangeKind.STOP_DATASET: _Form(_ANYTHING, "DATASET", "Stopping {}"),
    ChangeKind.STOP_JOB: _Form(_ANYTHING, "JOB", "Stopping {}"),
    ChangeKind.DELAY_DATASET: _Form(
        rf"{_ANYTHING}\s+by\s+{_DURATION}", "DATASET by 6h", "Delaying {}", "by"
    ),
    ChangeKind.FILTER_DATASET: _Form(_ANYTHING, "DATASET", "Filtering other rows in {}"),
    ChangeKind.GRAIN_DATASET: _Form(_ANYTHING, "DATASET", "Changing the grain of {}"),
    ChangeKind.RETAIN_DATASET: _Form(
        rf"{_ANYTHING}\s+{_DURATION}", "DATASET 90d", "Keeping less history in {}"
    ),
}


class Change(msgspec.Struct, frozen=True):
    """A change of one thing.

    subject: the dataset, `dataset.column` or job, as `lineage.resolve` reads it.
    argument: the new name or type, the duration or the removed value; empty where none belongs.
    """

    kind: ChangeKind
    subject: str
    argument: str = ""

    def __str__(self) -> str:
        """The change in words, as `parse_change` reads them."""
        joint = _FORMS[self.kind].joint
        words = (self.kind.value, self.subject, joint if self.argument else "", self.argument)
        return " ".join(word for word in words if word)

    def doing(self, subject: str) -> str:
        """The change as the beginning of a sentence: `Dropping shop.orders.discount`."""
        return _FORMS[self.kind].doing.format(subject)


_MINUTES = {"m": 1, "min": 1, "h": 60, "d": 24 * 60, "w": 7 * 24 * 60}


def minutes_of(duration: str) -> int:
    """The minutes of a duration such as `6h`; its unit is m, min, h, d or w."""
    number = duration.rstrip("minhdw ")
    return round(float(number) * _MINUTES[duration[len(number) :].strip()])


def parse_change(text: str) -> Change:
    """The change that words such as `drop column shop.orders.discount` say.

    Raises:
        InvalidChange: they say none; lists the forms.
    """
    for kind, form in _FORMS.items():
        lead = r"\s+".join(kind.value.split())
        if found := re.fullmatch(rf"\s*{lead}\s+{form.pattern}\s*", text, re.IGNORECASE):
            parts = found.groupdict()
            return Change(kind, parts["subject"], parts.get("argument") or "")
    for kind, form in _FORMS.items():
        if text.lower().split()[:2] == kind.value.split():
            raise InvalidChange(f"{text!r} is not complete; write: {kind.value} {form.usage}")
    forms = "\n".join(f"  {kind.value} {form.usage}" for kind, form in _FORMS.items())
    raise InvalidChange(f"{text!r} is no change; write one of\n{forms}")
