"""What files of sound in a folder are called; a file that is named itself may be called anything."""

from __future__ import annotations

AUDIO_SUFFIXES = frozenset({".aac", ".aif", ".aiff", ".flac", ".m4a", ".mp3", ".oga", ".ogg", ".opus", ".wav", ".webm"})
