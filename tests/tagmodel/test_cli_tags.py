import io
import os
import subprocess
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor

import networkx as nx
import orjson
import pytest
from click.testing import CliRunner

from tagmodel.cli.tags import graph, kin, path
from tagmodel.model import save_model
from tagmodel.offers import UnknownTag, known_tag, nearest_spellings
from tests.tagmodel.tag_blocks import CLUB, INDIAN, LONER, block_model, block_vocabulary, tag


@pytest.fixture(scope="module")
def model_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("blocks") / "model"
    save_model(block_model(), path)
    return path


@pytest.fixture
def run(model_path):
    def invoke(command, *arguments):
        result = CliRunner().invoke(command, [*arguments, "--model", str(model_path)], catch_exceptions=False)
        error = result.exception
        while error is not None:  # a failed run's traceback would keep the model's file open
            traceback.clear_frames(error.__traceback__)
            error = error.__context__
        return result

    return invoke


def test_kin_are_shown_nearest_first_with_bars_and_evidence(run):
    result = run(kin, "sitar")
    assert result.exit_code == 0
    rows = [line.split() for line in result.stdout.splitlines()[2:]]
    assert [row[0] for row in rows] == ["raga", "tabla", "indian", "tanpura", "eastern"]
    assert [len(row[1]) for row in rows] == [12, 12, 10, 10, 9]
    assert rows[0][2:] == ["0.60", "0.60", "0.30", "0.15", "+2.5", "60"]
    assert rows[-1][4] == "·"


def test_k_kin_at_most(run):
    assert len(run(kin, "sitar", "-k", "2").stdout.splitlines()) == 4
    assert run(kin, "sitar", "-k", "0").exit_code == 2


def test_kin_as_json_hold_every_number(run):
    answer = orjson.loads(run(kin, "sitar", "--json").stdout)
    assert answer["tag"] == {"tag_id": tag("sitar"), "spelling": "sitar"}
    model = block_model()
    assert [one["tag_id"] for one in answer["kin"]] == [one.tag_id for one in model.kin(tag("sitar"))]
    assert answer["kin"][0] == {
        "tag_id": tag("raga"),
        "spelling": "raga",
        "similarity": pytest.approx(0.6),
        "cooccurrence": pytest.approx(0.6),
        "word2vec": pytest.approx(0.3),
        "als": pytest.approx(0.15),
        "pmi": pytest.approx(2.5),
        "support": 60,
        "origins": ["co-occurrence", "word2vec", "ALS"],
    }


def test_a_tag_is_found_by_any_spelling_that_folds_to_it_and_by_its_alias(run):
    for spelling in ("Sitar", "SITARS", "sitars of India"):
        assert run(kin, spelling).stdout == run(kin, "sitar").stdout


def test_an_unknown_tag_ends_with_status_1_and_offers(run):
    for result in (run(kin, "sittar"), run(path, "sittar", "techno"), run(graph, "sittar")):
        assert result.exit_code == 1
        assert result.stdout == ""
        assert 'no tag "sittar"; did you mean sitar' in result.stderr


def test_a_tag_without_kin_is_said_to_have_none(run):
    result = run(kin, LONER)
    assert (result.exit_code, result.stdout) == (0, "")
    assert '"lonely" has no kin' in result.stderr
    assert orjson.loads(run(kin, LONER, "--json").stdout)["kin"] == []
    assert run(path, LONER, "sitar").exit_code == 1


def test_a_path_is_shown_step_by_step(run):
    result = run(path, "eastern", "techno")
    assert [line.split()[0] for line in result.stdout.splitlines()[2:]] == ["eastern", "dance", "techno"]
    assert result.stdout.startswith("From eastern to techno")


def test_a_path_as_json_holds_ids_and_similarities(run):
    steps = orjson.loads(run(path, "eastern", "techno", "--json").stdout)["path"]
    assert [step["spelling"] for step in steps] == ["eastern", "dance", "techno"]
    assert [step["similarity"] for step in steps] == pytest.approx([1, 0.3, 0.36])


def test_a_missing_path_ends_with_status_1_and_says_how_near_one_comes(run):
    result = run(path, "sitar", "oboe")
    assert result.exit_code == 1
    assert '"sitar" comes nearest to it at "raga"' in result.stderr


def test_the_graph_around_a_tag_in_each_format(run):
    picture = run(graph, "sitar", "--depth", "1")
    assert picture.stdout.startswith("<svg ")
    json_graph = nx.node_link_graph(orjson.loads(run(graph, "sitar", "--format", "json").stdout), edges="edges")
    graphml = nx.read_graphml(io.BytesIO(run(graph, "sitar", "--format", "graphml").stdout_bytes))
    assert set(json_graph) == set(graphml) == {tag(spelling) for spelling in (*INDIAN, "dance")}


def test_the_file_name_says_the_format_unless_it_is_given(run, tmp_path):
    names = {"a.svg": b"<svg", "a.json": b'{"dir', "a.graphml": b"<graphml", "a": b"<svg"}
    for name, beginning in names.items():
        assert run(graph, "-o", str(tmp_path / name)).exit_code == 0
        assert (tmp_path / name).read_bytes().startswith(beginning)
    run(graph, "-o", str(tmp_path / "b.svg"), "--format", "json")
    assert (tmp_path / "b.svg").read_bytes().startswith(b"{")


def test_the_whole_graph_has_no_limit_unless_given(run):
    nodes = orjson.loads(run(graph, "--format", "json").stdout)["nodes"]
    assert len(nodes) == 18
    assert len(orjson.loads(run(graph, "--format", "json", "--limit", "5").stdout)["nodes"]) == 5


def test_thresholds_cut_the_bridge(run):
    arguments = ("eastern", "--depth", "9", "--format", "json")
    assert len(orjson.loads(run(graph, *arguments).stdout)["nodes"]) == len(INDIAN) + len(CLUB)
    for option in (("--min-similarity", "0.31"), ("--min-support", "31")):
        spellings = {node["spelling"] for node in orjson.loads(run(graph, *arguments, *option).stdout)["nodes"]}
        assert "eastern" in spellings
        assert not spellings & set(CLUB)


def test_a_file_that_cannot_be_written_is_named(run, tmp_path):
    result = run(graph, "-o", str(tmp_path / "nowhere" / "a.svg"))
    assert result.exit_code == 3
    assert "nowhere" in result.stderr


def test_a_format_that_there_is_not_is_refused_unless_it_is_given(run, tmp_path):
    result = run(graph, "-o", str(tmp_path / "a.pdf"))
    assert result.exit_code == 2
    assert all(name in result.stderr for name in ("svg", "json", "graphml", "--format"))
    assert not (tmp_path / "a.pdf").exists()
    assert run(graph, "-o", str(tmp_path / "a.pdf"), "--format", "json").exit_code == 0
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"{")


def test_a_link_and_a_pipe_are_written_through(run, tmp_path):
    real, link, pipe = tmp_path / "real.svg", tmp_path / "link.svg", tmp_path / "pipe.svg"
    link.symlink_to(real)
    assert run(graph, "-o", str(link)).exit_code == 0
    assert link.is_symlink()
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as threads:
        read = threads.submit(pipe.read_bytes)
        assert run(graph, "-o", str(pipe)).exit_code == 0
        assert read.result(timeout=30) == real.read_bytes()
    assert pipe.is_fifo()


def test_a_missing_model_is_said(tmp_path):
    result = CliRunner().invoke(kin, ["sitar", "--model", str(tmp_path / "none")], catch_exceptions=False)
    assert result.exit_code == 2
    assert result.stderr.startswith("tagkin: ")
    assert str(tmp_path / "none") in result.stderr


def test_the_model_can_come_from_the_environment(model_path):
    result = CliRunner(env={"TAGKIN_MODEL": str(model_path)}).invoke(kin, ["sitar"], catch_exceptions=False)
    assert "raga" in result.stdout


@pytest.mark.parametrize("command", [kin, path, graph])
def test_every_option_is_explained_with_its_default(command):
    for option in command.params:
        if option.param_type_name == "option":
            assert option.help, option.name
            assert option.show_default or option.show_envvar, option.name


@pytest.mark.slow
def test_kin_are_shown_without_loading_the_graph_library(model_path):
    code = (
        "import sys; from click.testing import CliRunner; from tagmodel.cli.tags import kin;"
        f"CliRunner().invoke(kin, ['sitar', '--model', {str(model_path)!r}], catch_exceptions=False);"
        "print(sorted({'networkx', 'scipy', 'gensim', 'flask', 'rapidfuzz'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_offers_are_the_tags_spelt_most_alike():
    vocabulary = block_vocabulary()
    assert nearest_spellings(vocabulary, "violn", k=2) == ("violin", "viola")
    assert nearest_spellings(vocabulary, "sitar india")[0] == "sitar"
    assert nearest_spellings(vocabulary, "qqqqqqqq") == ()
    assert nearest_spellings(vocabulary, "!!!") == ()
    assert nearest_spellings(vocabulary, "violn " * 30) == ()


def test_an_unknown_tag_carries_its_offers():
    with pytest.raises(UnknownTag, match="nor any that is spelled like it"):
        known_tag(block_vocabulary(), "qqqqqqqq")
    with pytest.raises(UnknownTag, match="did you mean techno") as caught:
        known_tag(block_vocabulary(), "tekno")
    assert caught.value.offers[0] == "techno"
    with pytest.raises(UnknownTag):
        known_tag(block_vocabulary(), "")
