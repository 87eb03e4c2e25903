"""Files that claim more than they hold, or ask for more memory or time than any model needs."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from .foreign_code import yaml_text
from .parts import (
    Entry,
    Maker,
    archive,
    archive_of,
    dense,
    h5,
    h5_of,
    layer,
    sequential,
    trained,
    tree,
    with_kernel,
    with_tree,
)


def claims(shape: tuple[int, ...], units: int, inputs: int, **options: Any) -> Maker:
    """An array whose shape is a claim only, and a model to match."""

    def kernel(group: Any, path: Path) -> None:
        group.create_dataset("d/kernel:0", shape, np.float32, **options)

    return with_kernel(kernel, units, inputs)


def claims_in_tree(file: Any) -> None:
    """CVE-2026-0897: a shape without its bytes in a .keras file."""
    del file["layers/dense/vars/0"]
    file.create_dataset("layers/dense/vars/0", (10**6, 250_000), np.float32, chunks=(1000, 1000))


def many_names(path: Path, mark: Path) -> None:
    """An attribute with the number of its entries changed after it was written."""
    h5(path, sequential(dense()), names=np.array([b"d"] * 4321))
    data = path.read_bytes()
    place = (4321).to_bytes(8, "little")
    assert data.count(place) > 0
    path.write_bytes(data.replace(place, (10**7).to_bytes(8, "little")))


def stateful_batch(path: Path, mark: Path) -> None:
    """States are kept per row of a batch, and the file says how many rows."""
    cell = {"class_name": "LSTM", "config": {"name": "d", "units": 1, "stateful": True, "return_sequences": True}}
    cell["config"]["batch_input_shape"] = [10**9, 2, 1]  # type: ignore[index]

    def fill(group: Any) -> None:
        for name, shape in (("kernel:0", (1, 4)), ("recurrent_kernel:0", (1, 4)), ("bias:0", (4,))):
            group[f"d/{name}"] = np.zeros(shape, np.float32)

    h5(path, sequential(cell), fill, weights=("d/kernel:0", "d/recurrent_kernel:0", "d/bias:0"))


def unrolled(path: Path, mark: Path) -> None:
    """A loop whose every step is a part of the program of its own."""
    cell = layer("SimpleRNN", units=1, unroll=True, batch_input_shape=[None, 10**6, 1])

    def fill(group: Any) -> None:
        for name, shape in (("kernel:0", (1, 1)), ("recurrent_kernel:0", (1, 1)), ("bias:0", (1,))):
            group[f"d/{name}"] = np.zeros(shape, np.float32)

    h5(path, sequential(cell), fill, weights=("d/kernel:0", "d/recurrent_kernel:0", "d/bias:0"))


def metric(class_name: str, **config: Any) -> Maker:
    return trained(metrics=[{"class_name": class_name, "config": config}])


def ops_from_file(path: Path, mark: Path) -> None:
    steps = [{"op": "zeros", "inputs": [], "attributes": {"shape": [10**12]}, "index": 0}]
    h5(path, sequential(dense(), {"class_name": "TensorOperations", "config": {"name": "t", "steps": steps}}))


def config_bomb(path: Path, mark: Path) -> None:
    archive(path, " " * (70 << 20))


def weights_bomb(path: Path, mark: Path) -> None:
    """A thousandfold compressed member: a good file with zeros behind it."""
    archive(path, sequential(dense()), tree() + bytes(100 << 20))


def many_members(path: Path, mark: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        for number in range(15_000):
            file.writestr(str(number), b"")


def told_size(path: Path, mark: Path) -> None:
    """The archive's table claims that its config has four gigabytes."""
    archive(path, sequential(dense()))
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"PK\x01\x02", 0, data.rindex(b"config.json"))
    data[entry + 24 : entry + 28] = b"\xff\xff\xff\xfe"
    path.write_bytes(bytes(data))


def groups_in_circles(file: Any) -> None:
    for number in range(20):
        file[f"layers/again{number}"] = file["/"]
    del file["layers/dense/vars/0"]


def numbers_in_config(**number: Any) -> dict[str, Any]:
    return {"class_name": "__numpy__", "config": number}


_LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
_MERGES = "a: &a {x: 1}\n" + "".join(
    f"{b}: &{b} {{<<: [{', '.join([f'*{a}'] * 30)}], {b}1: 1}}\n" for a, b in zip("abcdefg", "bcdefgh", strict=True)
)
_INPUT = {"batch_input_shape": [None, 3]}
_MANY, _ASKS = "many times what the file", "asks for memory"
FILES: list[Entry] = [
    ("claims_a_terabyte.h5", claims((10**6, 250_000), 250_000, 10**6, chunks=(1000, 1000)), _MANY),
    ("compressed_zeros.h5", claims((20_000, 20_000), 20_000, 20_000, chunks=(1000, 1000), compression="gzip"), _MANY),
    ("claims_a_terabyte.keras", with_tree(claims_in_tree), _MANY),
    ("many_names.h5", many_names, "more than the file holds|broken"),
    ("large_model_small_file.h5", h5_of(dense(units=10**6, inputs=10**6)), "is larger than what the file holds for it"),
    ("units_huge.h5", h5_of(dense(units=2**70)), "larger than what the file holds"),
    ("words_huge.h5", h5_of(layer("Embedding", input_dim=2**40, output_dim=8, input_length=3)), "larger than what"),
    ("stateful_batch.h5", stateful_batch, "larger than what the file holds|many times|memory"),
    ("auc_thresholds.h5", metric("AUC", num_thresholds=10**9), "larger than what the file holds|memory"),
    ("mean_iou.h5", metric("MeanIoU", num_classes=10**6), "larger than what the file holds|memory"),
    ("precision_at.h5", metric("PrecisionAtRecall", recall=0.5, num_thresholds=10**9), "memory"),
    ("ops_from_file.h5", ops_from_file, ""),
    ("repeats.h5", h5_of(dense(), layer("RepeatVector", n=2**62), layer("Flatten")), "x"),
    ("padding.h5", h5_of(layer("ZeroPadding1D", padding=2**62, batch_input_shape=[None, 3, 2])), "x|padding"),
    ("one_hot.keras", archive_of(layer("CategoryEncoding", num_tokens=2**40, **_INPUT)), _ASKS),
    ("unknown_words.keras", archive_of(layer("IntegerLookup", num_oov_indices=2**33, vocabulary=[1], **_INPUT)), _ASKS),
    ("resized.keras", archive_of(layer("Resizing", height=2**27, width=2**27, batch_input_shape=[None, 8, 8, 3])),
     _ASKS),
    ("enlarged.keras", archive_of(layer("UpSampling2D", size=[2**27, 2**27], interpolation="bilinear",
     batch_input_shape=[None, 8, 8, 3])), _ASKS),
    ("turned.keras", archive_of(layer("RandomRotation", factor=0.1, batch_input_shape=[None, 2**33, 2**33, 3])), _ASKS),
    ("places.h5", h5_of(layer("LocallyConnected1D", filters=1, kernel_size=1, implementation=2,
     batch_input_shape=[None, 2**33, 1])), "larger than what the file holds|asks for memory"),
    ("unrolled.h5", unrolled, _ASKS),
    ("array_of_objects.keras", archive_of(layer("Normalization", mean=numbers_in_config(value=[[]] * 9, dtype="O"),
     variance=1.0, **_INPUT)), ""),
    ("type_of_gigabytes.keras", archive_of({"class_name": "InputLayer", "config": {"name": "x",
     "batch_shape": [None, 3], "dtype": "(1000000000,)f4"}}), "dtype"),
    ("type_of_objects.keras", archive_of({"class_name": "InputLayer", "config": {"name": "x",
     "batch_shape": [None, 3], "dtype": "O"}}), "dtype"),
    ("config_bomb.keras", config_bomb, "many times what the file holds"),
    ("weights_bomb.keras", weights_bomb, "many times what the file holds"),
    ("many_members.keras", many_members, "has no config.json|members"),
    ("told_size.keras", told_size, "broken|many times what the file holds"),
    ("groups_in_circles.keras", with_tree(groups_in_circles), "weights of its own"),
    ("laughs.yaml", yaml_text(_LAUGHS + "class_name: Sequential\nconfig: {layers: *i}\n"), "more than"),
    ("merges.yaml", yaml_text(_MERGES + "class_name: Sequential\nconfig: *h\n"), "merges"),
    ("base_60.yaml", yaml_text("class_name: Sequential\nconfig: 1" + ":1" * 500_000), "digits"),
    ("digits.yaml", yaml_text("class_name: Sequential\nconfig: " + "9" * 200_000), "digits"),
    ("digits.h5", lambda path, mark: h5(path, '{"class_name": "Sequential", "config": ' + "9" * 60_000 + "}"), ""),
]  # fmt: skip
