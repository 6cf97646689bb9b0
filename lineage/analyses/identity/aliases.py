"""The rules of alias files: which other name an identifier has, by what its users say."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import msgspec

from lineage.names import DatasetId
from lineage.store import Store

ALIASES: Final = "aliases"  # the kind and the key of their document


class AliasRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    r"""What else datasets of a namespace and name are called.

    An empty name means any; an empty target leaves that half as it is. regex: namespace and name
    are patterns that the whole of each must match, and `\1`, `\g<word>` in a target stand for what
    the pattern of that half found. place: the file and line that say so.
    """

    namespace: str
    name: str = ""
    to_namespace: str = ""
    to_name: str = ""
    regex: bool = False
    place: str = ""

    def __str__(self) -> str:
        left = f"{self.namespace}:{self.name}" if self.name else self.namespace
        right = ":".join(filter(None, (self.to_namespace, self.to_name)))
        return f"{left} → {right}"

    def target(self, dataset: DatasetId) -> tuple[str, str] | None:
        """The namespace and name that it gives a dataset; None when it is not about that."""
        namespace = self._half(self.namespace, self.to_namespace, dataset.namespace)
        name = self._half(self.name, self.to_name, dataset.name)
        return None if namespace is None or name is None else (namespace, name)

    def _half(self, wanted: str, template: str, text: str) -> str | None:
        if not self.regex:
            return (template or text) if wanted in ("", text) else None
        found = _pattern(wanted).fullmatch(text)
        if not found:
            return None
        return found.expand(template) if template else text


def flaw(rule: AliasRule) -> str:
    """What is wrong with the patterns of a rule; empty when nothing is."""
    halves = ((rule.namespace, rule.to_namespace), (rule.name, rule.to_name))
    for wanted, template in halves if rule.regex else ():
        try:
            # The empty text matches, so that the template is put to the test.
            found = re.compile(f"(?:{wanted or '.*'})|").fullmatch("")
            assert found
            found.expand(template)
        except (re.error, IndexError) as error:
            return f"{wanted!r} → {template!r}: {error}"
    return ""


def aliases(store: Store) -> tuple[AliasRule, ...]:
    """The rules of the alias files that were imported last, the first that matches wins."""
    found = next(store.documents(ALIASES, [ALIASES]), None)
    return msgspec.json.decode(found.body, type=tuple[AliasRule, ...]) if found else ()


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text or ".*", re.DOTALL)
