"""From uses of spellings in data sets to a `Vocabulary`, and from training items to tag numbers.

A tag enters if one data set uses it often enough by that set's own rules; folksonomies are cleaned on entry only, so a
word that is noise there (*love*) still counts once a curated set (MTG-Jamendo's themes) has it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from tagmodel import tables
from tagmodel.folding import fold_tag, resolve_alias
from tagmodel.relations import Pairs
from tagmodel.vocabulary import BadVocabulary, Vocabulary

if TYPE_CHECKING:
    from tagmodel.datasets.dataset import Item

# A year says when, not how: decades are kept.
_YEAR = re.compile(r"(19|20)\d\d")


@dataclass(frozen=True)
class SetRules:
    """What a data set's spelling must satisfy to bring its tag into the vocabulary.

    Parameters
    ----------
    min_count
        Uses within this set.
    folksonomy
        Free words of many people: noise, years and the names below are kept out, unless they are in a genre tree.
    names
        Fold keys of the set's artists: as tags, they say who and not how.
    name_limit
        Uses from which on a tag is a word although an artist is called so (*emo*, *rain*).
    max_words
        Longer spellings are phrases, which `Vocabulary.find_tags` takes apart, and so are those that end like one
        (*piano melody*); None where spellings are tags.
    """

    min_count: int = 1
    folksonomy: bool = False
    names: frozenset[str] = frozenset()
    name_limit: int = 60
    max_words: int | None = None


def count_spellings(items: Iterable[Item]) -> Counter[str]:
    """Count the items that carry each spelling."""
    return Counter(spelling for item in items for spelling in dict.fromkeys(item.tags))


def build_vocabulary(
    counts: Mapping[str, Mapping[str, int]],
    *,
    rules: Mapping[str, SetRules] | None = None,
    genre_tree: Pairs = (),
    more_aliases: Pairs = (),
    folding: bool = True,
) -> Vocabulary:
    """Build a vocabulary.

    Parameters
    ----------
    counts
        By data set: uses of each spelling.
    rules
        By data set; a set without rules brings in all it has.
    genre_tree
        (broad, narrow) spellings, e.g. FMA's.
    more_aliases
        (variant, canonical) of a data set's authors. Left out where the project's own table speaks of either, or the
        variant is a tag in its own right: the ids of existing tags must not depend on the data at hand.
    folding
        False: every spelling is its own tag, as the published evaluation protocols want it.

    Raises
    ------
    TagCollision
        If two tags have the same id.
    BadVocabulary
        If nothing is left.
    """
    aliases = _alias_rows(counts, more_aliases) if folding else ()
    uses, forms = _sum_up(counts, _Canonical({fold_tag(variant): fold_tag(tag) for variant, tag in aliases}, folding))
    curated = frozenset(fold_tag(genre) for pair in genre_tree for genre in pair)
    rules_by_set = {name: (rules or {}).get(name, SetRules()) for name in sorted(counts)}
    keys = sorted({key for name, rule in rules_by_set.items() for key in _admitted(uses[name], rule, curated)})
    if not keys:
        raise BadVocabulary(
            f"no tag of {', '.join(rules_by_set) or 'no data set'} is used often enough: too few tracks?"
        )
    vocabulary = Vocabulary(
        keys=tuple(keys),
        spellings=tuple(_displayed(key, forms[key]) for key in keys),
        sets=tuple(rules_by_set),
        set_counts=np.array([[uses[name][key] for key in keys] for name in rules_by_set], dtype=np.int64),
        set_minimum=np.array([rule.min_count for rule in rules_by_set.values()], dtype=np.int64),
        alias_rows=aliases,
        narrower_pairs=_narrower_pairs(genre_tree, aliases) if folding else (),
        cuts=tables.narrower_cuts() if folding else (),
        contradictions=tables.contradiction_rows() if folding else (),
        folding=folding,
    )
    vocabulary.check()
    return vocabulary


@dataclass(frozen=True)
class _Canonical:
    """Spelling → canonical key, before there is a vocabulary."""

    aliases: Mapping[str, str]
    folding: bool

    def __call__(self, spelling: str) -> str:
        return resolve_alias(fold_tag(spelling), self.aliases) if self.folding else spelling


def _alias_rows(counts: Mapping[str, Mapping[str, int]], more_aliases: Pairs) -> Pairs:
    """Return the project's alias table and what a data set's authors add to it without a clash."""
    rows = tables.alias_rows()
    aliases = {fold_tag(variant): fold_tag(canonical) for variant, canonical in rows}
    taken = {*aliases, *aliases.values()} | {fold_tag(spelling) for uses in counts.values() for spelling in uses}
    added = {}
    for variant, canonical in more_aliases:
        key, target = fold_tag(variant), resolve_alias(fold_tag(canonical), aliases)
        if key and target and key != target and key not in taken:
            added[key] = (variant, target)
    return (*rows, *(row for row in added.values() if fold_tag(row[1]) not in added))


def _sum_up(
    counts: Mapping[str, Mapping[str, int]], canonical: _Canonical
) -> tuple[dict[str, Counter[str]], dict[str, dict[str, Counter[str]]]]:
    """Sum up the uses of each key by data set, and of each displayable form by key and data set."""
    uses: dict[str, Counter[str]] = {name: Counter() for name in sorted(counts)}
    forms: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for name, key_uses in uses.items():
        for spelling, n in counts[name].items():
            key = canonical(spelling)
            key_uses[key] += n
            if not canonical.folding:
                forms[key][name][spelling] += n
            elif fold_tag(spelling) == key:
                forms[key][name][" ".join(spelling.lower().split())] += n
        key_uses.pop("", None)
    return uses, forms


def _displayed(key: str, forms_by_set: Mapping[str, Counter[str]]) -> str:
    """Choose the form that is most common in most data sets, then in all; the key where only aliases were written.

    Typography is a data set's own (FMA writes *Indie-Rock* 1,500 times), so each has one vote and capitals go.
    """
    votes = Counter(_most_common(forms) for forms in forms_by_set.values())
    total = sum(forms_by_set.values(), Counter())
    return min(votes, key=lambda form: (-votes[form], -total[form], form), default=key)


def _most_common(forms: Counter[str]) -> str:
    return min(forms, key=lambda form: (-forms[form], form))


def _admitted(uses: Counter[str], rules: SetRules, curated: frozenset[str]) -> set[str]:
    frequent = {key for key, n in uses.items() if n >= rules.min_count}
    if rules.max_words is not None:
        frequent = {key for key in frequent if not _is_phrase(key, rules.max_words)}
    if not rules.folksonomy:
        return frequent
    rare_names = {name for name in rules.names if uses[name] < rules.name_limit}
    return {key for key in frequent if key in curated or not (key in rare_names or _is_noise(key))}


def _is_noise(key: str) -> bool:
    """Whether a folksonomy's tag says when it was, who liked it or whose list it is on, and not how it sounds."""
    return (
        key in tables.noise_keys()
        or not tables.noise_words().isdisjoint(key.split())
        or _YEAR.fullmatch(key) is not None
    )


def _is_phrase(key: str, max_words: int) -> bool:
    words = key.split()
    if key in tables.alias_targets():
        return False
    return len(words) > max_words or (len(words) > 1 and words[-1] in tables.phrase_heads())


def _narrower_pairs(genre_tree: Pairs, alias_rows: Pairs) -> Pairs:
    aliases = {fold_tag(variant): fold_tag(canonical) for variant, canonical in alias_rows}
    given = (*tables.narrower_pairs(), *((fold_tag(broad), fold_tag(narrow)) for broad, narrow in genre_tree))
    resolved = ((resolve_alias(broad, aliases), resolve_alias(narrow, aliases)) for broad, narrow in given)
    return tuple(sorted({(broad, narrow) for broad, narrow in resolved if broad != narrow}))


def encode_items(vocabulary: Vocabulary, items: Iterable[Item]) -> list[tuple[int, ...]]:
    """Encode training items as tag numbers: ascending, each once, one tuple an item (empty ones kept).

    Phrases (`Item.phrases`) are taken apart into the longest known tags.
    """
    phrases: dict[str, tuple[int, ...]] = {}
    tags: dict[str, tuple[int, ...]] = {}
    encoded = []
    for item in items:
        known, find = (phrases, vocabulary.find_tags) if item.phrases else (tags, vocabulary.find_tag)
        for spelling in item.tags:
            if spelling not in known:
                known[spelling] = find(spelling)
        encoded.append(tuple(sorted({number for spelling in item.tags for number in known[spelling]})))
    return encoded


def recount(vocabulary: Vocabulary, encoded: Mapping[str, Sequence[tuple[int, ...]]]) -> Vocabulary:
    """Return the vocabulary with the items that carry each tag as its counts, phrases and merged spellings included."""
    counts = [
        np.bincount([number for item in encoded[name] for number in item], minlength=len(vocabulary))
        for name in vocabulary.sets
    ]
    return replace(vocabulary, set_counts=np.array(counts, dtype=np.int64).reshape(len(counts), len(vocabulary)))
