"""Where statements come from: what `sources.yml` and the flags of `import` say of each source."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TypeVar, cast

import msgspec
import yaml

from ingest.attribution import Rule, Rules
from ingest.declared.aliases import checked
from ingest.declared.globs import Globs
from ingest.identity import canonical_namespace
from lineage.analyses.identity.aliases import AliasRule
from lineage.analyses.listening.listening import SCHEDULES, Listening
from lineage.errors import UnreadableInput
from lineage.names import DatasetId

PRODUCTION = "prod"
_WITHOUT_SQL = "openlineage"
_KEYS = frozenset({
    "aliases", "environments", "external", "principals", "rules", "sources", "static",
})  # fmt: skip
_CLASSES = ("person", "bi", "job", "service", "system")
# Platforms of which there is only one: their names begin with the project or account.
_ONE_OF_A_KIND = {"bigquery": "bigquery"}
_Shape = TypeVar("_Shape")


class SourceFlags(msgspec.Struct, frozen=True):
    """What the flags of `import` say; what is not empty wins over `sources.yml`."""

    namespace: str = ""
    dialect: str = ""
    default_db: str = ""
    default_schema: str = ""
    search_path: tuple[str, ...] = ()
    timezone: str = ""
    format: str = ""


NO_FLAGS = SourceFlags()


class Source(msgspec.Struct, frozen=True):
    """A logical origin of statements: one warehouse, one bus; never a file.

    timezone: IANA name, for stamps without zone; empty means UTC. format: empty means detect.
    schedule: which days must have a log: `daily`, `business-daily`, weekday names; empty: learned.
    unlogged: access paths that leave no log; None: nobody has said.
    assumed: sentences for the user on what was assumed because nothing was said.
    """

    name: str
    namespace: str
    dialect: str = ""
    default_db: str = ""
    default_schema: str = ""
    search_path: tuple[str, ...] = ()
    timezone: str = ""
    format: str = ""
    catalog: tuple[Path, ...] = ()
    schedule: tuple[str, ...] = ()
    unlogged: tuple[str, ...] | None = None
    assumed: tuple[str, ...] = ()

    @property
    def listening(self) -> Listening | None:
        """What was said of its days and of access without a log; None when nothing was."""
        if not self.schedule and self.unlogged is None:
            return None
        return Listening(self.namespace, self.schedule, self.unlogged)


class _Declared(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry under `sources`."""

    files: tuple[str, ...] = ()
    format: str = ""
    namespace: str = ""
    dialect: str = ""
    default_db: str = ""
    default_schema: str = ""
    search_path: tuple[str, ...] = ()
    timezone: str = ""
    catalog: tuple[str, ...] = ()
    schedule: tuple[str, ...] = ()
    unlogged: tuple[str, ...] | None = None


class SourceBook:
    """All that is declared of sources, and of the datasets and logins that they bring.

    rules: who a statement is for. Patterns of datasets match `namespace:name`. aliases: None when
    nothing is said of them.
    """

    def __init__(
        self,
        declared: dict[str, _Declared] | None = None,
        folder: Path = Path(),
        flags: SourceFlags = NO_FLAGS,
        rules: Rules | None = None,
        static: Iterable[str] = (),
        external: Iterable[str] = (),
        environments: dict[str, tuple[str, ...]] | None = None,
        aliases: tuple[AliasRule, ...] | None = None,
    ) -> None:
        self.rules = rules or Rules.load()
        self.aliases = aliases
        self._declared = declared or {}
        self._files = {name: Globs(one.files) for name, one in self._declared.items()}
        self._folder = folder.resolve()
        self._flags = flags
        self._static = Globs(static)
        self._external = Globs(external)
        self._warnings: dict[str, None] = {}
        self._environments = {name: Globs(globs) for name, globs in (environments or {}).items()}

    @classmethod
    def from_flags(cls, flags: SourceFlags) -> SourceBook:
        """The book of an import without `sources.yml`."""
        return cls(flags=flags)

    @classmethod
    def load(cls, path: Path, flags: SourceFlags = NO_FLAGS) -> SourceBook:
        """The book that a `sources.yml` describes; paths in it are relative to it.

        Raises:
            UnreadableInput: no such file, no YAML, or a key that is unknown or of the wrong type;
                names file and key.
        """
        top = _mapping(_yaml(path), str(path))
        unknown = top.keys() - _KEYS
        if unknown:
            raise UnreadableInput(f"{path}: unknown key {min(unknown)!r}")
        sources = _mapping(top.get("sources"), f"{path}: sources")
        principals = _globs(top.get("principals"), f"{path}: principals")
        wrong = principals.keys() - set(_CLASSES)
        if wrong:
            classes = ", ".join(_CLASSES)
            raise UnreadableInput(f"{path}: principals.{min(wrong)}: the classes are {classes}")
        return cls(
            {name: _declared(entry, f"{path}: sources.{name}") for name, entry in sources.items()},
            path.parent,
            flags,
            _rules(top.get("rules"), principals, f"{path}: rules"),
            _shaped(top.get("static") or (), tuple[str, ...], f"{path}: static"),
            _shaped(top.get("external") or (), tuple[str, ...], f"{path}: external"),
            _globs(top.get("environments"), f"{path}: environments"),
            _aliases(top["aliases"], f"{path}: aliases") if "aliases" in top else None,
        )

    def names(self, path: str) -> bool:
        """Whether a source is declared for the file of that path."""
        return self._name_of(path) is not None

    def of(self, path: str, dialect: str = "", *, says_all: bool = False) -> Source:
        """The source of the file: the first declared one whose `files` match, else the flags'.

        `dialect` is that of the file's format; what is still missing gets a default, and a sentence
        in `warnings` names the flag that says it. says_all: each record names its own namespace, so
        that nothing is missing.
        """
        name = self._name_of(path)
        said = self._declared[name] if name else _Declared()
        source = _completed(name or "", said, self._flags, dialect, self._folder)
        if says_all:
            return msgspec.structs.replace(source, assumed=())
        self._warnings |= dict.fromkeys(source.assumed)
        return source

    def all(self) -> tuple[Source, ...]:
        """Every declared source, in the order of the file."""
        return tuple(
            _completed(name, said, self._flags, "", self._folder)
            for name, said in self._declared.items()
        )

    def format_of(self, path: str) -> str:
        """The format that is said of the file; empty means detect."""
        name = self._name_of(path)
        return self._flags.format or (self._declared[name].format if name else "")

    @property
    def namespace(self) -> str:
        """The namespace that the flags say; empty when they say none."""
        return self._flags.namespace

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences for the user on what was assumed so far because nothing was said."""
        return tuple(self._warnings)

    def warn(self, sentence: str) -> None:
        """Adds a sentence to the warnings."""
        self._warnings[sentence] = None

    def is_external(self, dataset: DatasetId) -> bool:
        """Whether the dataset is declared static or external, so that it needs no producer."""
        return str(dataset) in self._static or str(dataset) in self._external

    def environment(self, dataset: DatasetId) -> str:
        """The environment of the dataset: the first declared one that matches, else `prod`."""
        name = str(dataset)
        return next((env for env, globs in self._environments.items() if name in globs), PRODUCTION)

    def _name_of(self, path: str) -> str | None:
        place = Path(path).resolve()
        here = place.is_relative_to(self._folder)
        text = place.relative_to(self._folder).as_posix() if here else place.as_posix()
        return next((name for name, globs in self._files.items() if text in globs), None)


@lru_cache(maxsize=1024)
def _completed(
    name: str, said: _Declared, flags: SourceFlags, dialect: str, folder: Path
) -> Source:
    assumed = []
    where = f"source {name}" if name else "the source"
    dialect = flags.dialect or said.dialect or dialect
    if not dialect and (flags.format or said.format) != _WITHOUT_SQL:
        assumed.append(f"{where} has no SQL dialect, ANSI is assumed: say --dialect")
    namespace = flags.namespace or said.namespace or _ONE_OF_A_KIND.get(dialect, "")
    if not namespace:
        namespace = f"{dialect or 'sql'}://unknown"
        assumed.append(f"{where} has no namespace, {namespace} is assumed: say --namespace")
    namespace = canonical_namespace(namespace)
    return Source(
        name=name or namespace,
        namespace=namespace,
        dialect=dialect,
        default_db=flags.default_db or said.default_db,
        default_schema=flags.default_schema or said.default_schema,
        search_path=flags.search_path or said.search_path,
        timezone=flags.timezone or said.timezone,
        format=flags.format or said.format,
        catalog=tuple(folder / file for file in said.catalog),
        schedule=said.schedule,
        unlogged=said.unlogged,
        assumed=tuple(assumed),
    )


def _yaml(path: Path) -> object:
    try:
        return cast("object", yaml.safe_load(path.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise UnreadableInput(f"{path}: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UnreadableInput(f"{path} is no YAML: {error}") from error


def _declared(found: object, where: str) -> _Declared:
    said = _shaped(found, _Declared, where)
    unknown = set(said.schedule) - set(SCHEDULES)
    if unknown:
        known = ", ".join(SCHEDULES[:9])
        raise UnreadableInput(f"{where}.schedule: {min(unknown)!r} is none of {known}")
    return said


def _mapping(found: object, where: str) -> dict[str, object]:
    return _shaped(found or {}, dict[str, object], where)


def _globs(found: object, where: str) -> dict[str, tuple[str, ...]]:
    return {
        name: _shaped(globs, tuple[str, ...], f"{where}.{name}")
        for name, globs in _mapping(found, where).items()
    }


def _rules(found: object, principals: dict[str, tuple[str, ...]], where: str) -> Rules:
    more = _shaped(found or (), tuple[Rule, ...], where)
    try:
        return Rules.load(principals, more)
    except UnreadableInput as error:
        raise UnreadableInput(f"{where}: {error}") from error


def _aliases(found: object, where: str) -> tuple[AliasRule, ...]:
    said = _shaped(found or (), tuple[AliasRule, ...], where)
    return tuple(
        checked(msgspec.structs.replace(rule, place=f"{where}[{i}]"), f"{where}[{i}]")
        for i, rule in enumerate(said)
    )


def _shaped(found: object, shape: type[_Shape], where: str) -> _Shape:
    try:
        return msgspec.convert(found, shape)
    except msgspec.ValidationError as error:
        raise UnreadableInput(f"{where}: {error}".replace(" - at `$.", " - at `")) from error
