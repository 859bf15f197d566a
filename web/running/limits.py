"""How much one client may ask for: addresses and bodies of bounded length, and if set, so many requests in a time."""

from __future__ import annotations

import time
from ipaddress import IPv6Address, IPv6Network

from flask import Flask, Response, request
from flask_limiter import Limiter
from limits import parse_many
from limits.errors import ConfigurationError
from limits.storage import storage_from_string
from werkzeug.exceptions import RequestURITooLarge

from web.api.operations import MAX_BODY
from web.settings import IN_MEMORY, Settings, SettingsError

# Longest address: 200 picked tracks fit.
MAX_ADDRESS = 16 * 1024  # bytes
# An IPv6 network of this size is one client: any of its machines has as many addresses as it likes.
_IPV6_CLIENT = 64  # bits

# What watches the server is never refused, and neither are the files of a page that was not.
_UNLIMITED = {"health", "metrics"}


def register(app: Flask, settings: Settings) -> None:
    """Have the application refuse what goes beyond."""
    app.config.from_mapping(MAX_CONTENT_LENGTH=MAX_BODY)

    @app.before_request
    def refuse_long_addresses() -> None:
        wsgi = request.environ
        if len(wsgi.get("QUERY_STRING", "")) + len(wsgi.get("PATH_INFO", "")) > MAX_ADDRESS:
            raise RequestURITooLarge(f"An address here has at most {MAX_ADDRESS:,} characters: ask for less at once.")

    if settings.rate:
        _limit_rate(app, settings)


def check_rate(settings: Settings) -> None:
    """Try out rate and storage.

    Raises
    ------
    SettingsError
        If they cannot be used.
    """
    if not settings.rate:
        return
    try:
        parse_many(settings.rate)
    except ValueError:
        raise SettingsError(f"expected a rate such as 600/minute or 10/second, got {settings.rate!r}") from None
    try:
        storage_from_string(settings.rate_storage)
    except ConfigurationError as error:
        raise SettingsError(
            f"expected a storage of rates such as {IN_MEMORY} or redis://host:6379, got {settings.rate_storage!r}:"
            f" {error}"
        ) from error


def client_of(address: str) -> str:
    """Return what stands for one client: an IPv4 address, or the network of an IPv6 address."""
    if ":" not in address:
        return address
    try:
        whole = IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    # A server that listens on :: sees those of IPv4 as ::ffff:192.0.2.1, all in one network.
    return str(whole.ipv4_mapped or IPv6Network((whole, _IPV6_CLIENT), strict=False))


def _limit_rate(app: Flask, settings: Settings) -> None:
    limiter = Limiter(
        lambda: client_of(request.remote_addr or "unknown"),
        app=app,
        application_limits=[settings.rate],
        request_identifier=lambda: request.endpoint or "unknown",
        storage_uri=settings.rate_storage,
        strategy="sliding-window-counter",
        # While the shared storage is away, each worker counts by itself: neither a refusal nor a free pass for all.
        in_memory_fallback_enabled=not settings.rate_storage.startswith("memory:"),
        key_prefix="tagkin",
    )
    limiter.request_filter(_is_unlimited)

    @app.after_request
    def tell_limit(response: Response) -> Response:
        limit = limiter.current_limit
        if limit is not None:
            # Both ends are rounded up, which may be a second longer than a whole window.
            seconds = str(min(max(1, limit.reset_at - int(time.time())), limit.limit.get_expiry()))
            response.headers["RateLimit-Limit"] = str(limit.limit.amount)
            response.headers["RateLimit-Remaining"] = str(limit.remaining)
            response.headers["RateLimit-Reset"] = seconds
            if response.status_code == 429:
                response.headers["Retry-After"] = seconds
        return response


def _is_unlimited() -> bool:
    return request.endpoint == "static" or request.blueprint in _UNLIMITED
