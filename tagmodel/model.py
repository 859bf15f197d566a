"""`TagModel`: all that the rest of the project may ask about tags, as one frozen thing with a content hash.

It is arrays, a vocabulary and a card. A model that was just trained and one that was read from disk are the same thing;
arrays are looked at only when asked for, so that opening costs milliseconds. Serving needs numpy and scipy only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tagmodel.kin import MAX_KIN, KinTable
from tagmodel.storage import BadModel, ModelMissing, read_model_files, write_model_files
from tagmodel.vocabulary import Vocabulary

if TYPE_CHECKING:
    import networkx as nx

    from tagmodel.embedding import TagEmbedding
    from tagmodel.implication import SetToTag

__all__ = [
    "MAX_KIN",
    "BadModel",
    "Kin",
    "ModelMissing",
    "Reason",
    "Suggestion",
    "TagModel",
    "load_model",
    "save_model",
]

# The model that ships with the project, trained on all five data sets.
SHIPPED_MODEL = Path(__file__).parent / "models" / "default"


class Kin(NamedTuple):
    """A tag that answers for another one.

    Parameters
    ----------
    similarity
        In (0, 1], comparable between tags; `tagmodel.kin` says what it means.
    cooccurrence, word2vec, als
        Each origin's own similarity in [0, 1], 0 when it gives none.
    pmi
        Pointwise mutual information in bits; None without evidence.
    support
        Items that carry both tags.
    """

    tag_id: str
    similarity: float
    cooccurrence: float
    word2vec: float
    als: float
    pmi: float | None
    support: int

    @property
    def origins(self) -> tuple[str, ...]:
        """Names of the origins that see the two together, the one that sees most first."""
        seen = {"co-occurrence": self.cooccurrence, "word2vec": self.word2vec, "ALS": self.als}
        return tuple(sorted((name for name in seen if seen[name] > 0.0), key=lambda name: -seen[name]))


class Reason(NamedTuple):
    """A typed tag that speaks for a suggestion.

    Parameters
    ----------
    share
        Of the evidence, in (0, 1].
    """

    tag_id: str
    share: float


class Suggestion(NamedTuple):
    """A tag that was probably forgotten.

    Parameters
    ----------
    probability
        In [0, 1], by all that was typed and heard.
    reasons
        Typed tags that speak for it, strongest first.
    heard
        How probable it is by the audio alone, in [0, 1]; None where nobody listened for it.
    """

    tag_id: str
    probability: float
    reasons: tuple[Reason, ...]
    heard: float | None = None


class TagModel:
    """A trained tag model.

    Parameters
    ----------
    arrays
        By name: ``kin/…`` (`KinTable`), ``implication/…`` (`SetToTag`), ``graph/…`` (communities, layout),
        ``word2vec/vectors`` with ``als/vectors`` of shape (n_tags, n_factors).
    card
        Data, options, figures; ``card["model_id"]`` is the content hash.
    """

    def __init__(
        self, vocabulary: Vocabulary, arrays: Mapping[str, NDArray[np.generic]], card: Mapping[str, object]
    ) -> None:
        self.vocabulary = vocabulary
        self.arrays = arrays
        self.card = card

    @property
    def model_id(self) -> str:
        """Short hash of everything in the model but its card: equal ids give equal answers."""
        return str(self.card["model_id"])

    def namespace(self, name: str) -> dict[str, NDArray[np.generic]]:
        """Return the arrays under ``name/``, without that prefix."""
        prefix = f"{name}/"
        return {key.removeprefix(prefix): self.arrays[key] for key in self.arrays if key.startswith(prefix)}

    @cached_property
    def kin_table(self) -> KinTable:
        """The kin of all tags, by tag number."""
        return KinTable.from_arrays(self.namespace("kin"))

    @cached_property
    def set_to_tag(self) -> SetToTag:
        """What a set of typed tags says about every other tag."""
        from tagmodel.implication import SetToTag

        return SetToTag.from_arrays(self.namespace("implication"))

    def embedding(self, name: str) -> TagEmbedding:
        """Return the ``"word2vec"`` or ``"als"`` vectors."""
        from tagmodel.embedding import TagEmbedding

        return TagEmbedding.from_arrays(name, self.namespace(name))

    def kin(self, tag_id: str) -> tuple[Kin, ...]:
        """Return the kin of a tag, best first, at most `MAX_KIN`; empty for a tag the model has never seen."""
        number = self.vocabulary.number(tag_id)
        if number is None:
            return ()
        table, ids = self.kin_table, self.vocabulary.ids
        columns = (table.similarity, table.cooccurrence, table.word2vec, table.als, table.pmi, table.support)
        rows = zip(
            table.kin_numbers(number).tolist(), *(c[table.entries(number)].tolist() for c in columns), strict=True
        )
        return tuple(
            Kin(ids[kin], similarity, cooccurrence, word2vec, als, None if pmi != pmi else pmi, support)  # noqa: PLR0124
            for kin, similarity, cooccurrence, word2vec, als, pmi, support in rows
        )

    def imply(self, typed: Sequence[Sequence[str]]) -> list[tuple[tuple[str, ...], tuple[int, ...]]]:
        """Say what each set of typed tag ids implies.

        Returns
        -------
        per set: tag ids with weights in [1, 256], units of 1/256; best first, at most 30
            Never a typed tag nor one that contradicts a typed one. Unknown ids are ignored.
        """
        from tagmodel.suggestion import imply_tags

        return imply_tags(self.set_to_tag, self.vocabulary, typed)

    def suggest(self, typed: Sequence[str], k: int = 10) -> tuple[Suggestion, ...]:
        """Suggest up to `k` tags that go with the typed tag ids, most probable first. Unknown ids are ignored."""
        from tagmodel.suggestion import suggest_tags

        return suggest_tags(self.set_to_tag, self.vocabulary, typed, k)

    def suggest_batch(self, typed: Sequence[Sequence[str]], k: int = 10) -> list[tuple[Suggestion, ...]]:
        """Suggest tags for many sets of typed tag ids: for each the same as `suggest` for it alone."""
        from tagmodel.suggestion import suggest_batch

        return suggest_batch(self.set_to_tag, self.vocabulary, typed, k)

    def suggest_heard(self, typed: Sequence[str], heard: Mapping[str, float], k: int = 10) -> tuple[Suggestion, ...]:
        """Suggest up to `k` tags by the typed tag ids and by what was heard, most probable first.

        Parameters
        ----------
        heard
            Probability in [0, 1] by tag id; of a tag that is not in it nobody knows whether it could be heard. Tags
            that the model has never seen may be in it, and are suggested as they were heard.
        """
        from tagmodel.suggestion import suggest_heard

        return suggest_heard(self.set_to_tag, self.vocabulary, typed, heard, k)

    def graph(self) -> nx.Graph:
        """Return the related-tag graph with the communities and layout of the training; built on the first call."""
        return self._graph

    @cached_property
    def _graph(self) -> nx.Graph:
        from tagmodel.graph import build_graph

        return build_graph(self.kin_table, self.vocabulary, self.namespace("graph"))


def load_model(path: Path | None = None) -> TagModel:
    """Open a trained model; None is the shipped one.

    Raises
    ------
    ModelMissing
        If there is no model at `path`.
    BadModel
        If it is truncated, altered or of another version.
    """
    return TagModel(*read_model_files(path or SHIPPED_MODEL))


def save_model(model: TagModel, path: Path) -> None:
    """Write a model into the directory `path`: all of it or nothing; an older model there is replaced."""
    write_model_files(path, model.vocabulary, model.arrays, model.card)
