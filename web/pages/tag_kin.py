"""The kin of a tag as rows: how near each is, what each origin says on its own, and on what evidence."""

from __future__ import annotations

from dataclasses import dataclass

from tagmodel.model import TagModel


@dataclass(frozen=True, slots=True)
class Bar:
    """A similarity, as one origin or all together see it.

    Parameters
    ----------
    name
        As people call it.
    look
        Class of its bar: color and pattern.
    similarity
        In [0, 1], 0 when it says nothing.
    length
        Share of the largest one of the tag, so that bars of one page can be compared.
    """

    name: str
    look: str
    similarity: float
    length: float


@dataclass(frozen=True, slots=True)
class KinRow:
    """One kin.

    Parameters
    ----------
    near
        From all origins together; comparable between tags.
    evidence
        By origin, always in the same order.
    pmi
        Bits; None without evidence.
    support
        Training items that carry both tags.
    mutual
        Whether the tag is among its kin too, so that an edge of the graph joins them.
    """

    spelling: str
    near: Bar
    evidence: tuple[Bar, ...]
    pmi: float | None
    support: int
    mutual: bool


def kin_rows(model: TagModel, tag_id: str) -> tuple[KinRow, ...]:
    """Name the kin of a tag, best first; none for a tag that the model has never seen."""
    kin_of_it = model.kin(tag_id)
    if not kin_of_it:
        return ()
    spelling, neighbors = model.vocabulary.spelling, model.graph().adj[tag_id]
    largest = max(max(kin.similarity, kin.cooccurrence, kin.als, kin.word2vec) for kin in kin_of_it)
    return tuple(
        KinRow(
            spelling=spelling(kin.tag_id) or kin.tag_id,
            near=Bar("near", "near", kin.similarity, kin.similarity / largest),
            evidence=(
                Bar("co-occurrence", "together", kin.cooccurrence, kin.cooccurrence / largest),
                Bar("ALS", "als", kin.als, kin.als / largest),
                Bar("word2vec", "word2vec", kin.word2vec, kin.word2vec / largest),
            ),
            pmi=kin.pmi,
            support=kin.support,
            mutual=kin.tag_id in neighbors,
        )
        for kin in kin_of_it
    )
