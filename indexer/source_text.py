"""Bytes of a source file to lines: compression, encoding and the limit on a row, checked before anything is indexed.

A file is decoded once from end to end before its first row is used: a wrong encoding found in row 400,000 would leave
half a catalogue behind. A pipe cannot be read twice and is decoded on the way.
"""

from __future__ import annotations

import codecs
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, AnyStr, BinaryIO, cast

from indexer.entries import SourceError

# A row longer than this is no row of a catalogue but a quote that is never closed, or a picture in a cell.
MAX_ROW = 1 << 20  # characters, or bytes in JSONL

COMPRESSIONS: Mapping[str, Callable[[Path, str], Any]] = {".gz": gzip.open, ".xz": lzma.open}
STDIN = Path("-")

_BLOCK = 1 << 20  # bytes
# Text of any language and encoding has next to no control characters; among random bytes every tenth is one.
_MOST_CONTROLS = 0.02
_CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\v\f\r\x1b")
_LOOKED_AT = 4_000  # bytes
_REPLACED = 0xFFFD
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@contextmanager
def open_source(path: Path) -> Iterator[BinaryIO]:
    """Open a source for reading bytes, decompressed; ``-`` is stdin.

    Raises
    ------
    SourceError
        If it cannot be opened, or turns out to be damaged while it is read.
    """
    if path == STDIN:
        yield sys.stdin.buffer
        return
    try:
        with COMPRESSIONS.get(path.suffix.lower(), Path.open)(path, "rb") as stream:
            yield cast(BinaryIO, stream)
    except FileNotFoundError:
        raise SourceError(f"{path}: there is no such file") from None
    except (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error) as error:
        raise SourceError(f"{path}: the compressed file is damaged or cut off ({error})") from error
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror or error})") from error


def is_stream(path: Path) -> bool:
    """Whether a source gives its bytes only once: stdin, a FIFO, a device."""
    return path == STDIN or not path.is_file()


def check_encoding(path: Path, encoding: str | None = None) -> str:
    """Decode a whole file once and return the encoding to read it with.

    Parameters
    ----------
    encoding
        What the user said; None goes by the byte order mark, else UTF-8.

    Raises
    ------
    SourceError
        If a byte does not fit; the message has its offset, its line and the likely encoding.
    """
    with open_source(path) as stream:
        head = stream.read(_BLOCK)
        chosen = encoding or next((name for mark, name in _BOMS.items() if head.startswith(mark)), "utf-8")
        decoder, offset, line = find_codec(chosen), 0, 1
        block = head
        while True:
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                line += block[: max(error.start - pending, 0)].count(b"\n")
                raise _encoding_error(path, chosen, offset - pending + error.start, line, error.object) from None
            if not block:
                return chosen
            offset, line = offset + len(block), line + block.count(b"\n")
            block = stream.read(_BLOCK)


def find_codec(encoding: str) -> codecs.IncrementalDecoder:
    """Return a decoder for an encoding; raises `SourceError` if there is none of that name."""
    try:
        return codecs.getincrementaldecoder(encoding)()
    except LookupError:
        raise SourceError(f"--encoding {encoding}: no such encoding; try utf-8, cp1252, latin-1 or utf-16") from None


def _encoding_error(path: Path, encoding: str, offset: int, line: int, block: bytes) -> SourceError:
    if not _is_text(block):
        return SourceError(
            f"{path}: is no text: expected a table of {encoding} text, got bytes that no text has; "
            "is it a spreadsheet, an archive, or damaged? Save a spreadsheet as CSV"
        )
    return SourceError(
        f"{path}: expected {encoding}, got a byte that is not at offset {offset:,} (line {line:,}); "
        f"it looks like {_likely_encoding(block)}: pass --encoding {_likely_encoding(block)} if that is right"
    )


def _is_text(block: bytes) -> bool:
    """Whether bytes could be text in some encoding; the NULs of UTF-16 are no control characters there."""
    head = block[:_LOOKED_AT]
    codes: Iterable[int] = head
    if _likely_encoding(head).startswith("utf-16"):
        codes = map(ord, head[: len(head) & ~1].decode(_likely_encoding(head), "replace"))
    controls = sum(code in _CONTROLS or code == _REPLACED for code in codes)
    return controls <= _MOST_CONTROLS * len(head)


def _likely_encoding(block: bytes) -> str:
    """Guess how bytes that are no UTF-8 were written: by their NULs, else what Windows and old Macs wrote."""
    if block[:1000].count(0) > len(block[:1000]) // 4:
        return "utf-16-le" if block[1:2] == b"\0" else "utf-16-be"
    try:
        block.decode("cp1252")
    except UnicodeDecodeError:
        return "mac_roman"
    return "cp1252"


@contextmanager
def open_text(path: Path, encoding: str) -> Iterator[IO[str]]:
    """Open a source for reading text, line ends as they are; decoding errors of a pipe become `SourceError`."""
    with open_source(path) as stream:
        text = io.TextIOWrapper(stream, encoding, newline="")
        try:
            yield text
        except UnicodeDecodeError as error:
            raise _encoding_error(path, encoding, error.start, 0, error.object) from None
        finally:
            text.detach()


def bounded_lines(stream: IO[AnyStr]) -> Iterator[tuple[AnyStr, bool]]:
    """Yield lines with whether each was cut at `MAX_ROW`: memory stays bounded whatever the file holds."""
    line_ends = (b"\n", b"\r")
    while line := stream.readline(MAX_ROW + 1):
        if len(line) <= MAX_ROW:
            yield line, False
            continue
        rest = line
        while rest and not _ends_line(rest, line_ends):
            rest = stream.readline(MAX_ROW)
        yield line, True


def _ends_line(text: str | bytes, line_ends: tuple[bytes, ...]) -> bool:
    last = text[-1:]
    return (last.encode("utf-8", "replace") if isinstance(last, str) else last) in line_ends
