"""Files whose parts do not belong together: graphs without end, arrays of no numbers, names that are none."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .foreign_code import yaml_text
from .parts import Entry, Maker, dense, graph, h5, h5_of, sequential, trained, with_kernel


def of_type(dtype: Any) -> Maker:
    def kernel(group: Any, path: Path) -> None:
        group.create_dataset("d/kernel:0", (3, 2), dtype)

    return with_kernel(kernel)


def group_for_array(group: Any, path: Path) -> None:
    group.create_group("d/kernel:0")


def broken_chunk(group: Any, path: Path) -> None:
    group.create_dataset("d/kernel:0", data=np.ones((3, 2), np.float32), chunks=(3, 2), compression="gzip")
    group["d/kernel:0"].id.write_direct_chunk((0, 0), b"no gzip at all")


def unknown_filter(group: Any, path: Path) -> None:
    """A filter that the HDF5 library would look for among its plug-ins."""
    options = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    options.set_chunk((3, 2))
    options.set_filter(32099, h5py.h5z.FLAG_OPTIONAL, (1,))
    space = h5py.h5s.create_simple((3, 2))
    made = h5py.h5d.create(group.require_group("d").id, b"kernel:0", h5py.h5t.IEEE_F32LE, space, options)
    made.write_direct_chunk((0, 0), np.ones((3, 2), np.float32).tobytes(), 0)


def run_of_another(**changes: Any) -> Maker:
    """The place where nnstack keeps where a run was."""

    def make(path: Path, mark: Path) -> None:
        trained()(path, mark)
        with h5py.File(path, "a") as file:
            group = file.create_group("training_run")
            text = json.dumps({"dict": {"run": {"dict": {"epoch": 1}}, "kept_states": [], **changes}})
            group["state"] = np.frombuffer(text.encode(), np.uint8)

    return make


def run_in_another_file(path: Path, mark: Path) -> None:
    run_of_another()(path, mark)
    with h5py.File(path, "a") as file:
        del file["training_run/state"]
        file["training_run/state"] = h5py.ExternalLink("/etc/passwd", "/")


def cycle(path: Path, mark: Path) -> None:
    layers = [
        {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 3], "name": "i"}, "name": "i"},
        {**dense("a"), "name": "a", "inbound_nodes": [[["b", 0, 0, {}]]]},
        {**dense("b"), "name": "b", "inbound_nodes": [[["a", 0, 0, {}]]]},
    ]
    graph(layers=layers, output_layers=[["b", 0, 0]])(path, mark)


def deep_models(path: Path, mark: Path) -> None:
    config: dict[str, Any] = dense()
    for _ in range(3000):
        config = sequential(config)
    encoder_limit, text = sys.getrecursionlimit(), ""
    sys.setrecursionlimit(100_000)
    try:
        text = json.dumps(config)
    finally:
        sys.setrecursionlimit(encoder_limit)
    h5(path, "{}")
    with h5py.File(path, "a", libver="latest") as file:
        file.attrs["model_config"] = text


def cut(path: Path, mark: Path) -> None:
    h5(path, sequential(dense()))
    path.write_bytes(path.read_bytes()[:3000])


def noise(path: Path, mark: Path) -> None:
    h5(path, sequential(dense()))
    data = bytearray(path.read_bytes())
    data[512:1024] = np.random.default_rng(0).bytes(512)
    path.write_bytes(bytes(data))


def of_bytes(content: bytes) -> Maker:
    return lambda path, mark: path.write_bytes(content) and None


def of_config(config: Any) -> Maker:
    return lambda path, mark: h5(path, config)


FILES: list[Entry] = [
    ("strings_for_numbers.h5", of_type(h5py.string_dtype()), "expected numbers at"),
    ("references_for_numbers.h5", of_type(h5py.ref_dtype), "expected numbers at"),
    ("records_for_numbers.h5", of_type([("a", "f4"), ("b", "i8")]), "expected numbers at"),
    ("group_for_array.h5", with_kernel(group_for_array), "expected an array at"),
    ("broken_chunk.h5", with_kernel(broken_chunk), "the file is broken"),
    ("unknown_filter.h5", with_kernel(unknown_filter), "the file is broken"),
    ("missing_array.h5", lambda path, mark: h5(path, sequential(dense()), lambda group: None), "is not in the file"),
    ("numbers_for_names.h5", h5_of(dense(), names=7), "is no list of names"),
    ("numbers_for_weights.h5", h5_of(dense(), weights=7.5), "is no list of names"),
    ("graph_without_outputs.h5", graph(output_layers=[["x", 0, 0]]), 'names a layer "x" that is not in it'),
    ("graph_of_numbers.h5", graph(layers=[1, 2]), "expected a dict with class_name"),
    ("graph_output_77.h5", graph(output_layers=[["d", 0, 77]]), "has no output number 77"),
    ("graph_output_minus_1.h5", graph(output_layers=[["d", 0, -1]]), "has no output number -1"),
    ("graph_is_text.h5", graph(input_layers="i"), "expected tensors as"),
    ("cycle.h5", cycle, "are made nowhere"),
    ("run_without_array.h5", run_of_another(kept_states={"array": 7}), "array 7 does not exist"),
    ("run_too_deep.h5", run_of_another(kept_states=json.loads("[" * 900 + "]" * 900)), "nested too deep|broken"),
    ("run_in_another_file.h5", run_in_another_file, "is a link .ExternalLink."),
    ("deep_models.h5", deep_models, "nested deeper"),
    ("deep_json.h5", of_config("[" * 30_000), "nested deeper"),
    ("units_negative.h5", h5_of(dense(units=-1)), "units"),
    ("units_text.h5", h5_of(dense(units="9" * 50)), "units"),
    ("config_is_list.h5", of_config([]), "expected a dict with class_name"),
    ("config_is_null.h5", of_config("null"), "holds no model"),
    ("no_json.h5", of_config("import os"), "broken JSON"),
    ("cut.h5", cut, "not an HDF5 file, or a broken one"),
    ("noise.h5", noise, ""),
    ("empty.h5", of_bytes(b""), "not an HDF5 file"),
    ("cut.keras", of_bytes(b"PK\x03\x04" + b"\0" * 50), "not a .keras file"),
    ("circle.yaml", yaml_text("class_name: Sequential\nconfig: &a {layers: [*a]}"), "nested deeper"),
    ("deep.yaml", yaml_text("[" * 3_000), "nested deeper"),
    ("list_as_key.yaml", yaml_text("? [a, b]\n: 1\n"), ""),
]
