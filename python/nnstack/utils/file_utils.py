"""Files that data sets come in: found in the cache or copied from elsewhere on this machine, checked, unpacked."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

_ARCHIVES = {"tar": (".tar", ".tar.gz", ".tgz", ".tar.bz2"), "zip": (".zip",)}


def cache_folder(cache_dir: Any = None, cache_subdir: str = "datasets") -> Path:
    """Where data files are kept: `cache_dir`, else $KERAS_HOME, else ~/.keras, and in it `cache_subdir`."""
    base = cache_dir or os.environ.get("KERAS_HOME") or Path.home() / ".keras"
    return Path(base).expanduser() / cache_subdir


def get_file(
    fname: Any = None,
    origin: Any = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: Any = "auto",
    cache_dir: Any = None,
) -> str:
    """Path of a data file in the cache; a file that is not there is copied from `origin`, a path or file:// address.

    `fname` its name in the cache (an absolute path is taken as it is), default the last part of `origin`; `file_hash`
    sha256 or md5 (`hash_algorithm`) that the file must have; `extract` unpacks an archive (tar, zip, or both with
    'auto') beside it, `untar` does and returns the folder called `fname`. Nothing is downloaded: FileNotFoundError says
    where to put the file. ValueError for a wrong hash, or an archive that would write outside its folder.

    >>> get_file("iris.csv", origin="file:///data/iris.csv")
    '/home/me/.keras/datasets/iris.csv'
    """
    if fname is None and origin is None:
        raise ValueError("get_file: expected fname or origin")
    source = _local_path(origin)
    name = os.fspath(fname) if fname is not None else os.path.basename(source or urllib.parse.urlparse(origin).path)
    if not name:
        raise ValueError(f"get_file: origin {origin!r} names no file; give fname")
    folder = cache_folder(cache_dir, cache_subdir)
    target = folder / (f"{name}.tar.gz" if untar else name)
    if md5_hash is not None and file_hash is None:
        file_hash, hash_algorithm = md5_hash, "md5"
    if not target.exists() or (file_hash and not validate_file(target, file_hash, hash_algorithm)):
        if source is None or not os.path.exists(source):
            state = "has another hash than expected" if target.exists() else "does not exist"
            raise FileNotFoundError(
                f"get_file: {target} {state}, and nothing is downloaded. Get it"
                f"{f' from {origin}' if origin else ''} and put it there"
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        if file_hash and not validate_file(target, file_hash, hash_algorithm):
            raise ValueError(
                f"get_file: {source} does not have the hash {file_hash}; the file is damaged or another one"
            )
    if untar:
        _extract(target, "tar")
        return str(folder / name)
    if extract:
        _extract(target, archive_format)
    return str(target)


def _local_path(origin: Any) -> str | None:
    """The path that `origin` means on this machine, or None for another kind of address."""
    if origin is None:
        return None
    parts = urllib.parse.urlparse(os.fspath(origin))
    if parts.scheme == "file":
        return urllib.request.url2pathname(parts.path)
    return os.fspath(origin) if len(parts.scheme) <= 1 else None  # one letter is a drive


def validate_file(fpath: Any, file_hash: str, algorithm: str = "auto", chunk_size: int = 65535) -> bool:
    """Whether a file has that sha256 or md5 hash ('auto' tells by its length)."""
    kind = "sha256" if algorithm == "sha256" or (algorithm == "auto" and len(file_hash) == 64) else "md5"
    found = hashlib.new(kind, usedforsecurity=False)
    with open(fpath, "rb") as file:
        while chunk := file.read(chunk_size):
            found.update(chunk)
    return found.hexdigest() == str(file_hash)


def _extract(path: Path, archive_format: Any) -> None:
    """Unpacks an archive into its own folder, members that point outside refused."""
    if archive_format is None:
        return
    kinds = ["tar", "zip"] if archive_format == "auto" else [archive_format]
    kinds = list(kinds[0]) if isinstance(kinds[0], list | tuple) else kinds
    if "tar" in kinds and tarfile.is_tarfile(path):
        with tarfile.open(path) as archive:
            for entry in archive:  # links that led out got past Python's own filter (CVE-2025-4517)
                if not (entry.isfile() or entry.isdir()):
                    raise ValueError(f"get_file: {path} is refused: {entry.name} is a link or a device")
            try:
                archive.extractall(path.parent, filter="data")
            except tarfile.FilterError as error:
                raise ValueError(f"get_file: {path} is refused: {error}") from None
    elif "zip" in kinds and zipfile.is_zipfile(path):
        inside = path.parent.resolve()
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                if not (inside / member).resolve().is_relative_to(inside):
                    raise ValueError(f"get_file: {path} is refused: {member} lies outside its folder")
            archive.extractall(inside)
