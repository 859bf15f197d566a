"""Models on disk: saved, opened lazily, refused when anything is wrong; and the one that ships."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagmodel import storage
from tagmodel.card import card_markdown
from tagmodel.kin import MAX_KIN
from tagmodel.model import SHIPPED_MODEL, BadModel, ModelMissing, TagModel, load_model, save_model
from tests.tagmodel.tag_blocks import block_model, tag

# Everything that the shipped model may weigh, in bytes: it lies in every clone.
SHIPPED_BYTES = 6_000_000


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save_model(block_model(), tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture(scope="module")
def shipped() -> TagModel:
    return load_model()


def test_a_saved_model_answers_like_the_one_in_memory(saved: Path) -> None:
    made, loaded = block_model(), load_model(saved)
    assert loaded.model_id == made.model_id
    assert loaded.vocabulary.keys == made.vocabulary.keys
    assert [loaded.kin(tag_id) for tag_id in made.vocabulary.ids] == [
        made.kin(tag_id) for tag_id in made.vocabulary.ids
    ]
    assert set(loaded.arrays) == set(made.arrays)


def test_an_unknown_tag_has_no_kin(saved: Path) -> None:
    assert load_model(saved).kin("aaaaaaaa") == ()
    assert load_model(saved).kin("") == ()


def test_kin_carry_their_evidence_and_none_where_nothing_was_counted(saved: Path) -> None:
    first = load_model(saved).kin(tag("eastern"))
    by_tag = {kin.tag_id: kin for kin in first}
    assert by_tag[tag("dance")].pmi is None
    assert by_tag[tag("tanpura")].pmi == pytest.approx(2.5)
    assert all(0 < kin.similarity <= 1 and kin.support >= 0 for kin in first)


def test_arrays_are_read_only_and_read_once(saved: Path) -> None:
    arrays = load_model(saved).arrays
    assert arrays["kin/tags"] is arrays["kin/tags"]
    with pytest.raises(ValueError, match="read-only"):
        arrays["kin/tags"][:] = 0


def test_an_open_model_outlives_its_replacement(saved: Path) -> None:
    model = load_model(saved)
    shutil.rmtree(saved)
    assert model.kin(tag("sitar")) == block_model().kin(tag("sitar"))


def test_saving_again_replaces_the_model_and_leaves_nothing_beside(saved: Path) -> None:
    save_model(block_model(), saved)
    assert [path.name for path in saved.parent.iterdir()] == ["model"]
    assert sorted(path.name for path in saved.iterdir()) == ["CARD.md", "card.json", "model.npz", "vocabulary.json"]


def test_a_full_disk_leaves_the_old_model(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path.name: path.read_bytes() for path in saved.iterdir()}

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage, "_sync_files", fail)
    with pytest.raises(OSError, match="No space left"):
        save_model(block_model(), saved)
    assert {path.name: path.read_bytes() for path in saved.iterdir()} == before
    assert [path.name for path in saved.parent.iterdir()] == ["model"]


def test_a_failing_rename_brings_the_old_model_back(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.rename

    def fail_into_place(self: Path, target: Path) -> Path:
        if target == saved and not self.name.endswith("-old"):
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_into_place)
    with pytest.raises(OSError, match="Input/output"):
        save_model(block_model(), saved)
    assert load_model(saved).model_id == block_model().model_id
    assert [path.name for path in saved.parent.iterdir()] == ["model"]


@pytest.mark.parametrize("name", ["", "card.json"])
def test_no_model_is_said_with_what_to_do(saved: Path, name: str) -> None:
    path = saved / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(ModelMissing, match="tagkin train tags"):
        load_model(saved)


@pytest.mark.parametrize("name", ["model.npz", "vocabulary.json"])
def test_a_lost_file_is_said(saved: Path, name: str) -> None:
    (saved / name).unlink()
    with pytest.raises(BadModel, match=name):
        load_model(saved)


@given(st.sampled_from(["model.npz", "vocabulary.json", "card.json"]), st.floats(0, 1, exclude_max=True))
def test_a_file_cut_short_anywhere_is_refused(
    tmp_path_factory: pytest.TempPathFactory, name: str, share: float
) -> None:
    directory = tmp_path_factory.mktemp("cut") / "model"
    save_model(block_model(), directory)
    whole = (directory / name).read_bytes()
    (directory / name).write_bytes(whole.rstrip()[: int(share * (len(whole.rstrip()) - 1))])
    with pytest.raises(BadModel):
        load_model(directory)


def test_a_file_of_another_model_is_refused(saved: Path) -> None:
    arrays = dict(np.load(saved / "model.npz"))
    arrays["kin/similarity"][0] += 0.01
    np.savez_compressed(saved / "model.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(BadModel, match="sha256 differs"):
        load_model(saved)


@pytest.mark.parametrize(
    ("field", "value"), [("format_version", 99), ("fold_version", 0), ("files", {}), ("files", None)]
)
def test_a_card_of_another_kind_is_refused(saved: Path, field: str, value: object) -> None:
    card = json.loads((saved / "card.json").read_bytes())
    (saved / "card.json").write_text(json.dumps({**card, field: value}), encoding="utf-8")
    with pytest.raises(BadModel, match=r"tagkin train tags"):
        load_model(saved)


@pytest.mark.parametrize("text", ["[]", "nonsense", "\x00"])
def test_a_card_that_is_no_card_is_refused(saved: Path, text: str) -> None:
    (saved / "card.json").write_text(text, encoding="utf-8")
    with pytest.raises(BadModel, match=r"card\.json"):
        load_model(saved)


def test_pickles_are_never_loaded(saved: Path) -> None:
    card = json.loads((saved / "card.json").read_bytes())
    np.savez(saved / "model.npz", **{"kin/tags": np.array([{"a": 1}], dtype=object)})  # type: ignore[arg-type]
    card["files"]["model.npz"] = storage._sha256(saved / "model.npz")
    (saved / "card.json").write_text(json.dumps(card), encoding="utf-8")
    model = load_model(saved)
    with pytest.raises(BadModel, match="allow_pickle"):
        model.arrays["kin/tags"]


def test_opening_a_model_and_asking_for_kin_needs_numpy_only() -> None:
    program = (
        "import sys; from tagmodel.model import load_model; m = load_model(); m.kin(m.vocabulary.canonical_id('sad')); "
        "print(sorted({'gensim', 'implicit', 'scipy', 'networkx', 'threadpoolctl', 'rich'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}  # noqa: PTH109 - the environment of a process takes text
    out = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert out.stdout == "[]\n"


def kin_of(model: TagModel, spelling: str) -> list[str]:
    keys = dict(zip(model.vocabulary.ids, model.vocabulary.keys, strict=True))
    return [keys[kin.tag_id] for kin in model.kin(model.vocabulary.canonical_id(spelling))]


def test_the_shipped_model_is_small_and_its_cards_say_the_same(shipped: TagModel) -> None:
    assert sum(path.stat().st_size for path in SHIPPED_MODEL.iterdir()) < SHIPPED_BYTES
    assert (SHIPPED_MODEL / "CARD.md").read_text(encoding="utf-8") == card_markdown(shipped.card)
    assert [data["name"] for data in shipped.card["data"]] == ["fma", "jamendo", "lastfm", "mtat", "musiccaps"]  # type: ignore[attr-defined]
    assert "non-commercial" in str(shipped.card["use"])
    assert "what each origin of kin adds" in shipped.card["figures"]  # type: ignore[operator]


def test_the_shipped_model_is_what_its_id_says(shipped: TagModel) -> None:
    assert shipped.model_id == storage.content_id(shipped.vocabulary, shipped.arrays)


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("sad", {"melancholic", "emotional"}),
        ("hip hop", {"rap", "r and b", "beat"}),
        ("sitar", {"indian", "eastern", "tabla", "indian classical"}),
        ("techno", {"trance", "electro", "house", "beat"}),
        ("christmas", {"holiday"}),
        ("epic", {"orchestral", "trailer", "action"}),
        ("jazz", {"saxophone", "swing", "bossa nova"}),
        ("dark ambient", {"dark", "ambient", "industrial"}),
        ("death metal", {"grindcore", "black metal", "metal"}),
        ("corporate", {"motivational", "advertising"}),
        ("shoegaze", {"dream pop", "noise pop"}),
        ("choir", {"choral", "chanting"}),
    ],
)
def test_kin_of_the_shipped_model_are_what_a_musician_would_say(
    shipped: TagModel, spelling: str, expected: set[str]
) -> None:
    assert expected <= set(kin_of(shipped, spelling))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("slow", "fast"), ("loud", "quiet"), ("vocals", "no vocals"), ("piano", "no piano"), ("happy", "sad"),
        ("male vocals", "female vocals"), ("christmas", "death metal"), ("sitar", "techno"),
    ],
)  # fmt: skip
def test_opposites_and_strangers_are_no_kin_in_the_shipped_model(shipped: TagModel, one: str, other: str) -> None:
    for a, b in ((one, other), (other, one)):
        assert shipped.vocabulary.canonical_key(b) not in kin_of(shipped, a)


def test_every_kin_list_of_the_shipped_model_keeps_the_contract(shipped: TagModel) -> None:
    for tag_id in shipped.vocabulary.ids:
        kin = shipped.kin(tag_id)
        similarities = [one.similarity for one in kin]
        assert len(kin) == len({one.tag_id for one in kin}) <= MAX_KIN
        assert similarities == sorted(similarities, reverse=True)
        assert all(0 < one.similarity <= 1 and one.tag_id != tag_id for one in kin)
        assert not any(shipped.vocabulary.contradicts(tag_id, one.tag_id) for one in kin)


def test_no_tag_is_kin_of_everything(shipped: TagModel) -> None:
    known = np.bincount(shipped.kin_table.tags, minlength=len(shipped.vocabulary))
    assert known.max() < 0.2 * len(shipped.vocabulary)
