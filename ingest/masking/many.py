"""Masks many statements at a time: what most of them have in common is found in columns.

Two regular expressions take the plainest literals out of all texts at once; what is left of a text
is its outline. They know nothing of comments and quoted names, so each new outline is checked by
the exact lexer: every gap must lie where that lexer, too, would find a whole literal. Then all
texts of the outline come apart at the same places, and mean what the first of them means.
Every other text is masked by itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ingest.masking.lexer import Lexis, lexis, pieces
from ingest.masking.template import Masked, Masks

if TYPE_CHECKING:
    from ingest.files.texts import Texts

_STRING, _NUMBER = "\x01", "\x02"  # what stands in the gaps
_GAP = re.compile(f"[{_STRING}{_NUMBER}]")
# Neither a path nor 0 or 1, which may stay: see `Masks`.
_STRINGS = r"'[^'\\/$@\x00]*'"
_NUMBERS = r"\b(?:[0-9]+\.[0-9]+|[0-9]{2,}|[2-9])\b"
_BEFORE_A_NUMBER = frozenset(" \t\n\r(,=<>*%|")  # no sign: it may belong to an exponent
_NOT_BEFORE_A_STRING = frozenset((_STRING, _NUMBER, "q", "Q"))  # Oracle's own quotes
_BEHIND = frozenset(" \t\n\r),=<>+*%|-;:]")
_REMEMBERED = 32_000_000  # characters


_WORTH_IT = 200  # texts, for which loading pyarrow is worth while


class ManyMasks:
    """Masks statements of one dialect, and remembers their outlines."""

    def __init__(self, dialect: str) -> None:
        self._masks = Masks(dialect)
        self._lex = lexis(dialect)
        self._known: dict[str, Masked | None] = {}
        self._size = 0

    def mask(self, text: str) -> Masked:
        """The statement without its values."""
        return self._masks.mask(text)

    def mask_all(self, texts: Sequence[str]) -> list[Masked]:
        """The statements without their values, in their order."""
        if len(texts) < _WORTH_IT:
            return [self.mask(text) for text in texts]
        from ingest.files.texts import Texts

        try:
            found = outlines(Texts.of(texts)).all()
        except UnicodeEncodeError:
            return [self.mask(text) for text in texts]
        known = self._known
        masks = []
        for text, outline in zip(texts, found, strict=True):
            masked = known.get(outline)
            if masked is None:
                masked, stays = self._masks.look(text)
                if outline not in known:
                    self._learn(outline, text, None if stays else masked)
            masks.append(masked)
        return masks

    def of_outline(self, outline: str, text: str) -> Masked | None:
        """What every text of this outline is masked, given one; None when they may differ."""
        if outline not in self._known:
            masked, stays = self._masks.look(text)
            self._learn(outline, text, None if stays else masked)
        return self._known[outline]

    def _learn(self, outline: str, text: str, masked: Masked | None) -> None:
        whole = masked is not None and not _GAP.search(text) and is_plain(outline, self._lex)
        self._size += len(outline)
        if self._size > _REMEMBERED:
            self._known.clear()
            self._size = len(outline)
        self._known[outline] = masked if whole else None


def is_plain(outline: str, lex: Lexis) -> bool:
    """Whether every gap lies where the lexer would find a whole literal, whatever fills it."""
    parts = pieces(outline, lex)
    if any(_GAP.search(token) or token[0] == "'" for token in parts[1::2]):
        return False
    text = f" {outline} "
    return all(
        text[at + 1] in _BEHIND
        and (
            text[at - 1] in _BEFORE_A_NUMBER
            if text[at] == _NUMBER
            else text[at - 1] not in _NOT_BEFORE_A_STRING
        )
        for at in (gap.start() for gap in _GAP.finditer(text))
    )


def outlines(texts: Texts) -> Texts:
    """The texts with gaps where plain literals were."""
    for pattern, gap in ((_STRINGS, _STRING), (_NUMBERS, _NUMBER)):
        texts = texts.replaced(pattern, gap)
    return texts
