"""How a command that cannot go on ends: one line on standard error, and its exit status (docs/commands.md)."""

from __future__ import annotations

import sys
from typing import NoReturn

import click


def stop(message: str, status: int) -> NoReturn:
    """Say why a command ends, and end it."""
    click.echo(f"tagkin: {message}", err=True)
    sys.exit(status)
