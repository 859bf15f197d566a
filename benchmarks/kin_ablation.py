"""Measure what word2vec, ALS and co-occurrence each add to the kin of a tag.

Three questions, each asked with all three origins, without each one, and with each one alone:

- *hidden word*: the query tag is deleted from all MTAT clips of the part (split_25860, 50 top tags, raw spellings); the
  kin learnt on train alone rank the clips by the sum of their similarities. nDCG@10, cases are query tags.
- *company*: half of the artists of all five data sets teach, a quarter tell which tags really keep company
  (`PairCounts.similarity`, no minimum). Gain@10: the company of the ten best kin over that of the best ten. Cases are
  tags.
- *twins*: of some tags that two data sets share, the uses in one are given another name. Do the tag and its twin, which
  never meet, find each other? nDCG, ``1 / log2(rank + 1)`` among all tags; cases are directed pairs, two a tag.

Options were chosen with ``--part valid``; ``--part test`` is what the card tells. Intervals are 95 %, by bootstrap over
cases, paired where a difference is told. Vetoes stay in force everywhere.

    python -m benchmarks.kin_ablation --data-dir DATA --part test --out kin_ablation.json
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tagmodel.cooccurrence import EncodedItems, count_pairs, item_matrix, tag_uses
from tagmodel.datasets import DATA_SETS, Item
from tagmodel.datasets.corpus import Corpus, read_corpus
from tagmodel.evaluation import most_used_tags, raw_corpus
from tagmodel.evaluation_splits import PUBLISHED, load_splits
from tagmodel.kin import KinTable
from tagmodel.kinship import Curve, KinOptions, Kinship, blocks, combine, find_kin
from tagmodel.metrics import Interval, ndcg_at_k, paired_bootstrap, shuffled_ranking
from tagmodel.storage import add_figures
from tagmodel.training import ModelOptions, distinct_voices, one_voice_each, set_vocabularies, train_kinship
from tagmodel.vocabulary_building import encode_items

Floats = NDArray[np.float64]


class Variant(NamedTuple):
    """Which origins take part."""

    options: KinOptions
    silent: tuple[str, ...] = ()


class Question(NamedTuple):
    """A prepared question: one value a case for any variant, with the group of each case for the bootstrap."""

    measure: Callable[[Variant], Floats]
    groups: NDArray[np.integer]


N_QUERIES = 50
SEED = 0
# Uses in a data set from which on a tag may get a twin there, or be asked for its company.
MIN_USES = 20
NEVER_COUNT = 1e9  # expected items: more than any data set gives

CHOSEN = KinOptions()
VARIANTS = {
    "all three": Variant(CHOSEN),
    "without word2vec": Variant(replace(CHOSEN, word2vec_met=0.0, word2vec_unmet=0.0)),
    "without ALS": Variant(replace(CHOSEN, word2vec_met=1.0, word2vec_unmet=1.0)),
    "without co-occurrence": Variant(replace(CHOSEN, prior_expected=NEVER_COUNT)),
    "word2vec alone": Variant(replace(CHOSEN, word2vec_met=1.0, word2vec_unmet=1.0, prior_expected=NEVER_COUNT)),
    "ALS alone": Variant(replace(CHOSEN, word2vec_met=0.0, word2vec_unmet=0.0, prior_expected=NEVER_COUNT)),
    "co-occurrence alone": Variant(CHOSEN, silent=("word2vec", "als")),
}
SILENCE = Curve(np.array([-1, 1], np.float32), np.zeros(2, np.float32))


def silenced(kinship: Kinship, origins: Sequence[str]) -> Kinship:
    """Return the same kinship with some embeddings saying nothing."""
    for name in origins:
        kinship = replace(kinship, **{f"{name}_curve": SILENCE})  # type: ignore[arg-type]
    return kinship


# Question → title and remark of its table in a card.
QUESTIONS = {
    "hidden word": (
        "Hidden-word search, nDCG@10.",
        "The query tag is deleted from all MTAT clips of the part; kin learnt on train alone find them again.",
    ),
    "company": (
        "Company, gain@10.",
        "Half of the artists teach; how well the ten best kin of a tag keep it company on tracks of other artists.",
    ),
    "twins": (
        "Twins, nDCG.",
        "A tag's uses in one data set get another name; tag and twin never meet. Only embeddings can find them.",
    ),
}


def draw(key: str) -> float:
    """Draw a number in [0, 1) for a key, the same everywhere."""
    return int.from_bytes(hashlib.blake2b(f"kin ablation {key}".encode(), digest_size=4).digest()) / 2**32


def hidden_word(data_dir: Path, part: str, options: ModelOptions) -> Question:
    """Prepare hidden-word search."""
    clips, splits = list(DATA_SETS["mtat"].read_items(data_dir)), load_splits()
    train = splits.part(clips, PUBLISHED, "train")
    corpus = raw_corpus(train)
    vocabulary = corpus.vocabulary
    kinship = train_kinship(distinct_voices(corpus), set_vocabularies(vocabulary), SEED, options)
    top = [vocabulary.keys.index(tag) for tag in sorted(most_used_tags(train, N_QUERIES))]
    encoded = encode_items(vocabulary, splits.part(clips, PUBLISHED, part))
    tracks = item_matrix(encoded, len(vocabulary)).toarray()

    def measure(variant: Variant) -> Floats:
        table = find_kin(silenced(kinship, variant.silent), vocabulary, variant.options)
        rng = np.random.default_rng(SEED)
        found = []
        for query in top:
            entries = table.entries(query)
            scores = tracks[:, table.tags[entries]] @ table.similarity[entries]
            found.append(tracks[shuffled_ranking(scores, rng), query])
        return ndcg_at_k(np.array(found), 10)

    return Question(measure, np.arange(N_QUERIES))


def company(corpus: Corpus, part: str, options: ModelOptions) -> Question:
    """Prepare held-out company."""
    vocabulary, in_set = corpus.vocabulary, set_vocabularies(corpus.vocabulary)
    taught = _encoded_of(corpus, 0.0, 0.5)
    kinship = train_kinship(taught, in_set, SEED, options)
    held_out = _encoded_of(corpus, *((0.5, 0.75) if part == "valid" else (0.75, 1.0)))
    truth = kept_company(held_out, in_set)
    uses = np.sum([tag_uses(items, len(vocabulary)) for items in held_out.values()], axis=0)
    asked = np.flatnonzero((uses >= MIN_USES) & (truth.max(axis=1) > 0))

    def measure(variant: Variant) -> Floats:
        table = find_kin(silenced(kinship, variant.silent), vocabulary, variant.options)
        return gain_at_ten(table, truth, asked)

    return Question(measure, np.arange(len(asked)))


def _encoded_of(corpus: Corpus, low: float, high: float) -> dict[str, EncodedItems]:
    """Return the items of the artists whose draw is in [low, high), each heard once; unknown artists are their own."""
    encoded = {}
    for name in sorted(corpus.items):
        pairs = zip(corpus.items[name], corpus.encoded[name], strict=True)
        chosen = [(item, tags) for item, tags in pairs if low <= draw(f"{name} {_maker(item)}") < high]
        encoded[name] = one_voice_each([item for item, _ in chosen], [tags for _, tags in chosen])
    return encoded


def _maker(item: Item) -> str:
    return item.artist or item.group or item.item_id


def kept_company(encoded: Mapping[str, EncodedItems], in_set: Mapping[str, NDArray[np.bool_]]) -> Floats:
    """Average what held-out items say of each pair, by expected counts; under two items with both say nothing."""
    n_tags = len(next(iter(in_set.values())))
    total, weights, support = (np.zeros((n_tags, n_tags)) for _ in range(3))
    everything = slice(0, n_tags)
    for name in sorted(encoded):
        pairs = count_pairs(name, encoded[name], in_set[name])
        weight = np.minimum(pairs.expected(everything), 50) + 1e-6 * (np.outer(pairs.uses, pairs.uses) > 0)
        total += weight * pairs.similarity(everything)
        weights += weight
        support += pairs.together(everything)
    truth = np.divide(total, weights, out=np.zeros_like(total), where=(weights > 0) & (support >= 2))
    np.fill_diagonal(truth, 0)
    return truth


def gain_at_ten(table: KinTable, truth: Floats, asked: NDArray[np.integer]) -> Floats:
    """Sum the discounted true company of each tag's ten best kin, over that of the best ten tags."""
    discounts = 1 / np.log2(np.arange(10) + 2)
    values = []
    for tag in asked.tolist():
        kin = table.kin_numbers(tag)[:10]
        best = np.sort(truth[tag])[::-1][:10]
        values.append((truth[tag, kin] @ discounts[: len(kin)]) / (best @ discounts))
    return np.array(values)


def twins(corpus: Corpus, part: str, options: ModelOptions) -> Question:
    """Prepare twin finding."""
    voices, n_tags = distinct_voices(corpus), len(corpus.vocabulary)
    pairs = _choose_twins(corpus.vocabulary.keys, voices, part)
    renamed = {(name, tag): n_tags + at for at, (name, tag) in enumerate(pairs)}
    encoded: dict[str, EncodedItems] = {
        name: [tuple(sorted(renamed.get((name, tag), tag) for tag in item)) for item in items]
        for name, items in voices.items()
    }
    n_all = n_tags + len(pairs)
    in_set = {name: tag_uses(items, n_all) > 0 for name, items in encoded.items()}
    kinship = train_kinship(encoded, in_set, SEED, options)
    directed = [pair for (_, tag), twin in renamed.items() for pair in ((tag, twin), (twin, tag))]

    def measure(variant: Variant) -> Floats:
        ranks = _ranks(silenced(kinship, variant.silent), n_all, directed, variant.options)
        return np.asarray(1 / np.log2(ranks + 1), dtype=np.float64)

    return Question(measure, np.arange(len(directed)) // 2)


def _choose_twins(keys: Sequence[str], voices: Mapping[str, EncodedItems], part: str) -> list[tuple[str, int]]:
    """Choose (data set, tag) whose uses are renamed: a third of the shared tags for each part."""
    low, high = (0.0, 1 / 3) if part == "valid" else (1 / 3, 2 / 3)
    uses = {name: tag_uses(items, len(keys)) for name, items in voices.items()}
    chosen = []
    for tag, key in enumerate(keys):
        homes = sorted((int(uses[name][tag]), name) for name in uses if uses[name][tag] >= MIN_USES)
        if len(homes) > 1 and low <= draw(key) < high:
            chosen.append((homes[0][1], tag))
    return chosen


def _ranks(kinship: Kinship, n_tags: int, directed: Sequence[tuple[int, int]], options: KinOptions) -> Floats:
    """Return the rank, from 1, of the second tag of each pair among the kin of the first; ties share the mean rank."""
    similarity = np.vstack([combine(kinship.origins(rows), options) for rows in blocks(n_tags)])
    np.fill_diagonal(similarity, -1)
    asked, twin = np.array(directed).T
    at = similarity[asked, twin][:, None]
    above, level = (similarity[asked] > at).sum(axis=1), (similarity[asked] == at).sum(axis=1)
    return np.asarray(above + (level + 1) / 2, dtype=np.float64)


def ablate(question: Question) -> dict[str, Any]:
    """Measure all variants, and what each has more than all three together."""
    values = {name: question.measure(variant) for name, variant in VARIANTS.items()}
    whole = values["all three"]
    return {
        "n_cases": len(whole),
        "variants": {
            name: {
                "mean": _bounds(paired_bootstrap(one, question.groups, SEED)),
                "difference": _bounds(paired_bootstrap(one - whole, question.groups, SEED)),
            }
            for name, one in values.items()
        },
    }


def _bounds(interval: Interval) -> list[float]:
    return [round(value, 4) for value in interval]


def card_figures(results: Mapping[str, Any]) -> dict[str, Any]:
    """Write the results as tables for a model's card."""
    columns = ("origins", "measured", "95 %", "against all three", "95 %")
    return {
        "command": f"python -m benchmarks.kin_ablation --data-dir DATA --part {results['part']} --model DIR",
        "tables": [
            {
                "title": title,
                "remark": f"{remark} {results[name]['n_cases']} cases, part {results['part']}.",
                "columns": columns,
                "rows": [
                    [variant, *_cells(values["mean"]), *_cells(values["difference"])]
                    for variant, values in results[name]["variants"].items()
                ],
            }
            for name, (title, remark) in QUESTIONS.items()
        ],
    }


def _cells(bounds: Sequence[float]) -> tuple[str, str]:
    mean, low, high = bounds
    return f"{mean:.3f}", f"{low:.3f} to {high:.3f}"


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description="What each origin of kin adds.")
    parser.add_argument("--data-dir", type=Path, required=True, help="directory of the data sets' official files")
    parser.add_argument("--part", choices=("valid", "test"), default="valid", help="held-out part (default: valid)")
    parser.add_argument("--out", type=Path, help="JSON file (default: stdout)")
    parser.add_argument("--model", type=Path, help="write the figures into the card of this model")
    return parser.parse_args()


def main() -> None:
    """Measure, print, and keep the figures in a model's card if asked."""
    arguments, options = parse_arguments(), ModelOptions()
    corpus = read_corpus(list(DATA_SETS), arguments.data_dir)
    questions: dict[str, Callable[[], Question]] = {
        "hidden word": lambda: hidden_word(arguments.data_dir, arguments.part, options),
        "company": lambda: company(corpus, arguments.part, options),
        "twins": lambda: twins(corpus, arguments.part, options),
    }
    results: dict[str, Any] = {"part": arguments.part, "seed": SEED, "options": asdict(options)}
    for name, prepare in questions.items():
        results[name] = ablate(prepare())
        print(f"{name}: done", file=sys.stderr)
    text = json.dumps(results, indent=1) + "\n"
    if arguments.out:
        arguments.out.write_text(text, encoding="utf-8")
    else:
        print(text, end="")
    if arguments.model:
        add_figures(arguments.model, "what each origin of kin adds", card_figures(results), of_options=asdict(options))


if __name__ == "__main__":
    main()
