"""Archives that `get_file` is told to unpack: nothing leaves their folder, and links are not made."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from nnstack.utils import get_file


def entry(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", size: int = 0) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, target, size
    return info


TARS: dict[str, list[tarfile.TarInfo]] = {
    "above": [entry("../evil", size=3)],
    "far above": [entry("a/../../../evil", size=3)],
    "absolute link": [entry("a", tarfile.SYMTYPE, "/etc"), entry("a/evil", size=3)],
    "link above": [entry("a", tarfile.SYMTYPE, ".."), entry("a/evil", size=3)],
    "link through links": [entry("a", tarfile.SYMTYPE, "x" * 200), entry("b", tarfile.SYMTYPE, "a/../../.."),
                           entry("b/evil", size=3)],
    "hard link": [entry("a", tarfile.LNKTYPE, "/etc/passwd")],
    "hard link above": [entry("a", tarfile.LNKTYPE, "../../secret"), entry("a", size=3)],
    "pipe": [entry("a", tarfile.FIFOTYPE)],
    "device": [entry("a", tarfile.CHRTYPE)],
}  # fmt: skip


def unpack(path: Path, **options: Any) -> None:
    get_file(path.name, origin=str(path), cache_dir=str(path.parent / "in" / "cache"), extract=True, **options)


@pytest.mark.parametrize("name", TARS)
def test_tar(name: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("kept")
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        for one in TARS[name]:
            archive.addfile(one, io.BytesIO(b"out"))
    before = {one for one in tmp_path.rglob("*") if "cache" not in one.parts}
    with pytest.raises(ValueError, match="get_file: .* is refused"):
        unpack(path)
    assert not [one for one in tmp_path.rglob("*") if one.name == "evil" or one.is_symlink()]
    assert {one for one in tmp_path.rglob("*") if "cache" not in one.parts} <= before | {tmp_path / "in"}
    assert (tmp_path / "secret").read_text() == "kept"


@pytest.mark.parametrize("name", ["../evil", "a/../../../evil", "/tmp/nnstack_evil"])
def test_zip(name: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(name, "out")
    with pytest.raises(ValueError, match="lies outside its folder"):
        unpack(tmp_path / "a.zip")
    assert not list(tmp_path.rglob("evil")) and not Path("/tmp/nnstack_evil").exists()


def test_good_archives_are_unpacked(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.addfile(entry("folder", tarfile.DIRTYPE))
        archive.addfile(entry("folder/numbers", size=3), io.BytesIO(b"123"))
    unpack(tmp_path / "a.tar")
    assert [one.read_bytes() for one in tmp_path.rglob("numbers")] == [b"123"]
