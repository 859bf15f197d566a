"""Hearing the files of a source while it is indexed: what was heard goes into documents, what was not is reported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from audiomodel.hearing import Hearing
from audiomodel.problems import AudioProblem
from audiomodel.remembering import RememberingEar
from indexer.entries import AudioFile, Found, counted
from indexer.heard_report import HeardReport, Kind, Remark
from indexer.hearing import HeardTags
from search.document import Document
from search.enrichment import Enricher
from search.sound import Sound

# Where a track has no file, there is nothing to be heard.
_Heard = Hearing | AudioProblem | None


@dataclass
class HeardSummary:
    """What a run heard of one source.

    Parameters
    ----------
    heard, decoded
        Files that could be heard, and those of all files that had to be decoded for it, as nobody remembered them.
    problems
        Files that could not be heard, by reason.
    """

    heard: int = 0
    decoded: int = 0
    problems: Counter[str] = field(default_factory=Counter)


class Listening:
    """Hears what a run brings in.

    Parameters
    ----------
    ear
        None where nobody listens: tracks then only get to know their files.
    """

    def __init__(self, ear: RememberingEar | None, report: HeardReport) -> None:
        self._ear = ear
        self.report = report
        self.summary = HeardSummary()
        self.joined: Counter[str] = Counter()

    @property
    def hears(self) -> bool:
        """Whether files are listened to."""
        return self._ear is not None

    def begin(self, source: str) -> None:
        """Begin another source, or the same one anew."""
        self.summary = HeardSummary()
        self.joined.clear()
        self.report.begin(source)

    def fill(
        self, documents: list[Document], found: Sequence[Found], enricher: Enricher, advance: Callable[[int], None]
    ) -> list[Document]:
        """Put what is heard into documents, parallel to `found`.

        Parameters
        ----------
        advance
            Counts files as they are heard.
        """
        tags = self._heard_tags(enricher)
        filled = [
            document if one.audio is None else self._filled(document, one.audio, heard, tags)
            for document, one, heard in zip(documents, found, self._hear(found, advance), strict=True)
        ]
        self.report.flush()
        return filled

    def recall(self, found: Sequence[Found], documents: Sequence[Document | None]) -> None:
        """Report again what an earlier run found out about files that it wrote.

        Parameters
        ----------
        documents
            What it wrote, parallel to `found`; None where the index has refused it.
        """
        for one, document in zip(found, documents, strict=True):
            if self._ear is not None and one.audio is not None:
                heard = self._ear.recall(one.audio.path)
                if isinstance(heard, AudioProblem):
                    self._report_problem(one.track.track_id, one.audio, heard)
                elif heard is not None:
                    self.summary.heard += 1
                    self._report_doubts(document or Document(one.track), one.audio, heard)

    def _hear(self, found: Sequence[Found], advance: Callable[[int], None]) -> Iterator[_Heard]:
        if self._ear is None:
            yield from (None for _ in found)
            return
        before = self._ear.decoded
        heard = self._ear.hear_all([one.audio.path for one in found if one.audio is not None])
        for one in found:
            if one.audio is None:
                yield None
                continue
            yield next(heard)[1]
            advance(1)
        self.summary.decoded += self._ear.decoded - before

    def _heard_tags(self, enricher: Enricher) -> HeardTags | None:
        if self._ear is None:
            return None
        card = self._ear.tagger.card
        return HeardTags(enricher.model.vocabulary, enricher.tag_id, card.tags, card.genres)

    def _filled(self, document: Document, audio: AudioFile, heard: _Heard, tags: HeardTags | None) -> Document:
        """Return a document with what was heard; without, it still knows its file."""
        if heard is None or tags is None or self._ear is None:
            return replace(document, sound=Sound(file=audio.file)) if audio.file else document
        if isinstance(heard, AudioProblem):
            self._report_problem(document.track.track_id, audio, heard)
            # What may go better next time is nobody's word: what was heard before then stays.
            tagger_id = "" if heard.passing else self._ear.tagger.tagger_id
            return replace(document, sound=Sound(file=audio.file, status=heard.reason.value, tagger_id=tagger_id))
        self.summary.heard += 1
        filled = tags.put(document, heard, audio.file)
        self._report_doubts(filled, audio, heard)
        return filled

    def _report_problem(self, track_id: str, audio: AudioFile, problem: AudioProblem) -> None:
        self.summary.problems[problem.reason.value] += 1
        reason = f"{problem.reason.value}: {problem.message}"
        self.report.add(Remark(Kind.NOT_HEARD, track_id, _name(audio), reason))

    def _report_doubts(self, document: Document, audio: AudioFile, hearing: Hearing) -> None:
        track_id = document.track.track_id
        if hearing.status == "unlike":
            reason = f"unlike the music that the tagger knows ({hearing.unlikeness:g}, from 1 on it names no tags)"
            self.report.add(Remark(Kind.UNLIKE, track_id, _name(audio), reason))
        if document.sound is not None and document.sound.doubted:
            # A top genre makes doubt by how probable it is, whether or not it counts as a heard tag.
            genre = [] if hearing.genre is None else [hearing.genre.tag]
            heard = ", ".join(dict.fromkeys([*genre, *(tag.tag for tag in hearing.tags if tag.certain)]))
            typed = ", ".join(filter(None, (*document.track.tags, document.track.genre)))
            self.report.add(Remark(Kind.DOUBTED, track_id, _name(audio), f"typed are {typed}; heard is {heard}"))

    def say_summary(self, say: Callable[[str], None]) -> None:
        """Say what was heard of a source."""
        counts = self.report.counts
        for line in (*self._joined_said(counts), *self._heard_said(counts)):
            say(f"  {line}")
        if counts.total() and not self.report.is_kept:
            say("  --heard-report FILE names them all")

    def _joined_said(self, counts: Counter[Kind]) -> Iterator[str]:
        left = {
            Kind.AMBIGUOUS: f"{counted(counts[Kind.AMBIGUOUS], 'row')} ambiguous",
            Kind.NO_FILE: f"{counted(counts[Kind.NO_FILE], 'row')} without a file",
            Kind.NO_ROW: f"{counted(counts[Kind.NO_ROW], 'file')} without a row",
        }
        said = [text for kind, text in left.items() if counts[kind]]
        if self.joined or said:
            ways = ", ".join(f"{n:,} by {way}" for way, n in self.joined.items())
            joined = f"{counted(self.joined.total(), 'row')} joined with files" + (f" ({ways})" if ways else "")
            yield "; ".join([joined, *said])

    def _heard_said(self, counts: Counter[Kind]) -> Iterator[str]:
        n_problems = sum(self.summary.problems.values())
        if self.summary.heard:
            n, decoded = counted(self.summary.heard, "file"), self.summary.decoded
            yield f"{n} heard ({decoded:,} decoded now, the others remembered)"
        if n_problems:
            reasons = ", ".join(f"{n:,} {reason}" for reason, n in sorted(self.summary.problems.items()))
            yield f"{counted(n_problems, 'file')} could not be heard ({reasons}), and found by what else is known"
        if counts[Kind.UNLIKE]:
            yield f"{counted(counts[Kind.UNLIKE], 'file')} unlike the music that the tagger knows: no heard tags"
        if counts[Kind.DOUBTED]:
            yield f"{counted(counts[Kind.DOUBTED], 'track')} with typed tags that the audio contradicts"


def _name(audio: AudioFile) -> str:
    return audio.file or str(audio.path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
