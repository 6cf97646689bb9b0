"""The errors of this project, one tree, so that a caller can catch any of them at once.

LineageError
├── InvalidName        a name that no identifier can carry (empty, wrong kind)
├── UnknownName        a name that nothing in the store answers to; lists the nearest
├── AmbiguousName      a name that several things answer to; lists them
├── InvalidChange      a change that cannot be read (words or DDL)
├── InvalidPolicy      a policy that cannot be read; says where
├── InvalidDecision    an act that what was decided before does not allow; says what it allows
├── UnreadableInput    a file, folder or stream that cannot be read or has no known format
├── InvalidEvent       an OpenLineage event that is none; says the JSON path
├── InboxUnavailable   the inbox of the event server cannot be written; may be retried
├── EngineUnavailable  Spark cannot be asked, or an executor lacks something; may be retried
├── KafkaUnavailable   the brokers do not take what must be sent, or let nobody in; may be retried
└── StoreError
    ├── StoreMissing      an answer was asked of a store that does not exist
    ├── StoreUnavailable  the server does not answer, or refuses the login; may be retried
    ├── StoreTooNew       written by a newer version of this program
    └── LedgerConflict    another import wrote the same day meanwhile; read again and retry

Every message says what, where, and what to do.
"""

from __future__ import annotations


class LineageError(Exception):
    """Any error of this project. `exit_code` is what the command line ends with."""

    exit_code = 1


class InvalidName(LineageError):
    """A name that no identifier can carry."""

    exit_code = 2


class UnknownName(LineageError):
    """A name that nothing in the store answers to."""

    exit_code = 2

    def __init__(self, what: str, name: str, nearest: tuple[str, ...] = ()) -> None:
        self.name = name
        self.nearest = nearest
        hint = "; nearest: " + ", ".join(nearest) if nearest else ""
        super().__init__(f"unknown {what} {name!r}{hint}")


class AmbiguousName(LineageError):
    """A name that several things answer to."""

    exit_code = 2

    def __init__(self, what: str, name: str, candidates: tuple[str, ...]) -> None:
        self.name = name
        self.candidates = candidates
        super().__init__(f"{what} {name!r} is ambiguous; it may be " + ", ".join(candidates))


class InvalidChange(LineageError):
    """A change that cannot be read."""

    exit_code = 2


class InvalidPolicy(LineageError):
    """A policy that cannot be read."""

    exit_code = 2


class InvalidDecision(LineageError):
    """An act that what was decided before does not allow."""

    exit_code = 2


class UnreadableInput(LineageError):
    """A file, folder or stream that cannot be read, or whose format is not known."""

    exit_code = 3


class InvalidEvent(LineageError):
    """An OpenLineage event that is none; `path` is where in the JSON."""

    exit_code = 3

    def __init__(self, path: str, why: str) -> None:
        self.path = path
        super().__init__(f"{path}: {why}")


class InboxUnavailable(LineageError):
    """The inbox of the event server cannot be written, or belongs to another server."""

    exit_code = 4


class EngineUnavailable(LineageError):
    """What reads the files of an import cannot be asked, or lacks something."""

    exit_code = 4


class KafkaUnavailable(LineageError):
    """The brokers do not take what must be sent, or let nobody in."""

    exit_code = 4


class StoreError(LineageError):
    """The store cannot serve."""

    exit_code = 4


class StoreMissing(StoreError):
    """An answer was asked of a store that does not exist; answers never create one."""


class StoreUnavailable(StoreError):
    """The server does not answer, or refuses the login."""


class StoreTooNew(StoreError):
    """The store was written by a newer version of this program."""


class LedgerConflict(StoreError):
    """Another import wrote the same shard of the ledger meanwhile."""
