"""Images are named after what they are made of, and are in the cache whole or not at all."""

from dataclasses import replace
from pathlib import Path

import pytest

from zaffre.devfabric.errors import ImageFailed
from zaffre.devfabric.images import IMAGES, build, cache, cached, check_image
from zaffre.devfabric.images.image import Assembled
from zaffre.devfabric.images.modules import load_order, needed_modules
from zaffre.devfabric.images.packages import name_and_version
from zaffre.devfabric.images.recipe import digest_of_files, digest_of_packages


def test_a_recipes_digest_follows_content_and_names_of_its_files(tmp_path):
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "init").write_text("one")
    (tmp_path / "build.py").write_text("x")
    before = digest_of_files(tmp_path, ["build.py", "root"])
    assert digest_of_files(tmp_path, ["root", "build.py"]) == before
    (tmp_path / "root" / "init").write_text("two")
    assert digest_of_files(tmp_path, ["build.py", "root"]) != before
    (tmp_path / "root" / "init").write_text("one")
    assert digest_of_files(tmp_path, ["build.py", "root"]) == before
    (tmp_path / "root" / "init").rename(tmp_path / "root" / "start")
    assert digest_of_files(tmp_path, ["build.py", "root"]) != before


def test_what_one_file_ends_with_is_not_taken_for_what_the_next_begins_with(tmp_path):
    (tmp_path / "a").write_text("12")
    (tmp_path / "b").write_text("3")
    before = digest_of_files(tmp_path, ["a", "b"])
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").write_text("23")
    assert digest_of_files(tmp_path, ["a", "b"]) != before


def test_the_order_of_packages_does_not_matter_but_their_versions_do():
    assert digest_of_packages(["a=1", "b=2"]) == digest_of_packages(["b=2", "a=1"])
    assert digest_of_packages(["a=1", "b=2"]) != digest_of_packages(["a=1", "b=3"])


def test_a_packages_file_name_tells_its_version():
    assert name_and_version(Path("busybox-static_1%3a1.35.0-4+b1_amd64.deb")) == "busybox-static=1:1.35.0-4+b1"


@pytest.mark.parametrize("name", IMAGES)
def test_every_image_says_what_it_needs(name):
    image = IMAGES[name]
    assert image.name == name
    assert image.minimum_memory_mib >= 128
    assert image.minimum_disk_gib >= 1
    assert all((Path(cache.__file__).parent / source).exists() for source in image.sources)


def module(tree: Path, name: str, needs: str) -> None:
    (tree / f"{name}.ko").write_bytes(b"\x7fELF\0license=GPL\0depends=" + needs.encode() + b"\0name=x\0")


def test_modules_are_loaded_after_those_they_need(tmp_path):
    module(tmp_path, "virtio-rng", "virtio,virtio_ring")
    module(tmp_path, "virtio", "virtio_ring")
    module(tmp_path, "virtio_ring", "")
    module(tmp_path, "unwanted", "")
    assert [file.stem for file in load_order(tmp_path, ["virtio_rng"])] == ["virtio_ring", "virtio", "virtio-rng"]


def test_a_module_without_needs_needs_nothing():
    assert needed_modules(b"\0depends=\0") == []


class TestTheCache:
    @pytest.fixture
    def built(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The image `tiny`, replaced by one that is built at once; records each build."""
        built: list[str] = []

        def assemble(work: Path, progress: object) -> Assembled:
            built.append("tiny")
            (work / "disk").write_text(f"build {len(built)}")
            return Assembled(work / "disk", (f"package={len(built)}",))

        monkeypatch.setattr(cache, "IMAGES", {"tiny": replace(IMAGES["tiny"], assemble=assemble, programs={})})
        return built

    def test_an_image_is_built_once(self, built, tmp_path):
        first = build("tiny", tmp_path / "images")
        assert build("tiny", tmp_path / "images") == first
        assert built == ["tiny"]
        assert first.read_text() == "build 1"
        assert first.with_suffix(".packages").read_text() == "package=1\n"

    def test_newer_packages_are_taken_up_when_asked_for(self, built, tmp_path):
        first = build("tiny", tmp_path)
        second = build("tiny", tmp_path, refresh=True)
        assert second != first
        assert cached("tiny", tmp_path) == second

    def test_an_image_of_another_recipe_does_not_count(self, built, tmp_path):
        (tmp_path / "tiny-0123456789-0123456789.qcow2").touch()
        assert cached("tiny", tmp_path) is None

    def test_what_an_interrupted_build_left_is_cleared_away(self, built, tmp_path):
        (tmp_path / ".tiny-abandoned").mkdir()
        build("tiny", tmp_path)
        assert list(tmp_path.glob(".tiny-*")) == []

    def test_a_build_that_fails_leaves_nothing_that_looks_like_an_image(self, monkeypatch, tmp_path):
        def assemble(work: Path, progress: object) -> Assembled:
            (work / "disk").write_text("half")
            raise ImageFailed("no mirror", remedy="")

        monkeypatch.setattr(cache, "IMAGES", {"tiny": replace(IMAGES["tiny"], assemble=assemble, programs={})})
        with pytest.raises(ImageFailed, match="no mirror"):
            build("tiny", tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == [".tiny.lock"]

    def test_missing_programs_are_named_with_the_packages_that_have_them(self, monkeypatch, tmp_path):
        image = replace(IMAGES["tiny"], programs={"no-such-program": "some-package"})
        monkeypatch.setattr(cache, "IMAGES", {"tiny": image})
        assert not check_image("tiny").possible
        with pytest.raises(ImageFailed, match="no-such-program is not installed") as failure:
            build("tiny", tmp_path)
        assert failure.value.remedy == "Install them: apt-get install some-package"
