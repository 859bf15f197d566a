"""What somebody names on a command line as something to be like: a file, the id of a track, or its name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from audiomodel.suffixes import AUDIO_SUFFIXES
from indexer.files_heard import FileEar
from indexer.hearing import HeardTags
from search.document import Document
from search.searcher import Searcher, UnknownTrack
from search.similar_sound import Reference
from tagmodel.track import Track


class WrongReference(Exception):
    """Something named means no track, or several; the message says what to write instead.

    Parameters
    ----------
    missing
        Whether there is nothing of that name, rather than something unclear.
    """

    def __init__(self, message: str, missing: bool = False) -> None:
        super().__init__(message)
        self.missing = missing


@dataclass(frozen=True)
class ReferenceReader:
    """Finds out what is meant by what was named."""

    searcher: Searcher
    ear: FileEar

    def read(self, texts: Sequence[str]) -> tuple[Reference, ...]:
        """Return what is meant by some texts, in their order.

        Raises
        ------
        WrongReference
            If one means nothing, or several tracks.
        NotHeard
            If one is a file that cannot be heard.
        """
        files = {text: Path(text) for text in texts if is_file(text)}
        heard = self.heard(list(files.values())) if files else {}
        return tuple(heard[files[text]] if text in files else self.track(text) for text in texts)

    def joined(self, words: Sequence[str]) -> list[str]:
        """Join words of one name that came as several arguments; one with a blank was quoted, and is whole."""
        joined: list[str] = []
        open_name = False
        for word in words:
            is_bare = not word.split()[1:] and not is_file(word) and not self._is_id(word)
            if is_bare and open_name:
                joined[-1] += f" {word}"
            else:
                joined.append(word)
            open_name = is_bare
        return joined

    def track(self, text: str) -> Reference:
        """Return a track by its id or its name."""
        if self._is_id(text):
            return self.searcher.reference(text)
        found = self.searcher.tracks_named(text)
        if len(found) == 1:
            return self.searcher.reference(found[0].track_id)
        if found:
            listed = "\n".join(f"  {_printed(track)}" for track in found)
            raise WrongReference(f"{text!r} may be any of these; say artist and title, or the id:\n{listed}")
        raise WrongReference(_nothing(text), missing=True)

    def heard(self, paths: Sequence[Path]) -> dict[Path, Reference]:
        """Listen to files."""
        card, hearings = self.ear.hear(paths)
        tags = HeardTags(self.searcher.model.vocabulary, self._tag_id, card.tags, card.genres)
        return {
            path: Reference.of_document(tags.put(Document(Track("", title=path.name)), hearing))
            for path, hearing in hearings.items()
        }

    def _tag_id(self, spelling: str) -> str | None:
        vocabulary = self.searcher.model.vocabulary
        return vocabulary.canonical_id(spelling) if vocabulary.canonical_key(spelling) else None

    def _is_id(self, text: str) -> bool:
        try:
            self.searcher.document(text)
        except UnknownTrack:
            return False
        return True


def is_file(text: str) -> bool:
    """Whether a text is a file that is there."""
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long, or no name that a file can have
        return False


def _printed(track: Track) -> str:
    return f"{track.track_id}  {track.display_title}" + (f" - {track.artist}" if track.artist else "")


def _nothing(text: str) -> str:
    message = f"no track {text!r} in this index; `tagkin search --json` shows the ids of tracks"
    if Path(text).suffix.lower() in AUDIO_SUFFIXES or "/" in text:
        return f"{message}, and there is no file of that name"
    several = ", each in quotes where they are several" if " " in text else ""
    return f"{message}, and no title or artist is spelled like it{several}"


def signed(texts: Sequence[str]) -> Iterator[str]:
    """Take the plus off what was written as ``+song``, unless a file is called so."""
    for text in texts:
        yield text[1:] if text.startswith("+") and len(text) > 1 and not is_file(text) else text
