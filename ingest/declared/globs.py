"""Shell patterns over names, many at once."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable


class Globs:
    """A set of shell patterns; `*` also crosses dots and slashes, case counts."""

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self.patterns = tuple(patterns)
        self._found = re.compile("|".join(map(fnmatch.translate, self.patterns)) or r"(?!)")

    def __contains__(self, name: object) -> bool:
        return self._found.match(str(name)) is not None
