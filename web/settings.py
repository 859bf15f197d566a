"""What a deployment decides about the application: nothing is on unless it was set."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one application; `tagkin serve` fills them in from its options.

    Parameters
    ----------
    origins
        Origins whose scripts may read the API, exactly as browsers send them; ``"*"`` is any.
    rate
        Requests that one client address may make, e.g. ``"600/minute"``; ``""`` is no limit.
    rate_storage
        Where those are counted: ``memory://`` in each worker by itself, or ``redis://…`` for all of them together.
    tokens
        Whoever presents one of these may write; without any, nobody may.
    access_log
        Where a line for each request goes: a file, ``-`` for standard error, ``""`` for nowhere.
    log_searches
        Whether those lines say what was searched for and who asked: personal data.
    proxies
        Reverse proxies in front, whose word on a client's address and on TLS is taken.
    hsts
        Seconds for which browsers are to come back over TLS only; said only over TLS, 0 is not at all.
    """

    origins: tuple[str, ...] = ()
    rate: str = ""
    rate_storage: str = "memory://"
    tokens: tuple[str, ...] = field(default=(), repr=False)
    access_log: str = ""
    log_searches: bool = True
    proxies: int = 0
    hsts: int = 0
