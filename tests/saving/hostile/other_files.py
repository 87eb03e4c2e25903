"""Files that lead to other files: links, bytes stored elsewhere, vocabularies, models, members of archives."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .parts import Entry, Maker, archive_of, dense, h5, h5_of, layer, sequential, with_kernel, with_tree


def external_link(group: Any, path: Path) -> None:
    with h5py.File(f"{path}.secret", "w") as other:
        other["secret"] = np.ones((3, 2), np.float32)
    group["d/kernel:0"] = h5py.ExternalLink(f"{path}.secret", "secret")


def soft_link(group: Any, path: Path) -> None:
    group["d/kernel:0"] = h5py.SoftLink("/model_weights/d/d/kernel:0")


def external_group(path: Path, mark: Path) -> None:
    h5(path, sequential(dense()))
    with h5py.File(path, "a") as file:
        del file["model_weights/d"]
        file["model_weights/d"] = h5py.ExternalLink("/etc/passwd", "/")


def external_storage(group: Any, name: str = "d/kernel:0") -> None:
    """CVE-2026-1669: a plain dataset whose bytes lie in another file."""
    group.create_dataset(name, (3, 2), np.float32, external=[("/etc/passwd", 0, 24)])


def virtual_dataset(group: Any, name: str = "d/kernel:0") -> None:
    layout = h5py.VirtualLayout((3, 2), np.float32)
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (3, 2))
    group.create_virtual_dataset(name, layout)


def virtual_of_itself(group: Any, path: Path) -> None:
    layout = h5py.VirtualLayout((3, 2), np.float32)
    layout[:] = h5py.VirtualSource(".", "/model_weights/d/d/kernel:0", (3, 2))
    group.create_virtual_dataset("d/kernel:0", layout)


def for_kernel(put: Any) -> Any:
    def change(file: Any) -> None:
        del file["layers/dense/vars/0"]
        put(file, "layers/dense/vars/0")

    return change


def link_in_weights(file: Any, name: str) -> None:
    file[name] = h5py.ExternalLink("/etc/passwd", "/")


def without_config(path: Path, mark: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("../../evil", "out")
        file.writestr("metadata.json", "{}")


def vocabulary(class_name: str, place: str) -> Maker:
    """CVE-2025-12058: a path or a URL where a vocabulary stands; read when the layer is made."""
    return archive_of(layer(class_name, vocabulary=place, batch_input_shape=[None, 1]))


_ELSEWHERE = "lie in other files, which are not opened"
FILES: list[Entry] = [
    ("external_link.h5", with_kernel(external_link), "is a link .ExternalLink."),
    ("external_group.h5", external_group, "is a link .ExternalLink."),
    ("soft_link.h5", with_kernel(soft_link), "is a link .SoftLink."),
    ("external_storage.h5", with_kernel(lambda group, path: external_storage(group)), _ELSEWHERE),
    ("virtual_dataset.h5", with_kernel(lambda group, path: virtual_dataset(group)), _ELSEWHERE),
    ("virtual_of_itself.h5", with_kernel(virtual_of_itself), _ELSEWHERE),
    ("way_out.h5", h5_of(dense(), names=("../../etc",)), "is not in the file"),
    ("link_in_weights.keras", with_tree(for_kernel(link_in_weights)), "is a link .ExternalLink."),
    ("external_storage.keras", with_tree(for_kernel(external_storage)), _ELSEWHERE),
    ("virtual_dataset.keras", with_tree(for_kernel(virtual_dataset)), _ELSEWHERE),
    ("without_config.keras", without_config, "has no config.json"),
    ("tfsm_layer.keras", archive_of(dense(), layer("TFSMLayer", filepath="/tmp")), "unknown classes TFSMLayer"),
    ("words_of_passwd.keras", vocabulary("StringLookup", "/etc/passwd"), "vocabulary"),
    ("numbers_of_passwd.keras", vocabulary("IntegerLookup", "/etc/passwd"), "vocabulary"),
    ("text_of_passwd.keras", vocabulary("TextVectorization", "/etc/passwd"), "vocabulary"),
    ("words_of_a_server.keras", vocabulary("StringLookup", "http://169.254.169.254/latest"), "vocabulary"),
    ("words_of_passwd.h5", h5_of(layer("StringLookup", vocabulary="/etc/passwd", batch_input_shape=[None, 1])),
     "vocabulary"),
]  # fmt: skip
