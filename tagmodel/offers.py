"""What a person may have meant by a tag that a model does not know: tags that are spelled alike.

Search has offers of its own, over the words of a whole catalogue (`search.lexicon`); these are for commands that know
only a model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tagmodel.vocabulary import Vocabulary

# Less alike than this, a tag is no help.
LEAST_ALIKE = 60  # rapidfuzz's WRatio, 0 to 100
# Longer texts are no tag with slips, and comparing takes time in proportion: a tenth of a second for a page of text.
MOST_COMPARED = 120  # characters


class UnknownTag(LookupError):
    """A tag that a model does not know.

    Parameters
    ----------
    text
        As typed.
    offers
        Spellings of known tags, best first.
    """

    def __init__(self, text: str, offers: tuple[str, ...]) -> None:
        offered = f"; did you mean {' or '.join(offers)}?" if offers else ", nor any that is spelled like it"
        super().__init__(f'the model knows no tag "{text}"{offered}')
        self.text = text
        self.offers = offers


def known_tag(vocabulary: Vocabulary, text: str) -> str:
    """Return the id of the tag that a typed text means.

    Raises
    ------
    UnknownTag
        If the vocabulary has no such tag; the error carries offers.
    """
    key = vocabulary.canonical_key(text)
    tag_id = vocabulary.canonical_id(text) if key else ""
    if tag_id not in vocabulary:
        raise UnknownTag(text, nearest_spellings(vocabulary, text))
    return tag_id


def nearest_spellings(vocabulary: Vocabulary, text: str, k: int = 3) -> tuple[str, ...]:
    """Return the displayed spellings of up to `k` tags, or tags with an alias, that are spelled like a text."""
    from rapidfuzz import fuzz, process  # a compiled library that only a slip needs

    key = vocabulary.canonical_key(text)
    if not 0 < len(key) <= MOST_COMPARED:
        return ()
    choices = [*vocabulary.keys, *sorted(vocabulary.aliases)]
    found = process.extract(key, choices, scorer=fuzz.WRatio, limit=4 * k, score_cutoff=LEAST_ALIKE)
    ranked = sorted(found, key=lambda match: (-match[1], abs(len(match[0]) - len(key)), match[0]))
    spellings = (vocabulary.spelling(vocabulary.canonical_id(choice)) for choice, _, _ in ranked)
    return tuple(dict.fromkeys(filter(None, spellings)))[:k]
