"""What tracks of a folder are known by in an index: their audio, or, where nothing can tell that, the path of the file.

An index that knows them by their audio refuses to be told paths: every track would come in twice. The other way round
the tracks are the same ones under new ids, so those by path go, and what was heard on them stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from indexer.entries import Found, SourceError
from search.document import Document
from search.engine import IndexWriter

_BY_AUDIO, _CHANGING = "audio", "changing to audio"


@dataclass
class FolderIds:
    """The ids of one source in one index.

    Parameters
    ----------
    documents
        Looks tracks up in the index.
    changed
        How many tracks were known by their path before this run.
    """

    name: str
    label: str
    writer: IndexWriter
    documents: Callable[[Sequence[str]], Sequence[Document | None]]
    changed: int = 0

    def __post_init__(self) -> None:
        self._known_by = self.writer.checkpoint(self._note)

    @property
    def _note(self) -> str:
        return f"identity:{self.name}"

    def take_over(self, found: Sequence[Found]) -> dict[str, Document]:
        """Return by track id the documents that tracks had under the ids of their paths, which are removed.

        Raises
        ------
        SourceError
            If these tracks come by path, and the index knows them by their audio.
        """
        by_path = [one for one in found if one.audio is not None and one.audio.path_id]
        if not by_path or (self._known_by == _BY_AUDIO and _is_by_audio(by_path[0])):
            return {}
        if not _is_by_audio(by_path[0]):
            if self._known_by:
                raise SourceError(
                    f"{self.label}: this index knows the files of this folder by their audio, and nothing here can "
                    "tell that: every track would come in twice. Run: pip install 'tagkin[audio]'"
                )
            return {}
        if not self._known_by:
            self._tell(_CHANGING)
        return self._taken(by_path)

    def _taken(self, found: Sequence[Found]) -> dict[str, Document]:
        path_ids = [one.audio.path_id for one in found if one.audio is not None]
        old = self.documents(path_ids)
        taken = {
            one.track.track_id: document
            for one, document in zip(found, old, strict=True)
            if document is not None and document.track.source == one.track.source
        }
        if taken:
            self.changed += self.writer.delete([document.track.track_id for document in taken.values()])
        return taken

    def finish(self) -> None:
        """Take note that the whole source was read."""
        if self._known_by == _CHANGING:
            self._tell(_BY_AUDIO)

    def _tell(self, known_by: str) -> None:
        self._known_by = known_by
        self.writer.set_checkpoint(self._note, known_by)


def _is_by_audio(found: Found) -> bool:
    return found.audio is not None and found.audio.path_id != found.track.track_id
