"""The arrows between packages, and one home for each heavy library, read from the imports themselves."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent

# Package → packages of ours that it may import.
ARROWS = {
    "tagmodel": set(),
    "audiomodel": {"tagmodel"},  # the data sets' own files have one reader
    "search": {"tagmodel"},
    "indexer": {"search", "tagmodel", "audiomodel"},
    "web": {"search", "tagmodel", "audiomodel"},
}
# Library → the only packages that may import it.
HOMES = {
    "flask": {"web"},
    "granian": {"web"},
    "gensim": {"tagmodel"},
    "implicit": {"tagmodel"},
    "networkx": {"tagmodel"},
    "sqlite3": {"search", "indexer", "audiomodel"},
    "elasticsearch": {"search"},
    "elastic_transport": {"search"},
    "pyarrow": {"indexer"},
    "mutagen": {"indexer", "audiomodel"},
    "av": {"audiomodel"},
    "soundfile": {"audiomodel"},
    "soxr": {"audiomodel"},
    "librosa": {"audiomodel"},
    "torch": {"audiomodel"},
    "onnx": {"audiomodel"},
    "onnxscript": {"audiomodel"},
    "onnxruntime": {"audiomodel"},
    "pickle": set(),
}
# Imported where they are used, never at the head of a module.
LAZY = {"gensim", "implicit", "pyarrow", "mutagen", "granian", "elasticsearch", "elastic_transport"}
LAZY |= {"av", "soundfile", "soxr", "librosa", "torch", "onnx", "onnxscript", "onnxruntime"}
# Networks are classes of torch's, so modules that train import it at their head, and nobody imports those at theirs.
TRAINING = REPOSITORY / "audiomodel" / "training"
EVALUATION = REPOSITORY / "audiomodel" / "evaluation"
PLACES = ("audiomodel.training", "audiomodel.evaluation")
PACKAGES = [name for name in ARROWS if (REPOSITORY / name).is_dir()]
MODULES = [(name, path) for name in PACKAGES for path in sorted((REPOSITORY / name).rglob("*.py"))]


def imported(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.partition(".")[0])
    return names


def imported_at_import(tree: ast.Module) -> set[str]:
    """Return what a module imports by being imported: not within functions, not for type checking only."""
    heads = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    return set().union(*(imported(node) for node in heads))


def test_the_packages_are_found():
    assert set(ARROWS) == set(PACKAGES)
    assert len(MODULES) > 50


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_go_down_only(package):
    allowed = ARROWS[package] | {package}
    for name, path in MODULES:
        if name == package:
            upward = imported(ast.parse(path.read_text())) & set(ARROWS) - allowed
            assert not upward, f"{path.relative_to(REPOSITORY)} imports {upward}"


@pytest.mark.parametrize("library", HOMES)
def test_each_heavy_library_has_one_home(library):
    for name, path in MODULES:
        if name not in HOMES[library]:
            assert library not in imported(ast.parse(path.read_text())), path.relative_to(REPOSITORY)


def test_one_module_speaks_to_the_search_server():
    speaking = {path.name for _, path in MODULES if "elasticsearch" in imported(ast.parse(path.read_text()))}
    assert speaking == {"connection.py"}


def test_heavy_libraries_are_imported_where_they_are_used():
    for _, path in MODULES:
        allowed = {"torch"} if path.is_relative_to(TRAINING) else set()
        eager = imported_at_import(ast.parse(path.read_text())) & LAZY - allowed
        assert not eager, f"{path.relative_to(REPOSITORY)} imports {eager} at import"


def test_only_training_and_evaluation_import_training_at_import():
    for _, path in MODULES:
        if not path.is_relative_to(TRAINING) and not path.is_relative_to(EVALUATION):
            heads = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ImportFrom)]
            assert not [node for node in heads if (node.module or "").startswith(PLACES)], path


def test_no_module_is_a_drawer_for_odds_and_ends():
    odd = {"utils", "helpers", "common", "core", "misc"}
    assert not [path for _, path in MODULES if path.stem in odd]


def test_nothing_of_an_engine_shows_through_in_the_web():
    words = ("sqlite", "scipy", "elasticsearch", "snapshot")
    for path in sorted((REPOSITORY / "web").rglob("*")):
        if path.suffix in {".py", ".html", ".js"}:
            text = path.read_text().lower()
            assert not [word for word in words if word in text], path.relative_to(REPOSITORY)


def test_the_house_is_drawn_as_it_stands():
    drawn = (REPOSITORY / "docs" / "architecture.md").read_text()
    places = [path.relative_to(REPOSITORY).as_posix() for _, path in MODULES if path.stem != "__init__"]
    assert not [place for place in places if f"`{place}`" not in drawn]
    rows = [line.split("`")[1] for line in drawn.splitlines() if line.startswith("| `") and ".py`" in line]
    assert not [row for row in rows if row not in {*places, "tagkin.py"}]
