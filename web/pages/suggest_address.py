"""What the suggest page was asked, as an address: the typed tags, those turned down, and the form of the list."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from web.addresses import AddressError
from web.pages.suggest_lists import ListForm, read_list, write_list
from web.values import read_number, unseen_character

_Choice = TypeVar("_Choice", bound=enum.StrEnum)

# A page of tags; what is longer is no list of tags of one track.
MAX_TAGS_TEXT = 4_000  # characters
MAX_TAGS = 100  # tags


class Order(enum.StrEnum):
    """Which of the suggestions come first."""

    PROBABILITY = "probability"
    REACH = "reach"


@dataclass(frozen=True, slots=True)
class SuggestAddress:
    """The state of the suggest page.

    Parameters
    ----------
    tags
        Spellings as typed, in the order typed.
    rejected
        Suggested tags that were turned down and stay away.
    form
        How the list to copy is written.
    order
        Which suggestions come first.
    heard
        What was heard in a recording: tags with their probabilities, likeliest first.
    """

    tags: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    form: ListForm = ListForm.COMMAS
    order: Order = Order.PROBABILITY
    heard: tuple[tuple[str, float], ...] = ()

    @property
    def query(self) -> str:
        """The state as a query string with its question mark; `read_suggest_address` gives it back."""
        return "?" + urlencode(self.pairs)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The state as names and values of an address or a form; what is usual is left out."""
        pairs = [("tags", write_list(self.tags))]
        if self.rejected:
            pairs.append(("no", write_list(self.rejected)))
        if self.form is not ListForm.COMMAS:
            pairs.append(("as", self.form.value))
        if self.order is not Order.PROBABILITY:
            pairs.append(("by", self.order.value))
        if self.heard:
            pairs.append(("heard", self.heard_text))
        return pairs

    @property
    def heard_text(self) -> str:
        """What was heard as an address and a form have it: ``0.83 rock, 0.124 punk``."""
        return write_list([f"{probability:.3g} {tag}" for tag, probability in self.heard])

    @property
    def rejected_text(self) -> str:
        """The tags that were turned down as a form sends them."""
        return write_list(self.rejected)

    def accepting(self, spelling: str) -> SuggestAddress:
        """Return the state with one more tag."""
        return replace(self, tags=(*self.tags, spelling))

    def rejecting(self, spelling: str) -> SuggestAddress:
        """Return the state with one more suggestion turned down."""
        return replace(self, rejected=(*self.rejected, spelling))

    def allowing(self, spelling: str) -> SuggestAddress:
        """Return the state in which a suggestion that was turned down may come again."""
        return replace(self, rejected=tuple(one for one in self.rejected if one != spelling))

    def replacing(self, spelling: str, *others: str) -> SuggestAddress:
        """Return the state with other tags, or none, in the place of one."""
        tags = [one for tag in self.tags for one in (others if tag == spelling else (tag,))]
        return replace(self, tags=tuple(dict.fromkeys(tags)))

    def ordered_by(self, order: Order) -> SuggestAddress:
        """Return the state with other suggestions first."""
        return replace(self, order=order)

    def without_heard(self) -> SuggestAddress:
        """Return the state as if nothing had been heard."""
        return replace(self, heard=())

    def written_as(self, form: ListForm) -> SuggestAddress:
        """Return the state with the list in another form."""
        return replace(self, form=form)


def read_suggest_address(arguments: MultiDict[str, str]) -> SuggestAddress:
    """Read the state from an address: ``tags`` is a pasted text, ``tag`` one tag each, ``no`` what was turned down.

    Raises
    ------
    AddressError
        If there is more than one track's worth of tags, or a character that nobody types.
    """
    tags = [*(tag.strip() for tag in arguments.getlist("tag")), *_read_tags(arguments.get("tags", ""), "tags")]
    rejected = _read_tags(arguments.get("no", ""), "turned down tags")
    return SuggestAddress(
        checked_tags([tag for tag in dict.fromkeys(tags) if tag]),
        checked_tags(rejected),
        _read_choice(arguments, "as", ListForm.COMMAS),
        _read_choice(arguments, "by", Order.PROBABILITY),
        _read_heard(arguments.get("heard", "")),
    )


def checked_tags(spellings: list[str]) -> tuple[str, ...]:
    """Return the tags if one track may have them; raises `AddressError`."""
    if len(spellings) > MAX_TAGS:
        raise AddressError(
            f"one track has at most {MAX_TAGS} tags, these are {len(spellings):,}: is it a whole catalogue?"
            " A table of many tracks needs a first line that names its columns, such as “title, tags”"
        )
    for spelling in spellings:
        if code := unseen_character(spelling):
            raise AddressError(f"a tag holds the unseen character {code}: was it copied from elsewhere?")
    return tuple(spellings)


def _read_heard(text: str) -> tuple[tuple[str, float], ...]:
    heard: dict[str, float] = {}
    for one in checked_tags(_read_tags(text, "heard tags")):
        written, _, tag = one.partition(" ")
        probability = read_number(written)
        if probability is None or not 0.0 <= probability <= 1.0 or not tag.strip():
            raise AddressError(f"heard tags are a probability and a tag each, such as “0.83 rock”, not “{one[:40]}”")
        heard.setdefault(tag.strip(), probability)
    return tuple(heard.items())


def _read_choice(arguments: MultiDict[str, str], name: str, usual: _Choice) -> _Choice:
    text, choices = arguments.get(name, "") or usual.value, type(usual)
    if text not in set(choices):
        raise AddressError(f"{name} is one of {', '.join(choices)}, not “{text[:40]}”")
    return choices(text)


def _read_tags(text: str, name: str) -> list[str]:
    if len(text) > MAX_TAGS_TEXT:
        raise AddressError(
            f"the {name} of one track have at most {MAX_TAGS_TEXT:,} characters, these have {len(text):,}"
        )
    return read_list(text)
