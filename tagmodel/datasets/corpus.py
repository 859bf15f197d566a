"""Training items of several data sets with the vocabulary built from them: what every trainer starts from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tagmodel.datasets import DATA_SETS, DataSet, Item
from tagmodel.folding import fold_tag
from tagmodel.relations import Pairs
from tagmodel.vocabulary import Vocabulary
from tagmodel.vocabulary_building import SetRules, build_vocabulary, count_spellings, encode_items, recount


@dataclass(frozen=True)
class Corpus:
    """Training items as tag numbers, by data set.

    Parameters
    ----------
    items
        By data set, in the files' order.
    encoded
        Parallel to `items`: ascending tag numbers of each item, empty where it has no known tag.
    """

    vocabulary: Vocabulary
    items: Mapping[str, Sequence[Item]] = field(repr=False)
    encoded: Mapping[str, Sequence[tuple[int, ...]]] = field(repr=False)


def read_items_by_set(names: Iterable[str], data_dir: Path) -> dict[str, list[Item]]:
    """Read the training items of data sets by name.

    Raises
    ------
    BadDataSet
        If a file is missing or broken.
    KeyError
        If there is no such data set.
    """
    return {name: list(DATA_SETS[name].read_items(data_dir)) for name in names}


def build_corpus(
    items: Mapping[str, Sequence[Item]],
    *,
    genre_tree: Pairs = (),
    more_aliases: Pairs = (),
    folding: bool = True,
    rules: Mapping[str, SetRules] | None = None,
) -> Corpus:
    """Build the vocabulary of some items and encode them with it.

    Parameters
    ----------
    items
        By data set: all, or the training part. A name outside `DATA_SETS` is a catalogue of one's own, of which every
        tag on two items or more is taken.
    rules
        By data set; instead of the data set's own.
    folding, genre_tree, more_aliases
        See `build_vocabulary`.

    Raises
    ------
    BadVocabulary
        If no tag is used often enough.
    """
    chosen = {name: (rules or {}).get(name) or set_rules(DATA_SETS.get(name), items[name]) for name in items}
    counts = {name: count_spellings(items[name]) for name in items}
    vocabulary = build_vocabulary(
        counts, rules=chosen, genre_tree=genre_tree, more_aliases=more_aliases, folding=folding
    )
    encoded = {name: encode_items(vocabulary, items[name]) for name in items}
    return Corpus(recount(vocabulary, encoded), items, encoded)


def read_corpus(names: Iterable[str], data_dir: Path) -> Corpus:
    """Read data sets by name and build the vocabulary over all their items, with what their authors say of tags.

    Raises
    ------
    BadDataSet
        If a file is missing or broken.
    """
    items = read_items_by_set(names, data_dir)
    sets = [DATA_SETS[name] for name in items]
    return build_corpus(
        items,
        genre_tree=tuple(pair for data_set in sets for pair in data_set.read_genre_tree(data_dir)),
        more_aliases=tuple(pair for data_set in sets for pair in data_set.read_aliases(data_dir)),
    )


def set_rules(data_set: DataSet | None, items: Iterable[Item]) -> SetRules:
    """Return the rules by which a data set's spellings enter a vocabulary; None stands for a catalogue of one's own."""
    if data_set is None:
        return SetRules(min_count=2)
    names = frozenset(fold_tag(item.artist) for item in items) if data_set.folksonomy else frozenset()
    return SetRules(data_set.min_count, data_set.folksonomy, names, max_words=data_set.max_words)
