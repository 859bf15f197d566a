"""Names for what an engine found: chips, hits and facets with the spellings and counts of one moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from search.document import Family
from search.engine import EngineHit, FacetValue
from search.expansion import ExcludedTag, ExpandedTag, Expansion, LiveKin
from search.explanation import Explainer
from search.lexicon import Moment
from search.plan import Plan
from search.result import ExcludedChip, Hit, KinChip, NamedContribution, TagChip
from tagmodel.vocabulary import Vocabulary

NameHits = Callable[[Sequence[EngineHit]], tuple[Hit, ...]]

# Chips of kin kept from search to search, the least recently shown forgotten first: 300 bytes each.
_MOST_KEPT = 16_384


class Namer:
    """Names the results of searches with one tag model; may be shared by threads."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        # A kin is the model's, and so is its spelling: no state of an index changes it.
        self._kin_chip: Callable[[LiveKin], KinChip] = lru_cache(_MOST_KEPT)(self._make_kin_chip)

    def chips(self, expansion: Expansion, moment: Moment) -> tuple[TagChip, ...]:
        """Return the tags of a query, with their kin."""
        return tuple(
            self._tag_chip(expanded, required, moment)
            for members, required in zip(expansion.groups, expansion.required, strict=True)
            for expanded in members
        )

    def hits(self, plan: Plan, expansion: Expansion, moment: Moment) -> NameHits:
        """Return what names and explains hits of a plan."""
        spellings, origins = moment.spellings, self._origins(expansion)

        def named(tag_id: str, family: Family, serves: str, amount: float) -> NamedContribution:
            known_from = origins.get((serves, tag_id), ())
            is_kin = tag_id != serves
            return NamedContribution(
                tag_id, spellings[tag_id], family, is_kin, serves, spellings[serves], amount, known_from
            )

        explain, demoting = Explainer(plan, named).explain, frozenset(plan.demoted)

        def hit_of(found: EngineHit) -> Hit:
            document = found.document
            faint = tuple([spellings[one] for one in document.faint if one in demoting]) if demoting else ()
            return Hit(document.track, found.score, explain(document), document.sound, faint)

        return lambda hits: tuple([hit_of(hit) for hit in hits])

    def _origins(self, expansion: Expansion) -> dict[tuple[str, str], tuple[str, ...]]:
        """Return what each live kin is known from, by (query tag, kin)."""
        expanded = [one for members in expansion.groups for one in members]
        return {
            (one.tag.tag_id, kin.kin.tag_id): self._kin_chip(kin).origins
            for one in expanded
            for kin in one.kin
            if kin.weight
        }

    def _tag_chip(self, expanded: ExpandedTag, required: bool, moment: Moment) -> TagChip:
        tag = expanded.tag
        return TagChip(
            tag_id=tag.tag_id,
            spelling=moment.spellings[tag.tag_id],
            typed=tag.typed,
            weight=tag.weight,
            required=required,
            known=tag.known,
            n_tracks=moment.counts.get(tag.tag_id, 0),
            kin=tuple(map(self._kin_chip, expanded.kin)),
        )

    def _make_kin_chip(self, live: LiveKin) -> KinChip:
        kin = live.kin
        return KinChip(
            tag_id=kin.tag_id,
            spelling=self._vocabulary.spelling(kin.tag_id) or kin.tag_id,
            weight=live.weight,
            similarity=kin.similarity,
            live=live.weight > 0.0,
            off=live.off,
            origins=kin.origins,
        )


def excluded_chip(tag: ExcludedTag, moment: Moment) -> ExcludedChip:
    """Return an excluded tag to show."""
    parent = None if tag.narrower_of is None else moment.spellings[tag.narrower_of]
    n_tracks = moment.counts.get(tag.tag_id, 0)
    return ExcludedChip(tag.tag_id, moment.spellings[tag.tag_id], parent, tag.off, n_tracks)


def named_facets(facets: Mapping[str, tuple[FacetValue, ...]], moment: Moment) -> dict[str, tuple[FacetValue, ...]]:
    """Return facets with the spellings of tags: an engine gives those of all else."""
    spellings, tags = moment.spellings, facets.get("tag", ())
    named = {"tag": tuple([FacetValue(one.value, one.count, spellings[one.value]) for one in tags])}
    return {name: named.get(name, values) for name, values in facets.items()}
