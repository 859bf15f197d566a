"""What tags say about each other by their words and by hand-made tables: narrower tags and contradictions.

Independent of any count, so that ``-vocals`` and the antonym veto also hold where the data are silent. Everything here
is in fold keys.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from tagmodel.folding import contradicts, holds_words, negated
from tagmodel.tables import ANY_BEGINNING

HARD = "hard"  # cannot both be true of one moment of music
EXPANSION = "expansion"  # can, but the one never answers a search for the other

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Relations:
    """Narrower tags and contradictions among known tags, asked for any tag.

    Parameters
    ----------
    keys
        Canonical fold keys of the known tags.
    aliases
        Fold key → canonical fold key, for what denials deny (``no hiphop``).
    narrower_pairs
        (broad, narrow), from the curated table and a genre tree.
    cuts
        (broad, narrow or `ANY_BEGINNING`) that neither words nor pairs may claim.
    contradictions
        (tag, other, `HARD` or `EXPANSION`).
    """

    keys: tuple[str, ...]
    aliases: Mapping[str, str]
    narrower_pairs: Pairs = ()
    cuts: Pairs = ()
    contradictions: tuple[tuple[str, str, str], ...] = ()

    @cached_property
    def _by_word(self) -> dict[str, list[str]]:
        index: dict[str, list[str]] = defaultdict(list)
        for key in self.keys:
            for word in set(key.split()):
                index[word].append(key)
        return dict(index)

    @cached_property
    def _listed_narrower(self) -> dict[str, list[str]]:
        listed: dict[str, list[str]] = defaultdict(list)
        for broad, narrow in self.narrower_pairs:
            if (broad, narrow) not in self._cut:
                listed[broad].append(narrow)
        return dict(listed)

    @cached_property
    def _cut(self) -> frozenset[tuple[str, str]]:
        return frozenset(self.cuts)

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.keys)

    @cached_property
    def _variants(self) -> dict[str, list[str]]:
        variants: dict[str, list[str]] = defaultdict(list)
        for variant, canonical in self.aliases.items():
            variants[canonical].append(variant)
        return dict(variants)

    def holding(self, key: str) -> list[str]:
        """Known tags that hold the words of `key`, or of one of its aliases, side by side, and are more than it."""
        found = [other for form in (key, *self._variants.get(key, ())) for other in self._holding_form(form)]
        return [other for other in dict.fromkeys(found) if other != key]

    def _holding_form(self, form: str) -> list[str]:
        lists = [self._by_word.get(word, []) for word in form.split()]
        return [other for other in min(lists, key=len, default=[]) if holds_words(other, form)]

    def _narrower_by_words(self, key: str) -> list[str]:
        if negated(key) is not None:
            return []
        begins_cut = (key, ANY_BEGINNING) in self._cut
        return [
            other
            for other in self.holding(key)
            if negated(other) is None
            and (key, other) not in self._cut
            and not (begins_cut and other.startswith(key + " "))
        ]

    def narrower(self, key: str) -> frozenset[str]:
        """Known tags whose music is all music of `key`: by words, by the tables and by steps of both.

        Never the tag itself, nor one that contradicts it. `key` itself may be unknown.
        """
        found: set[str] = set()
        open_keys = [key]
        while open_keys:
            at = open_keys.pop()
            for narrow in (*self._narrower_by_words(at), *self._listed_narrower.get(at, ())):
                if narrow not in found and narrow != key and not contradicts(key, narrow):
                    found.add(narrow)
                    open_keys.append(narrow)
        return frozenset(found & self._known)

    @cached_property
    def _denials(self) -> dict[str, frozenset[str]]:
        """For each known denial, the known tags that it rules out."""
        absent = {key: negated(key) for key in self.keys}
        return {key: self._ruled_out(what) for key, what in absent.items() if what is not None}

    def _ruled_out(self, absent: str) -> frozenset[str]:
        canonical = self.aliases.get(absent, absent)
        family = {absent, canonical, *self.holding(absent), *self.holding(canonical), *self.narrower(canonical)}
        return frozenset(key for key in family & self._known if negated(key) is None)

    def contradicting(self, key: str, kinds: Iterable[str] = (HARD, EXPANSION)) -> frozenset[str]:
        """Known tags that contradict `key`: denials by their words, then the table's pairs of the wanted `kinds`."""
        absent = negated(key)
        if absent is not None:
            return self._ruled_out(absent) | self._opposites(key, frozenset(kinds))
        denials = {
            denial for denial, ruled_out in self._denials.items() if key in ruled_out or contradicts(denial, key)
        }
        return frozenset(denials) | self._opposites(key, frozenset(kinds))

    def _opposites(self, key: str, kinds: frozenset[str]) -> frozenset[str]:
        """Opposites from the table; a tag with the words of one side stands for that side (`slow tempo` for `slow`)."""
        found: set[str] = set()
        for first, second, kind in self.contradictions:
            if kind in kinds:
                found |= self._other_side(key, first, second) | self._other_side(key, second, first)
        return frozenset(found)

    def _other_side(self, key: str, own: str, other: str) -> set[str]:
        """Known tags of the `other` side, if `key` is of its `own`; one of both sides (a duet) contradicts neither."""
        if not _stands_for(key, own) or holds_words(key, other):
            return set()
        candidates = [other] * (other in self._known) + self.holding(other)
        return {tag for tag in candidates if _stands_for(tag, other) and not holds_words(tag, own)}


def _stands_for(key: str, side: str) -> bool:
    return key == side or (negated(key) is None and holds_words(key, side))
