"""A change that somebody has in mind, as words or DDL say it. Both end in the same record."""

from __future__ import annotations

import difflib
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
_TO = r"\s+(?:to|as|->|\u2192)\s+"
_DURATION = r"(?P<argument>\d+(?:\.\d+)?\s*[a-z]+)"
_NAME = "DATASET.COLUMN"
_FORMS: dict[ChangeKind, _Form] = {
    ChangeKind.DROP_COLUMN: _Form(_ANYTHING, _NAME, "Dropping {}"),
    ChangeKind.RENAME_COLUMN: _Form(
        rf"{_ANYTHING}{_TO}(?P<argument>\S+)", f"{_NAME} to NAME", "Renaming {}", "to"
    ),
    ChangeKind.RETYPE_COLUMN: _Form(
        rf"{_ANYTHING}{_TO}(?P<argument>\S.*)", f"{_NAME} to TYPE", "Retyping {}", "to"
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
        rf"{_ANYTHING}{_TO}(?P<argument>\S+)", "DATASET to NAME", "Renaming {}", "to"
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
        rf"{_ANYTHING}\s+(?:by\s+)?{_DURATION}", "DATASET by 6h", "Delaying {}", "by"
    ),
    ChangeKind.FILTER_DATASET: _Form(_ANYTHING, "DATASET", "Filtering other rows in {}"),
    ChangeKind.GRAIN_DATASET: _Form(_ANYTHING, "DATASET", "Changing the grain of {}"),
    ChangeKind.RETAIN_DATASET: _Form(
        rf"{_ANYTHING}\s+(?:(?:for|to)\s+)?{_DURATION}", "DATASET 90d", "Keeping less history in {}"
    ),
}


class Change(msgspec.Struct, frozen=True):
    """A change of one thing.

    subject: the dataset, `dataset.column` or job, as `lineage.resolve` reads it.
    argument: the new name or type, the duration or the removed value; empty where none belongs.
    before: the type that a column had, of a change of the past; None when it is the one known now.
    """

    kind: ChangeKind
    subject: str
    argument: str = ""
    before: str | None = None

    def __str__(self) -> str:
        """The change in words, as `parse_change` reads them."""
        joint = _FORMS[self.kind].joint
        words = (self.kind.value, self.subject, joint if self.argument else "", self.argument)
        return " ".join(word for word in words if word)

    def doing(self, subject: str) -> str:
        """The change as the beginning of a sentence: `Dropping shop.orders.discount`."""
        return _FORMS[self.kind].doing.format(subject)


_MINUTES = {"m": 1, "min": 1, "h": 60, "d": 24 * 60, "w": 7 * 24 * 60}
_UNITS = {
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), ("min", 1)),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), ("h", 1)),
    **dict.fromkeys(("d", "day", "days"), ("d", 1)),
    **dict.fromkeys(("w", "week", "weeks"), ("w", 1)),
    **dict.fromkeys(("month", "months"), ("d", 30)),
    **dict.fromkeys(("y", "year", "years"), ("d", 365)),
}
# How people say it, as the forms say it; one after the other.
_SPELLINGS = (
    (r"[\s;]+$|^\s+", ""),
    (r"\bthe\s+(?=(?:column|field|table|view|topic|dataset|type)\b)", ""),
    (r"^(?:remove|delete)\b", "drop"),
    (r"^(?:change|alter|modify)\s+type\s+of\b", "retype"),
    (r"^(?:change|alter|modify)\s+column\s+(\S+)\s+(?:(?:set\s+data\s+)?type\s+)?(?:to\s+)?",
     r"retype column \1 to "),
    (r"^make\s+(.*)\s+(nullable|not[\s_-]?null|required)$", r"\2 \1"),
    (r"^(?:not[\s_]?null|required)\b", "not-null"),
    (r"^(\S+)\s+(?:field|col)\b", r"\1 column"),
    (r"^(\S+)\s+(?:table|view|topic|model)\b", r"\1 dataset"),
    (r"^(retype|nullable|not-null|add|meaning)\s+(?!column\b)", r"\1 column "),
    (r"^(delay|filter|grain|retain|replace)\s+(?!dataset\b)", r"\1 dataset "),
    (r"^(\S+\s+column)\s+(\S+)\s+(?:from|of|in|on)\s+(\S+)", r"\1 \3.\2"),
)  # fmt: skip
_VERBS = tuple(dict.fromkeys(kind.value.split()[0] for kind in ChangeKind))
_LIKELY = 0.6  # how alike two words are when one is the other, mistyped


def minutes_of(duration: str) -> int:
    """The minutes of a duration such as `6h`; its unit is m, min, h, d or w."""
    number = duration.rstrip("minhdw ")
    return round(float(number) * _MINUTES[duration[len(number) :].strip()])


def parse_change(text: str) -> Change:
    """The change that words such as `drop column shop.orders.discount` say.

    Raises:
        InvalidChange: they say none; names the forms that may have been meant.
    """
    said = text
    for pattern, instead in _SPELLINGS:
        said = re.sub(pattern, instead, said, flags=re.IGNORECASE)
    for kind, form in _FORMS.items():
        lead = r"\s+".join(kind.value.split())
        if found := re.fullmatch(rf"{lead}\s+{form.pattern}", said, re.IGNORECASE):
            parts = found.groupdict()
            argument = parts.get("argument") or ""
            timed = form.pattern.endswith(_DURATION)
            return Change(kind, parts["subject"], _duration(argument) if timed else argument)
    raise InvalidChange(_complaint(text, said))


def _duration(text: str) -> str:
    """A duration in one of the units that `minutes_of` knows.

    Raises:
        InvalidChange: its unit is none.
    """
    number = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ")
    unit = text[len(number) :].strip().lower()
    if unit not in _UNITS:
        raise InvalidChange(f"{text!r} is no duration; write 90min, 6h, 30d or 2w")
    short, times = _UNITS[unit]
    return f"{float(number) * times:g}{short}"


def _complaint(text: str, said: str) -> str:
    """What is wrong with words that say no change, with the forms that may be meant."""
    words = said.lower().split()
    kinds = [kind for kind in _FORMS if words[:2] == kind.value.split()]
    if kinds:
        return f"{text!r} is not complete; write: {kinds[0].value} {_FORMS[kinds[0]].usage}"
    verbs = difflib.get_close_matches(words[0] if words else "", _VERBS, cutoff=_LIKELY)
    likely = [kind for kind in _FORMS if kind.value.split()[0] in verbs[:1]] or list(_FORMS)
    if verbs[:1] != words[:1]:
        whole = difflib.get_close_matches(" ".join(words[:2]), [*map(str, _FORMS)], n=1)
        likely = [ChangeKind(one) for one in whole] or likely
    forms = "\n".join(f"  {kind.value} {_FORMS[kind].usage}" for kind in likely)
    return f"{text!r} is no change; write{' one of' if len(likely) > 1 else ''}\n{forms}"
