"""How often the audio is said to contradict tags that are right, and tags that are those of another track.

On the validation clips of fma_small with the installed tagger: once each clip beside its own genres, once beside those
of a clip of another top genre. `--sure` tries other thresholds of the heard top genre than `indexer.hearing.SURE`.

    python benchmarks/doubted_tags.py --data-dir data
"""

from __future__ import annotations

import random
from pathlib import Path

import click
import numpy as np

import indexer.hearing
from audiomodel.calibration import genre_probabilities, tag_probabilities
from audiomodel.hearing import DIMENSIONS, HeardTag, Hearing, pack_vector
from audiomodel.tagger import Tagger, load_tagger
from audiomodel.training.prepared import prepared_fma_small
from indexer.hearing import HeardTags
from tagmodel.model import load_model

SEED = 7


@click.command()
@click.option("--data-dir", type=click.Path(path_type=Path), default=Path("data"), show_default=True)
@click.option("--part", default="valid", show_default=True)
@click.option("--sure", type=float, multiple=True, default=(0.5, 0.6, 0.7, 0.8, 0.9), show_default=True)
def main(data_dir: Path, part: str, sure: tuple[float, ...]) -> None:
    clips, tagger, model = prepared_fma_small(data_dir / "audio"), load_tagger(), load_model()
    rows = [row for row, split in enumerate(clips.splits) if split == part]
    hearings = hear(tagger, clips.levels[rows])
    tag_id = model.vocabulary.canonical_id
    heard_tags = HeardTags(model.vocabulary, tag_id, tagger.card.tags, tagger.card.genres)
    typed = [tuple(dict.fromkeys(map(tag_id, (*clips.tags[row], clips.genres[row])))) for row in rows]
    dice = random.Random(SEED)
    wrong = [
        typed[dice.choice([other for other, row in enumerate(rows) if clips.genres[row] != clips.genres[own]])]
        for own in rows
    ]
    right = [
        hearing.genre.tag == clips.genres[row]
        for row, hearing in zip(rows, hearings, strict=True)
        if hearing.status == "ok" and hearing.genre is not None and hearing.genre.certain
    ]
    print(f"{len(right)} clips with a certain top genre, which is right for {np.mean(right):.0%}")
    print(f"{len(rows)} clips; sure of a genre from: right tags doubted, wrong tags doubted")
    for threshold in sure:
        indexer.hearing.SURE = threshold
        shares = [
            np.mean([bool(heard_tags.doubted(tags, hearing)) for tags, hearing in zip(some, hearings, strict=True)])
            for some in (typed, wrong)
        ]
        print(f"{threshold:.2f}: {shares[0]:.1%}, {shares[1]:.1%}")


def hear(tagger: Tagger, levels: np.ndarray) -> list[Hearing]:
    """Return what is heard in clips, as far as doubts need it."""
    outputs, line = tagger.run_levels(levels), tagger.card.lines[-1]
    tags, genres = tag_probabilities(outputs.tags, line), genre_probabilities(outputs.genres, line)
    vector = pack_vector(np.eye(DIMENSIONS)[0])
    strange = tagger.familiar.distances(levels, outputs.embeddings) >= line.unlike_from
    return [
        Hearing(
            "",
            tagger.tagger_id,
            30.0,
            "unlike" if unlike else "ok",
            top_genre(tagger, shares),
            tuple(
                HeardTag(tag, float(p), bool(p >= cutoff))
                for tag, p, cutoff in zip(tagger.card.tags, row, tagger.card.tag_cutoffs, strict=True)
                if p >= 0.05
            ),
            vector,
        )
        for unlike, row, shares in zip(strange, tags, genres, strict=True)
    ]


def top_genre(tagger: Tagger, shares: np.ndarray) -> HeardTag:
    """Return the likeliest genre as the tagger does."""
    genre, probability = tagger.card.genres[int(shares.argmax())], float(shares.max())
    return HeardTag(genre, probability, probability >= tagger.card.genre_cutoff(genre))


if __name__ == "__main__":
    main()
