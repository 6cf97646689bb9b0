"""Who a statement is for: the dashboard, model, task, application or login that issued it.

The rules are data (`attribution.yml`), compiled once; a site adds its own in the same form. A tag
is a claim, not proof: `rule` says which one fired, `confidence` what its place is worth.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from importlib import resources
from typing import Literal

import msgspec
import yaml

from ingest.declared.globs import Globs
from ingest.decoding import DECODERS, Values
from lineage.errors import UnreadableInput
from lineage.names import clean

UNKNOWN = "unknown"  # the name of a login that the log does not tell

_Principals = Mapping[str, tuple[str, ...]]
_PLACEHOLDER = re.compile(r"\{([^{}?]+)(\?)?\}")
_FIELD, _COMMENT, _PROGRAM, _USER = range(4)
_CONFIDENCE = (0.95, 0.9, 0.7, 0.6)
_PRINCIPAL_CONFIDENCE = 0.5
_PRINCIPAL_RANK = 4
_LONGEST = 200  # characters of a name
RUN = "run"  # the kind of a job that reports its runs itself
_ENDS = 4_000  # characters at either end of a text, and
_OUTER = 20  # comments at either end of a statement, that are looked at
_REMEMBERED = 100_000  # answers
_SHAPES = 1_000  # sets of places


class Issuer(msgspec.Struct, frozen=True, cache_hash=True):
    """What a statement is for.

    kind: dashboard, card, workbook, report, query, notebook, application, model, task, loader, job,
    system (not use), or the class of the login: person, bi, job, service, system; run: a job that
    reports its runs itself, and names the statement. person: who looks, as the tool names him.
    rule: the rule that found it. confidence: 0 to 1, a score. writes: it is a job even when it
    reads.
    """

    namespace: str
    name: str
    kind: str
    url: str = ""
    person: str = ""
    rule: str = ""
    confidence: float = _PRINCIPAL_CONFIDENCE
    writes: bool = False


class _Extract(msgspec.Struct, frozen=True, rename={"source": "from"}, forbid_unknown_fields=True):
    """More values by a regular expression over one value."""

    source: str
    match: str


class _Yield(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An issuer with `{value}` in its texts; `{value?}` may be missing. when: a value it needs."""

    namespace: str
    name: str
    kind: str
    when: str = ""
    url: str = ""
    person: str = ""
    writes: bool = False


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule as it is written; the head of `attribution.yml` says what the keys mean."""

    name: str
    where: tuple[str, ...]
    yields: tuple[_Yield, ...]
    rank: int = 0
    contains: tuple[str, ...] = ()
    match: str = ""
    decode: Literal["", "json", "pairs", "sqlcommenter"] = ""
    extract: tuple[_Extract, ...] = ()


class _RuleFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: Literal[1]
    places: dict[str, tuple[str, ...]]
    rules: tuple[Rule, ...]
    principals: dict[str, str]


class Answer(msgspec.Struct, frozen=True):
    """What one rule makes of a statement. place, text: where it looked and what it saw there.

    rank: that of the rule: 0 names a use, 1 what runs it, 2 an application, 3 a tool or loader,
    4 the login.
    """

    issuer: Issuer
    rank: int
    place: str
    text: str


class _Compiled:
    """A rule at one place."""

    def __init__(self, rule: Rule, place: str, programs: Collection[str]) -> None:
        self.rule = rule
        self.place = place
        self.worth = {"comment": _COMMENT, "user": _USER, "role": _USER}.get(
            place, _PROGRAM if place in programs else _FIELD
        )
        self._contains = tuple(text.lower() for text in rule.contains)
        self._decode = DECODERS[rule.decode] if rule.decode else None
        try:
            self._match = re.compile(rule.match) if rule.match else None
            self._extract = [(one.source, re.compile(one.match)) for one in rule.extract]
        except re.error as error:
            raise UnreadableInput(f"rule {rule.name}: wrong expression: {error}") from error

    def issuer(self, text: str, lower: str, given: Values) -> Issuer | None:
        """What the rule makes of the text; None when it does not apply."""
        for part in self._contains:
            if part not in lower:
                return None
        found = self._match.search(text) if self._match else None
        if self._match and not found:
            return None
        values = dict(given)
        if self._decode:
            values |= self._decode(text)
        if found:
            values |= {key: value for key, value in found.groupdict().items() if value}
        for source, pattern in self._extract:
            more = pattern.search(values.get(source, ""))
            if more:
                values |= {key: value for key, value in more.groupdict().items() if value}
        made = (self._made(one, values) for one in self.rule.yields)
        return next((issuer for issuer in made if issuer), None)

    def _made(self, one: _Yield, values: Values) -> Issuer | None:
        if one.when and not values.get(one.when):
            return None
        namespace, name = _filled(one.namespace, values), _filled(one.name, values)
        if not namespace or not name:
            return None
        return Issuer(
            namespace=namespace,
            name=name,
            kind=one.kind,
            url=_filled(one.url, values),
            person=_filled(one.person, values),
            rule=self.rule.name,
            confidence=_CONFIDENCE[self.worth],
            writes=one.writes,
        )


class Rules:
    """The rules of attribution, compiled, and the classes of logins."""

    def __init__(
        self, rules: tuple[Rule, ...], classes: Mapping[str, str], principals: _Principals
    ) -> None:
        places = _shipped().places
        compiled = [
            _Compiled(rule, place, places["program"])
            for rule in rules
            for group in rule.where
            for place in places.get(group, (group,))
        ]
        self._rules = sorted(compiled, key=lambda one: (one.rule.rank, one.worth))
        self._classes = {kind: re.compile(_unfolded(text)) for kind, text in classes.items()}
        self._overrides = {kind: Globs(globs) for kind, globs in principals.items()}
        self._known: dict[tuple[object, ...], Issuer] = {}
        self._principals: dict[str, str] = {}
        self._at: dict[tuple[str, ...], list[_Compiled]] = {}  # records of one log are alike

    @classmethod
    def load(cls, principals: _Principals | None = None, more: tuple[Rule, ...] = ()) -> Rules:
        """The rules that ship with the program, behind those of the site.

        principals: class → globs of logins, which go before the classes of the program.

        Raises:
            UnreadableInput: a rule of the site has an expression that is none.
        """
        shipped = _shipped()
        return cls((*more, *shipped.rules), shipped.principals, principals or {})

    def principal_class(self, user: str) -> str:
        """The class of a login: person, bi, job, service or system; `service` when it is empty."""
        known = self._principals.get(user)
        if known is None:
            known = self._principals[user] = self._class_of(user)
        return known

    def issuer(
        self, comments: tuple[str, ...], hints: Mapping[str, str], user: str, namespace: str
    ) -> Issuer:
        """Who the statement is for; see `attribute`."""
        key = (comments, user, namespace, *hints.items())
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[key] = next(self.answers(comments, hints, user, namespace)).issuer
        return known

    def answers(
        self, comments: tuple[str, ...], hints: Mapping[str, str], user: str, namespace: str
    ) -> Iterator[Answer]:
        """Every answer, the best first; the last is the login itself."""
        given = {"user": user, "namespace": namespace}
        beside = {f"field.{key}": value for key, value in hints.items()} | given
        texts = _texts(comments, hints, user)
        for one in self._rules_at(tuple(texts)):
            for text, lower in texts[one.place]:
                values = {**hints, **given} if one.place == "fields" else beside
                issuer = one.issuer(text, lower, values)
                if issuer:
                    yield Answer(issuer, one.rule.rank, one.place, text)
                    break
        name = clean(user) or UNKNOWN
        login = Issuer(namespace, name, self.principal_class(user), rule="principal")
        yield Answer(login, _PRINCIPAL_RANK, "user", user)

    def _rules_at(self, places: tuple[str, ...]) -> list[_Compiled]:
        """The rules that look at these places, in their order."""
        found = self._at.get(places)
        if found is None:
            if len(self._at) >= _SHAPES:
                self._at.clear()
            found = self._at[places] = [one for one in self._rules if one.place in places]
        return found

    def _class_of(self, user: str) -> str:
        for kind, globs in self._overrides.items():
            if user in globs:
                return kind
        if not user:
            return "service"
        return next((kind for kind, found in self._classes.items() if found.search(user)), "person")


def attribute(
    comments: tuple[str, ...],
    hints: Mapping[str, str],
    user: str,
    namespace: str,
    rules: Rules,
) -> Issuer:
    """Who a statement is for, in the most specific form known, else the login itself.

    comments: the texts of its comments; hints: the fields of its record that may name the consumer;
    user: its login; namespace: that of its source, for logins. Runs and traces never enter a name.
    """
    return rules.issuer(comments, hints, user, namespace)


def explain(
    comments: tuple[str, ...],
    hints: Mapping[str, str],
    user: str,
    namespace: str,
    rules: Rules,
) -> tuple[Answer, ...]:
    """Every answer that a rule gives, the one that wins first."""
    return tuple(rules.answers(comments, hints, user, namespace))


def _texts(
    comments: tuple[str, ...], hints: Mapping[str, str], user: str
) -> dict[str, list[tuple[str, str]]]:
    """Place → its texts, each as it is and in lower case."""
    texts = {place: [_bounded(text)] for place, text in hints.items()}
    if user:
        texts["user"] = [_bounded(user)]
    if hints:
        fields = "\n".join(f"{key}={value}" for key, value in hints.items())
        texts["fields"] = [_bounded(fields)]
    if comments:
        if len(comments) > 2 * _OUTER:
            comments = comments[:_OUTER] + comments[-_OUTER:]
        # Some tools spread what they say over several comments: all of them together come first.
        together = ("\n".join(comments),) if len(comments) > 1 else ()
        texts["comment"] = [_bounded(text) for text in (*together, *comments)]
    return texts


def _bounded(text: str) -> tuple[str, str]:
    """The ends of a text, where tools write, as they are and in lower case."""
    if len(text) > 2 * _ENDS:
        text = f"{text[:_ENDS]}\n{text[-_ENDS:]}"
    return text, text.lower()


def _filled(template: str, values: Values) -> str:
    """The text with its values; empty when one that must be there is missing."""
    if "{" not in template:
        return template
    for key, optional in _PLACEHOLDER.findall(template):
        if not optional and not values.get(key):
            return ""
    filled = _PLACEHOLDER.sub(lambda found: values.get(found.group(1), ""), template)
    return clean(filled)[:_LONGEST]


def _unfolded(expression: str) -> str:
    """An expression that YAML folded into several words where it broke the line."""
    return expression.replace("| ", "|").replace(" |", "|")


@lru_cache(maxsize=1)
def _shipped() -> _RuleFile:
    text = resources.files("ingest").joinpath("attribution.yml").read_text(encoding="utf-8")
    # The parser in C, where it is there: this is read by every import.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return msgspec.convert(yaml.load(text, loader), _RuleFile)  # noqa: S506 - both are safe
