"""Build what the small server lacks before it can make API keys.

API keys live in an index whose settings name an analyzer of e-mail addresses; the small server comes without analyzers,
and refuses to make the index. A plugin of three names, in `EmailAnalysis.java`, stands in. It is compiled once into the
cache against `stubs`, the few signatures that it needs, so that any Java compiler will do: the server's own libraries
are for newer ones.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import zipfile
from functools import partial
from pathlib import Path

from tests.servers.java import last_line, major_version, places
from tests.servers.places import make_once
from tests.servers.releases import NoServer

SOURCES = Path(__file__).parent
PACKAGE = "tagkin.analysis"
OLDEST_COMPILER = 17
COMPILE_SECONDS = 120

COMPONENTS = {
    "org.elasticsearch.plugin.analysis.TokenFilterFactory": {
        "pattern_capture": f"{PACKAGE}.EmailAnalysis$PatternCapture",
        "unique": f"{PACKAGE}.EmailAnalysis$Unique",
    },
    "org.elasticsearch.plugin.analysis.TokenizerFactory": {"uax_url_email": f"{PACKAGE}.EmailAnalysis$Addresses"},
}
DESCRIPTOR = """\
name=email-analysis
description=Names that the index of API keys asks for
version=1
elasticsearch.version={version}
java.version=17
"""


def with_email_analysis(home: Path, version: str) -> Path:
    """Return a server's program files with the plugin, made beside them; a full server's are fit as they are.

    Raises
    ------
    NoServer
        If this machine has no Java compiler.
    """
    if (home / "modules" / "analysis-common").is_dir():
        return home
    sources = b"".join(path.read_bytes() for path in (Path(__file__), SOURCES / "EmailAnalysis.java"))
    fit = home.with_name(f"{home.name}-api-keys-{hashlib.sha256(sources).hexdigest()[:8]}")
    make_once(fit, partial(add_plugin, home, version))
    return fit


def add_plugin(home: Path, version: str, target: Path) -> None:
    """Make a copy of a server's program files, by links, that has the plugin."""
    classes = compiled()
    shutil.copytree(home, target, copy_function=os.link, dirs_exist_ok=True)
    plugin = target / "plugins" / "email-analysis"
    plugin.mkdir()
    (plugin / "stable-plugin-descriptor.properties").write_text(DESCRIPTOR.format(version=version))
    (plugin / "named_components.json").write_text(json.dumps(COMPONENTS))
    with zipfile.ZipFile(plugin / "email-analysis.jar", "w") as jar:
        for name, content in classes.items():
            jar.writestr(f"{PACKAGE.replace('.', '/')}/{name}", content)


def compiled() -> dict[str, bytes]:
    """Return the plugin's class files: name → content.

    Raises
    ------
    NoServer
        If there is no compiler, or it refuses.
    """
    with tempfile.TemporaryDirectory() as directory:
        command = [str(compiler()), "-d", directory, "-sourcepath", str(SOURCES / "stubs"), "--release", "17"]
        done = subprocess.run(
            [*command, str(SOURCES / "EmailAnalysis.java")],
            check=False,
            capture_output=True,
            text=True,
            timeout=COMPILE_SECONDS,
        )
        if done.returncode != 0:
            raise NoServer(f"javac: {last_line(done.stderr)}")
        made = (Path(directory) / PACKAGE.replace(".", "/")).glob("*.class")
        return {path.name: path.read_bytes() for path in made}


def compiler() -> Path:
    """Return a Java compiler.

    Raises
    ------
    NoServer
        If this machine has none.
    """
    tried = []
    for place, home in places():
        if (home / "bin" / "javac").exists() and (major_version(home) or 0) >= OLDEST_COMPILER:
            return home / "bin" / "javac"
        tried.append(f"{place}: no compiler of Java {OLDEST_COMPILER} or newer in {home}")
    raise NoServer.after("Java compiler, which API keys need", tried or ["no Java is installed"])
