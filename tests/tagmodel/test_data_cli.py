"""`tagkin data check` in words, JSON and exit statuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tagmodel.cli.data import data

CAPTIONS = "ytid,start_s,aspect_list\na,0,['piano']\n"


def check(data_dir: Path, *arguments: str) -> Result:
    return CliRunner().invoke(data, ["check", "--data-dir", str(data_dir), *arguments])


@pytest.fixture
def with_captions(tmp_path: Path) -> Path:
    (tmp_path / "musiccaps").mkdir()
    (tmp_path / "musiccaps/musiccaps-public.csv").write_text(CAPTIONS)
    return tmp_path


def test_an_empty_directory_is_said_and_exits_with_1(tmp_path: Path) -> None:
    result = check(tmp_path)
    assert result.exit_code == 1
    assert "Nothing is in" in result.stdout
    assert "tagkin data fetch mtat" in result.stdout


def test_one_readable_data_set_is_enough(with_captions: Path) -> None:
    result = check(with_captions)
    assert result.exit_code == 0
    assert "there, no checksum published" in result.stdout
    assert "https://grouplens.org" in result.stdout


def test_strict_wants_all_that_was_asked_for(with_captions: Path) -> None:
    assert check(with_captions, "--strict").exit_code == 1
    assert check(with_captions, "--strict", "musiccaps").exit_code == 0


def test_a_broken_file_exits_with_1_and_says_why(with_captions: Path) -> None:
    (with_captions / "musiccaps/musiccaps-public.csv").write_text(CAPTIONS.replace("['piano']", "piano"))
    result = check(with_captions)
    assert result.exit_code == 1
    assert "line 2: expected a list of phrases, got 'piano'" in result.stdout


def test_json_is_for_programs(with_captions: Path) -> None:
    result = check(with_captions, "--json", "musiccaps", "fma")
    reports = {report["name"]: report for report in json.loads(result.stdout)}
    assert reports["musiccaps"]["files"][0]["state"] == "unverified"
    assert reports["musiccaps"]["files"][0]["size"] == len(CAPTIONS)
    assert reports["fma"]["files"][0]["state"] == "missing"
    assert reports["fma"]["licence"]


def test_an_unknown_data_set_is_a_usage_error(tmp_path: Path) -> None:
    assert check(tmp_path, "spotify").exit_code == 2


@pytest.mark.data
def test_all_five_are_there(data_dir: Path) -> None:
    result = check(data_dir, "--json")
    assert result.exit_code == 0
    assert not [report["name"] for report in json.loads(result.stdout) if report["problem"]]
