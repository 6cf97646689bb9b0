"""Whether a certificate still holds: nothing of its evidence changed, and nothing came after it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from lineage.analyses.listening.coverage import Coverage, Window
from lineage.analyses.proof.certificate import (
    Certificate,
    CounterExample,
    Exhibit,
    Fact,
    Missing,
    State,
)
from lineage.analyses.proof.looked import last_day
from lineage.analyses.proof.prove import prove_unused
from lineage.analyses.wording import listed
from lineage.calendar import day_of, iso_day
from lineage.errors import UnreadableInput
from lineage.resolve import resolve_dataset
from lineage.store import Store


class Difference(msgspec.Struct, frozen=True):
    """What is not as the certificate says. was, is_now: None when it was, or is, not there."""

    what: str
    was: str | None
    is_now: str | None


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a certificate may be acted on.

    valid: it was proven, is not over, nothing it rests on changed, and it is proven again by all
    that is known now. changes: what speaks against it. evidence_hash: of the same day as the
    certificate, found again; state, facts, missing, set: as of `looked_up_to`, the newest day.
    """

    verdict: str
    valid: bool
    changes: tuple[Difference, ...]
    state: State
    facts: tuple[Fact, ...]
    counter_example: CounterExample | None
    missing: tuple[Missing, ...]
    set: tuple[str, ...]
    drops: tuple[str, ...]
    evidence_hash: str
    valid_until: str | None
    looked_up_to: str | None
    window: Window
    coverage: Coverage


def read_certificate(body: bytes, where: str) -> Certificate:
    """The certificate that JSON holds; where: the name of the file, for errors.

    Raises:
        UnreadableInput: it is no certificate; says where.
    """
    try:
        return msgspec.json.decode(body, type=Certificate)
    except msgspec.DecodeError as error:
        raise UnreadableInput(
            f"{where} is no certificate ({error}): `lineage prove-unused DATASET --to FILE`"
            " writes one"
        ) from error


def verify(store: Store, certificate: Certificate, now: dt.datetime) -> Verification:
    """Whether a certificate holds at a moment, by what this store knows.

    It is proven again twice: by what was known when it was issued, which must give the same, and by
    all that is known by now.

    Raises:
        UnknownName, AmbiguousName: the store does not have one of its datasets.
        StoreError: a journal was tampered with.
    """
    asked = [resolve_dataset(store, name) for name in certificate.asked]
    today, newest = _day(now), last_day(store)
    newest = None if newest is None else min(newest, today)
    again = prove_unused(
        store,
        asked,
        day_of(certificate.as_of) if certificate.as_of else None,
        certificate.least,
        issued=dt.datetime.fromisoformat(certificate.issued),
        people=False,
    )
    latest = prove_unused(store, asked, newest, certificate.least, issued=now, people=False)
    changes = (
        *_of_itself(certificate, today),
        *_of_evidence(certificate.evidence, again.evidence),
        *_of_outcome(certificate, again),
        *_since(certificate, latest),
    )
    return Verification(
        verdict=_verdict(certificate, changes, latest.as_of),
        valid=not changes,
        changes=changes,
        state=latest.state,
        facts=latest.facts,
        counter_example=latest.counter_example,
        missing=latest.missing,
        set=latest.set,
        drops=() if changes else certificate.drops,
        evidence_hash=again.evidence_hash,
        valid_until=certificate.valid_until,
        looked_up_to=latest.as_of,
        window=latest.window,
        coverage=latest.coverage,
    )


def _day(moment: dt.datetime) -> int:
    return day_of(moment.astimezone(dt.UTC).isoformat())


def _of_itself(certificate: Certificate, today: int) -> Iterator[Difference]:
    """What the certificate alone shows."""
    if certificate.state is not State.PROVEN:
        yield Difference("what it says", None, certificate.verdict)
    if certificate.sealed().seal != certificate.seal:
        yield Difference("the certificate", "as it was issued", "changed by somebody")
    until = certificate.valid_until
    if until is None or day_of(until) < today:
        yield Difference("its time", f"valid until {until or 'never'}", f"over on {iso_day(today)}")


def _of_evidence(was: Iterable[Exhibit], now: Iterable[Exhibit]) -> Iterator[Difference]:
    """The pieces of evidence that are not the same any more."""
    gone, new = Counter(was) - Counter(now), Counter(now) - Counter(was)
    texts: dict[str, list[str]] = {}
    for one in new.elements():
        texts.setdefault(one.what, []).append(one.text)
    for one in sorted(gone.elements()):
        found = texts.get(one.what)
        yield Difference(one.what, one.text, found.pop(0) if found else None)
    for what, left in sorted(texts.items()):
        yield from (Difference(what, None, text) for text in left)


def _of_outcome(certificate: Certificate, again: Certificate) -> Iterator[Difference]:
    """What else the same day does not give again."""
    for name in ("state", "set", "window", "valid_until", "drops", "evidence_hash"):
        was, now = getattr(certificate, name), getattr(again, name)
        if was != now:
            yield Difference(name, _text(was), _text(now))


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _since(certificate: Certificate, latest: Certificate) -> Iterator[Difference]:
    """What came after the certificate: reads, holds, holes, datasets that are made of its set."""
    if certificate.state is not State.PROVEN:
        return
    if latest.state is not State.PROVEN:
        yield Difference(f"as of {latest.as_of}", certificate.state, latest.verdict)
    elif set(latest.set) != set(certificate.set):
        yield Difference(f"the set as of {latest.as_of}", _text(certificate.set), _text(latest.set))


def _verdict(
    certificate: Certificate, changes: Sequence[Difference], looked_up_to: str | None
) -> str:
    names = listed(certificate.asked)
    if not changes:
        return (
            f"VALID until {certificate.valid_until}: {names} may go. Everything was proven again,"
            f" by the logs up to {looked_up_to}."
        )
    first = changes[0]
    now = first.is_now or "no longer there"
    was = f", was {first.was}" if first.was else ""
    more = f" (+{len(changes) - 1} more)" if len(changes) > 1 else ""
    return f"VOID: {first.what} is {now.rstrip('.')}{was}{more}."
