"""Tags as words, the tags of an item as a sentence: word2vec by gensim.

Tags that stand in for each other get similar vectors, which finds kin that never met on one item. It also brings
antonyms close, so its word alone never makes kin. One worker: with a small vocabulary two are hardly faster, and not
deterministic.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tagmodel.cooccurrence import EncodedItems
from tagmodel.embedding import TagEmbedding


@dataclass(frozen=True)
class Word2VecOptions:
    """gensim's own names; chosen on held-out items (benchmarks/kin_ablation.py)."""

    vector_size: int = 64
    negative: int = 20
    ns_exponent: float = 0.0
    sample: float = 1e-3
    epochs: int = 10


def train_word2vec(
    items: EncodedItems,
    n_tags: int,
    *,
    options: Word2VecOptions = Word2VecOptions(),
    seed: int = 0,
    epoch_done: Callable[[], None] = lambda: None,
) -> TagEmbedding:
    """Train skip-gram vectors on items; the same items and seed give the same vectors.

    Parameters
    ----------
    items
        Those with fewer than two tags teach nothing and are left out.
    epoch_done
        Called after each of ``options.epochs`` passes.
    """
    from gensim.models import Word2Vec

    sentences = [[str(tag) for tag in item] for item in items if len(item) > 1]
    vectors = np.zeros((n_tags, options.vector_size), np.float32)
    if not sentences:
        return TagEmbedding("word2vec", vectors)
    # The learning rate falls: in the order of the sets, the last one would hardly be learned.
    np.random.default_rng(seed).shuffle(sentences)
    model = Word2Vec(
        sentences,
        vector_size=options.vector_size,
        window=max(map(len, sentences)),  # all tags of an item see each other: their order means nothing
        shrink_windows=False,
        sg=1,
        min_count=1,
        negative=options.negative,
        ns_exponent=options.ns_exponent,
        sample=options.sample,
        epochs=options.epochs,
        workers=1,
        seed=seed,
        hashfxn=_stable_hash,
        callbacks=[_epoch_callback(epoch_done)],
    )
    vectors[[int(word) for word in model.wv.index_to_key]] = model.wv.vectors
    return TagEmbedding("word2vec", vectors)


def _stable_hash(word: str) -> int:
    """Hash a word the same in every process; Python's own hash depends on PYTHONHASHSEED."""
    return zlib.crc32(word.encode())


def _epoch_callback(epoch_done: Callable[[], None]) -> object:
    from gensim.models.callbacks import CallbackAny2Vec

    class _Epochs(CallbackAny2Vec):  # type: ignore[misc] # gensim publishes no types
        def on_epoch_end(self, model: object) -> None:  # noqa: ARG002 - gensim's signature
            epoch_done()

    return _Epochs()
