"""Training of a whole `TagModel`: vocabulary, statistics, embeddings, kin, set-to-tag model, map, card.

The same corpus, options and seed give the same model to the last byte: one thread, seeds everywhere, and no date.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagmodel.als import AlsOptions, train_als
from tagmodel.cooccurrence import CoOccurrence, EncodedItems, count_pairs, tag_uses
from tagmodel.datasets import DATA_SETS, Item
from tagmodel.datasets.corpus import Corpus, build_corpus, read_items_by_set
from tagmodel.implication import SetToTag
from tagmodel.implication_training import TrainingOptions
from tagmodel.kinship import KinOptions, Kinship, find_kin
from tagmodel.model import TagModel
from tagmodel.storage import content_id
from tagmodel.tag_map import compute_map
from tagmodel.vocabulary import Vocabulary
from tagmodel.word2vec import Word2VecOptions, train_word2vec

# The name under which a catalogue of one's own stands beside the data sets.
CATALOGUE = "catalogue"

# Told what is being done, how much of it is done and of how much.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class ModelOptions:
    """All options of a training; they stand in the card."""

    word2vec: Word2VecOptions = field(default_factory=Word2VecOptions)
    als: AlsOptions = field(default_factory=AlsOptions)
    kin: KinOptions = field(default_factory=KinOptions)
    implication: TrainingOptions = field(default_factory=TrainingOptions)


def read_training_corpus(
    names: Sequence[str], data_dir: Path, catalogue: Sequence[Item] = (), *, folding: bool = True
) -> Corpus:
    """Read data sets and add a catalogue of one's own.

    Raises
    ------
    BadDataSet
        If a file is missing or broken.
    BadVocabulary
        If no tag is used often enough.
    """
    items: dict[str, Sequence[Item]] = {**read_items_by_set(names, data_dir)}
    if catalogue:
        items[CATALOGUE] = catalogue
    sets = [DATA_SETS[name] for name in names]
    return build_corpus(
        items,
        genre_tree=tuple(pair for data_set in sets for pair in data_set.read_genre_tree(data_dir)),
        more_aliases=tuple(pair for data_set in sets for pair in data_set.read_aliases(data_dir)),
        folding=folding,
    )


def train_tag_model(
    corpus: Corpus,
    *,
    seed: int = 0,
    options: ModelOptions = ModelOptions(),
    parts: Mapping[str, str] | None = None,
    command: str = "",
    progress: Progress = lambda *_: None,
) -> TagModel:
    """Train a model.

    Parameters
    ----------
    parts
        By data set: which part of it the corpus holds, e.g. ``"train"``; ``"all"`` where nothing is said. The card
        keeps it, so that an evaluation can refuse a model that has seen its test items.
    command
        What reproduces the model, for the card.
    """
    vocabulary = corpus.vocabulary
    in_set = set_vocabularies(vocabulary)
    kinship = train_kinship(distinct_voices(corpus), in_set, seed, options, progress)
    progress("kin", 0, 1)
    table = find_kin(kinship, vocabulary, options.kin)
    progress("kin", 1, 1)
    implication = train_implication(corpus, seed, options.implication, progress)
    progress("map", 0, 1)
    tag_map = compute_map(table, vocabulary, seed)
    progress("map", 1, 1)
    arrays = {
        **_under("kin", table.arrays()),
        **_under("word2vec", kinship.word2vec.arrays()),
        **_under("als", kinship.als.arrays()),
        **_under("implication", implication.arrays()),
        **_under("graph", tag_map),
    }
    card = make_card(corpus, seed, options, parts or {}, command)
    return TagModel(vocabulary, arrays, {"model_id": content_id(vocabulary, arrays), **card})


def train_kinship(
    encoded: Mapping[str, EncodedItems],
    in_set: Mapping[str, NDArray[np.bool_]],
    seed: int,
    options: ModelOptions,
    progress: Progress = lambda *_: None,
) -> Kinship:
    """Train the three origins of kin.

    Parameters
    ----------
    encoded
        Items by data set; see `one_voice_each`.
    in_set : each of shape (n_tags,)
        By data set: the tags of its own vocabulary.
    """
    names = sorted(encoded)
    n_tags = len(in_set[names[0]])
    items = [item for name in names for item in encoded[name]]
    word2vec = train_word2vec(
        items,
        n_tags,
        options=options.word2vec,
        seed=seed,
        epoch_done=_counter(progress, "word2vec", options.word2vec.epochs),
    )
    als = train_als(
        items, n_tags, options=options.als, seed=seed, iteration_done=_counter(progress, "ALS", options.als.iterations)
    )
    uses = np.array([tag_uses(encoded[name], n_tags) for name in names])
    counts = CoOccurrence(tuple(count_pairs(name, encoded[name], in_set[name]) for name in names))
    return Kinship.calibrate(counts, word2vec.without_accents(uses), als.without_accents(uses))


def set_vocabularies(vocabulary: Vocabulary) -> dict[str, NDArray[np.bool_]]:
    """Return which tags belong to each data set's own vocabulary, by its name; each of shape (n_tags,)."""
    return dict(zip(vocabulary.sets, vocabulary.in_set, strict=True))


def distinct_voices(corpus: Corpus) -> dict[str, EncodedItems]:
    """Return the items of a corpus by data set, each artist heard once (`one_voice_each`)."""
    return {name: one_voice_each(corpus.items[name], corpus.encoded[name]) for name in sorted(corpus.encoded)}


def one_voice_each(items: Sequence[Item], encoded: EncodedItems) -> EncodedItems:
    """Leave out items on which an artist repeats the tags of an earlier one, tag by tag.

    An artist who puts the same thirty tags on two hundred tracks made *harp* a kin of *hip hop*; it is one statement.
    Items without tags or without a known artist all stay.
    """
    said: set[tuple[str, tuple[int, ...]]] = set()
    kept = []
    for item, tags in zip(items, encoded, strict=True):
        if (item.artist, tags) not in said:
            kept.append(tags)
            if item.artist and tags:
                said.add((item.artist, tags))
    return kept


def train_implication(corpus: Corpus, seed: int, options: TrainingOptions, progress: Progress) -> SetToTag:
    """Train the set-to-tag model."""
    vocabulary = corpus.vocabulary
    return SetToTag.fit(
        corpus.encoded,
        set_vocabularies(vocabulary),
        len(vocabulary),
        contradicting_pairs(vocabulary),
        seed=seed,
        options=options,
        progress=lambda done, total: progress("set-to-tag", done, total),
    )


def contradicting_pairs(vocabulary: Vocabulary) -> list[tuple[int, int]]:
    """Return the pairs of tag numbers that contradict each other, ascending."""
    pairs = []
    for number, tag in enumerate(vocabulary.ids):
        others = (vocabulary.number(other) for other in vocabulary.contradicting(tag))
        pairs += [(number, other) for other in others if other is not None]
    return sorted(pairs)


def _counter(progress: Progress, stage: str, total: int) -> Callable[[], None]:
    """Return a callback that counts its calls and reports them as `stage`."""
    done = 0
    progress(stage, 0, total)

    def count() -> None:
        nonlocal done
        done += 1
        progress(stage, done, total)

    return count


def _under(name: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {f"{name}/{key}": array for key, array in arrays.items()}


def make_card(
    corpus: Corpus, seed: int, options: ModelOptions, parts: Mapping[str, str], command: str
) -> dict[str, object]:
    """Say where a model comes from: data with licences and fingerprints, options, use."""
    return {
        "n_tags": len(corpus.vocabulary),
        "seed": seed,
        "command": command or "train_tag_model(...)",
        "data": [_data_card(name, corpus.items[name], parts.get(name, "all")) for name in sorted(corpus.items)],
        "use": _use(sorted(corpus.items)),
        "options": asdict(options),
    }


def _data_card(name: str, items: Sequence[Item], part: str) -> dict[str, object]:
    known = DATA_SETS.get(name)
    return {
        "name": name,
        "title": known.title if known else "a catalogue of one's own",
        "part": part,
        "n_items": len(items),
        "items_sha256": items_fingerprint(items),
        "licence": known.licence if known else "its owner's",
        "source": known.source if known else "not published",
    }


def items_fingerprint(items: Sequence[Item]) -> str:
    """Hash which items a model was trained on: sha256 over the sorted item ids, one a line."""
    return hashlib.sha256("\n".join(sorted(item.item_id for item in items)).encode()).hexdigest()


def _use(names: Sequence[str]) -> str:
    """Say in plain words what the licences of the data mean for a model."""
    if names == [CATALOGUE]:
        return "Trained on a catalogue of one's own only: its owner decides."
    bound = [
        DATA_SETS[name].title for name in names if name in DATA_SETS and _is_non_commercial(DATA_SETS[name].licence)
    ]
    if not bound:
        return "Attribution to the data sets above, and their licences' conditions, apply."
    return (
        f"These data sets allow no commercial use, or state no licence that would: {', '.join(bound)}. So this model "
        "is for research and other non-commercial use. For commercial use, train on your own catalogue: "
        "`tagkin train tags --catalogue FILE --out DIR`."
    )


def _is_non_commercial(licence: str) -> bool:
    return "non-commercial" in licence.lower() or "-NC" in licence
