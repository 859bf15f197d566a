"""Every page and state that a person can come to, each by one address on the real catalogue."""

from __future__ import annotations

from typing import NamedTuple


class State(NamedTuple):
    """A page in one state."""

    name: str
    path: str
    status: int = 200
    away: bool = False


STATES = (
    State("home", "/"),
    State("hits", "/search?q=sad+piano+-vocals"),
    State("zero hits", "/search?q=%2Bsitar+%2Btechno+duration:<30"),
    State("misspelled", "/search?q=ambeint+zzyzx"),
    State("query error", "/search?q=sad+OR+piano", 400),
    State("track", "/track?id=mtat:2"),
    State("no such track", "/track?id=nobody", 404),
    State("suggest", "/suggest"),
    State("suggest with tags", "/suggest?tags=sitar,tabla,fast,slow,blorp"),
    State("suggest for what was heard", "/suggest?tags=sitar&heard=0.8+indian,+0.1+Drone"),
    State("similar", "/similar"),
    State("similar to a track", "/similar?like=mtat:2&unlike=mtat:3&name=nobody"),
    State("tag", "/tag?name=piano"),
    State("no such tag", "/tag?name=blorp", 404),
    State("map", "/graph"),
    State("about", "/about"),
    State("no picks", "/picks"),
    State("picks", "/picks?id=mtat:2&id=fma:2&id=nobody"),
    State("API docs", "/api/v1/docs"),
    State("not found", "/nowhere", 404),
    State("index away", "/search?q=piano", 503, away=True),
    State("home, index away", "/", 503, away=True),
)
