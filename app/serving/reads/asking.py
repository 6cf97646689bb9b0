"""One read request: what is asked, of which store, and what is wrong with it if something is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import msgspec
from starlette.exceptions import HTTPException

from lineage.calendar import day_of
from lineage.errors import InvalidName
from lineage.store import Store

MOST_ROWS = 10_000  # a page is never longer, however long it was asked to be
_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Ask(msgspec.Struct, frozen=True):
    """A request.

    store: every dataset under one name, whatever it is called. kept: the same as it is kept.
    path: the names in the path, decoded. people: whether persons may be named.
    """

    store: Store
    kept: Store
    path: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    body: str = ""
    people: bool = True

    def text(self, name: str, default: str = "") -> str:
        """The parameter of that name; the first when it is given twice."""
        given = self.query.get(name)
        return given[0].strip() if given else default

    def needed(self, name: str) -> str:
        """The parameter of that name.

        Raises:
            HTTPException: 400, it is not given.
        """
        given = self.text(name)
        if not given:
            raise bad(f"say {name}: …?{name}=…")
        return given

    def every(self, name: str) -> list[str]:
        """All that is given for a parameter."""
        return [one.strip() for one in self.query.get(name, ()) if one.strip()]

    def number(self, name: str, default: int, most: int, least: int = 0) -> int:
        """A whole number from `least` on; more than `most` counts as `most`.

        Raises:
            HTTPException: 400, it is none, or too small.
        """
        given = self.text(name)
        if not given:
            return default
        if not (given.isascii() and given.isdigit() and len(given) < 20) or int(given) < least:
            raise bad(f"{name}={given[:40]!r}: write a whole number from {least} on")
        return min(int(given), most)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Yes or no.

        Raises:
            HTTPException: 400, it is neither.
        """
        given = self.text(name).lower()
        if given and given not in _FLAGS:
            raise bad(f"{name}={given[:40]!r}: write true or false")
        return _FLAGS.get(given, default)

    def one_of(self, name: str, choices: Sequence[str]) -> str:
        """One of these words, in capitals as they are; empty when none is given.

        Raises:
            HTTPException: 400, it is another.
        """
        given = self.text(name).upper()
        if given and given not in choices:
            raise bad(f"{name}={given[:40]!r}: write one of {', '.join(choices)}")
        return given

    def day(self, name: str) -> int | None:
        """The day of an ISO date, None when none is given.

        Raises:
            InvalidName: it is no date.
        """
        given = self.text(name)
        return day_of(given) if given else None

    def window(self) -> int:
        """The days that counts look back: `window`, as 90d or 90."""
        given = self.text("window", "90d").removesuffix("d")
        if not (given.isascii() and given.isdigit() and 0 < len(given) < 7) or int(given) < 1:
            raise bad(f"window={given[:40]!r}: write a number of days like 90d")
        return int(given)

    def moment(self, name: str) -> int | None:
        """The microseconds since 1970-01-01 of an ISO time, UTC unless it says otherwise.

        Raises:
            HTTPException: 400, it is no time.
        """
        given = self.text(name).replace(" ", "+")  # as a + arrives that was not encoded
        if not given:
            return None
        try:
            moment = dt.datetime.fromisoformat(given)
        except ValueError:
            raise bad(f"{name}={given[:40]!r}: write a time like 2026-10-31T12:00:00Z") from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=dt.UTC)
        return (moment - _EPOCH) // dt.timedelta(microseconds=1)

    @property
    def limit(self) -> int:
        """How many rows a page has: `limit`, 100 unless said."""
        return self.number("limit", 100, MOST_ROWS)

    @property
    def offset(self) -> int:
        """How many rows come before the page: `offset`."""
        return self.number("offset", 0, 1 << 53)


def bad(why: str) -> HTTPException:
    """The answer to a request that cannot be understood."""
    return HTTPException(400, why)


def missing(what: str, name: str) -> HTTPException:
    """The answer when nothing has that name."""
    return HTTPException(404, f"{what} {name!r} not found.")


def time_text(moment: int | None) -> str | None:
    """Microseconds since 1970-01-01 as an ISO time, UTC."""
    if moment is None:
        return None
    try:
        time = _EPOCH + dt.timedelta(microseconds=moment)
    except OverflowError as error:
        raise InvalidName(f"{moment} is no time") from error
    return time.isoformat(timespec="microseconds").replace("+00:00", "Z")
