"""The yardstick of `benchmarks.http_load`: Flask answering constants, under the server that serves the pages.

    CONSTANT_SIZES=9000,60000 python -m benchmarks.constant_app PORT WORKERS

``/0`` answers as many bytes as the first size says, ``/1`` as the second, whatever is asked in the query.
"""

from __future__ import annotations

import os
import sys

from flask import Flask


def create_constant_app() -> Flask:
    """Make an application of nothing but constants; their sizes come from ``CONSTANT_SIZES``."""
    app = Flask(__name__)
    bodies = [b"x" * int(size) for size in os.environ["CONSTANT_SIZES"].split(",")]

    @app.get("/<int:number>")
    def constant(number: int) -> bytes:
        return bodies[number]

    return app


def main(port: int, workers: int) -> None:
    """Serve it with the settings of `tagkin serve`: the same server object, told of another application."""
    from web.serving import _server

    server = _server("127.0.0.1", port, workers, 2)
    server.target = "benchmarks.constant_app:create_constant_app"
    server.serve()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
