"""`RememberingEar`: hears many files of one's own, each once, whatever they are called by then.

First it is told which audio a file holds, which is read from its packets without decoding; then only audio that nobody
has heard is decoded. Both are done in limited processes, several at a time, and kept as they come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Self

from audiomodel.cache import HearingCache, Stamp, stamp
from audiomodel.confining import LIBRARY
from audiomodel.hearing import Hearing
from audiomodel.problems import AudioProblem, Reason
from audiomodel.tagger import Tagger, load_tagger
from audiomodel.workers import Workers

if TYPE_CHECKING:
    from audiomodel.ear import Ear

# Files looked up together: enough that workers seldom wait for the last of a batch.
_BATCH = 256


def identify_task() -> Callable[[Path], str]:
    """Return what a worker does to tell which audio a file holds."""
    import av  # noqa: F401 - slow to import, and writes files: before the limits hold

    from audiomodel.identity import audio_id

    return audio_id


class RememberingEar:
    """Identifies and hears files, and remembers both; a context manager for one thread.

    Parameters
    ----------
    tagger
        Directory of a tagger; None is the shipped one.
    jobs
        Processes.

    Attributes
    ----------
    decoded
        How many files had to be heard, as nobody remembered them.
    """

    def __init__(self, cache: HearingCache, tagger: Path | None = None, jobs: int = 1) -> None:
        self.decoded = 0
        self._place = tagger
        self._cache = cache
        self._jobs = jobs
        self._stack = ExitStack()
        self._identifying: Workers[str] | None = None
        self._ear: Ear | None = None

    @cached_property
    def tagger(self) -> Tagger:
        """Return who listens.

        Raises
        ------
        TaggerMissing
            If there is no tagger.
        """
        return load_tagger(self._place)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def identify_all(self, paths: Iterable[Path]) -> Iterator[tuple[Path, str | AudioProblem]]:
        """Yield which audio each file holds, in the order given; a file that is as it was is not opened."""
        paths = iter(paths)
        while some := list(islice(paths, _BATCH)):
            yield from zip(some, self._identify(some), strict=True)

    def hear_all(self, paths: Iterable[Path]) -> Iterator[tuple[Path, Hearing | AudioProblem]]:
        """Yield what is heard in each file, in the order given, and as soon as it is heard."""
        paths = iter(paths)
        while some := list(islice(paths, _BATCH)):
            yield from zip(some, self._hear(some), strict=True)

    def recall(self, path: Path) -> Hearing | AudioProblem | None:
        """Return what was heard in a file; None where that would have to be listened to."""
        file = _stamp(path)
        if isinstance(file, AudioProblem):
            return file
        identity = self._cache.identity(file)
        return self._recalled(identity) if isinstance(identity, str) else identity

    def _identify(self, paths: Sequence[Path]) -> Iterator[str | AudioProblem]:
        # The stamp is taken before the file is read: whoever changes it meanwhile has it read again next time.
        stamps = [_stamp(path) for path in paths]
        known = [file if isinstance(file, AudioProblem) else self._cache.identity(file) for file in stamps]
        unknown = [path for path, identity in zip(paths, known, strict=True) if identity is None]
        found = self._workers().run_all(unknown) if unknown else iter(())
        for file, identity in zip(stamps, known, strict=True):
            yield self._noted(file, next(found)[1]) if identity is None else identity

    def _noted(self, file: Stamp | AudioProblem, identity: str | AudioProblem) -> str | AudioProblem:
        assert isinstance(file, Stamp)  # what has no stamp is a problem, and known
        self._cache.note_identity(file, identity)
        return identity

    def _hear(self, paths: Sequence[Path]) -> Iterator[Hearing | AudioProblem]:
        stamps = [_stamp(path) for path in paths]
        identities = list(self._identify(paths))
        # Of copies the first is heard.
        first: dict[str, Path] = {}
        for path, identity in zip(paths, identities, strict=True):
            if isinstance(identity, str) and identity not in first and self._recalled(identity) is None:
                first[identity] = path
        fresh = self._listening().hear_all(list(first.values())) if first else iter(())
        passing: dict[str, AudioProblem] = {}  # of those there is no memory
        # Identities come in the order in which the first of each was given to be heard.
        for path, file, identity in zip(paths, stamps, identities, strict=True):
            if isinstance(identity, AudioProblem):
                yield identity
                continue
            if first.pop(identity, None) is not None:
                _, heard = next(fresh)
                if self._keep(path, file, identity, heard) and isinstance(heard, AudioProblem):
                    passing[identity] = heard
                yield heard
            else:
                yield passing.get(identity) or self._recalled(identity) or self._hear_alone(path, file, identity)

    def _hear_alone(self, path: Path, file: Stamp | AudioProblem, identity: str) -> Hearing | AudioProblem:
        """Hear a file whose audio nobody remembers after all: the cache was set aside, or its copy has changed."""
        (heard,) = [heard for _, heard in self._listening().hear_all([path])]
        self._keep(path, file, identity, heard)
        return heard

    def _keep(self, path: Path, file: Stamp | AudioProblem, identity: str, heard: Hearing | AudioProblem) -> bool:
        """Remember what was heard, unless another file has taken this one's place since it was identified."""
        self.decoded += 1
        same = heard.audio_id == identity if isinstance(heard, Hearing) else _stamp(path) == file
        if same:
            self._cache.keep(identity, self.tagger.tagger_id, heard)
        return same

    def _recalled(self, identity: str) -> Hearing | AudioProblem | None:
        return self._cache.recall(identity, self.tagger.tagger_id)

    def _workers(self) -> Workers[str]:
        if self._identifying is None:
            self._identifying = self._stack.enter_context(Workers(identify_task, str, self._jobs, LIBRARY))
        return self._identifying

    def _listening(self) -> Ear:
        from audiomodel.ear import Ear

        if self._ear is None:
            self._ear = self._stack.enter_context(Ear(self.tagger.folder, self._jobs, limits=LIBRARY))
        return self._ear


def _stamp(path: Path) -> Stamp | AudioProblem:
    try:
        return stamp(path)
    except OSError as error:
        return AudioProblem(Reason.UNREADABLE, f"the file cannot be read ({error.strerror})")
