"""Who uses each column of a dataset, in which role, how often, since when and when last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from lineage.calendar import iso_or_none
from lineage.model import Activity, Role
from lineage.names import JobId, ProcessId

Roles = Mapping[Role, Activity]


class ColumnUser(msgspec.Struct, frozen=True):
    """A consumer or job that uses a column; role → reads in it. first, last: of all history."""

    consumer: str
    roles: dict[Role, int]
    reads: int
    first: str | None
    last: str | None


class ColumnUse(msgspec.Struct, frozen=True):
    """A column and its users, most reads first; `*` is a `SELECT *` over unknown columns.

    reads, roles: in the window. consumers, jobs, first, last: over the whole history.
    """

    column: str
    reads: int
    consumers: int
    jobs: int
    roles: dict[Role, int]
    first: str | None
    last: str | None
    users: tuple[ColumnUser, ...]


def column_uses(
    names: Iterable[str],
    seen: Mapping[ProcessId, Mapping[str, Roles]],
    start: int,
    as_of: int,
) -> tuple[ColumnUse, ...]:
    """The use of each of these columns and of all that were seen used, the most used first.

    seen: user → column → role → reads. start, as_of: the days that reads are counted on.
    """
    by_column: dict[str, dict[ProcessId, Roles]] = {name: {} for name in names}
    for process, columns in seen.items():
        for name, roles in columns.items():
            by_column.setdefault(name, {})[process] = roles
    found = [_column(name, users, start, as_of) for name, users in by_column.items()]
    return tuple(sorted(found, key=lambda one: (-len(one.users), -one.reads, one.column)))


def _column(name: str, users: Mapping[ProcessId, Roles], start: int, as_of: int) -> ColumnUse:
    by = [_user(process, roles, start, as_of) for process, roles in users.items()]
    roles: dict[Role, int] = {}
    for user in by:
        for role, reads in user.roles.items():
            roles[role] = roles.get(role, 0) + reads
    jobs = sum(isinstance(process, JobId) for process in users)
    return ColumnUse(
        name,
        sum(user.reads for user in by),
        len(users) - jobs,
        jobs,
        dict(sorted(roles.items(), key=lambda item: (-item[1], item[0]))),
        min((user.first for user in by if user.first), default=None),
        max((user.last for user in by if user.last), default=None),
        tuple(sorted(by, key=lambda user: (-user.reads, user.consumer))),
    )


def _user(process: ProcessId, roles: Roles, start: int, as_of: int) -> ColumnUser:
    once = Activity()
    for activity in roles.values():
        once = once.union(activity)  # mostly the same statements
    counts = {role: seen.between(start, as_of).total for role, seen in sorted(roles.items())}
    reads = once.between(start, as_of).total
    return ColumnUser(str(process), counts, reads, iso_or_none(once.first), iso_or_none(once.last))
