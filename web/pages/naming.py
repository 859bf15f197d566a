"""Which tag a name in an address means: any spelling of a tag of the model or of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from search.searcher import Searcher
from tagmodel.vocabulary import Vocabulary
from web.addresses import AddressError, without_nul

# Longest name that is looked up; no tag is longer.
MAX_NAME = 120  # characters


class NoSuchTag(LookupError):
    """Nobody uses a tag of that name.

    Parameters
    ----------
    name
        As it stands in the address.
    offers
        Spellings of tags that may have been meant, best first.
    """

    def __init__(self, name: str, offers: tuple[str, ...]) -> None:
        super().__init__(f"no tag is called “{name}”")
        self.name = name
        self.offers = offers


@dataclass(frozen=True, slots=True)
class MeantTag:
    """A tag that a name means.

    Parameters
    ----------
    known
        Whether the model knows it, so that it may have kin.
    """

    tag_id: str
    spelling: str
    known: bool


def read_name(arguments: MultiDict[str, str], name: str) -> str:
    """Read the name of a tag from an address, ``""`` when there is none.

    Raises
    ------
    AddressError
        If no tag can be called so.
    """
    text = arguments.get(name, "").strip()
    if len(text) > MAX_NAME:
        raise AddressError(f"a tag has at most {MAX_NAME} characters, this name has {len(text):,}: is it one tag?")
    return without_nul(text, "the tag")


def tag_of_model(vocabulary: Vocabulary, name: str) -> MeantTag | None:
    """Return the tag of the model that a name means, if there is one."""
    for number in vocabulary.find_tag(name):
        return MeantTag(vocabulary.ids[number], vocabulary.spellings[number], True)
    return None


def meant_tag(searcher: Searcher, name: str) -> MeantTag:
    """Return the tag that a name means; the index is asked only for tags that the model does not know.

    Raises
    ------
    NoSuchTag
        If there is none.
    SearchUnavailable
        If it may be one of the catalogue's own, and the index cannot say.
    """
    found = tag_of_model(searcher.model.vocabulary, name)
    if found:
        return found
    tag_id = searcher.lexicon.tag([name])
    if tag_id is None:
        raise NoSuchTag(name, searcher.lexicon.offers(name))
    return MeantTag(tag_id, searcher.lexicon.spelling(tag_id), False)
