"""Files made to do harm, each after an attack that was published against a loader of models, or after a way to waste a
machine's time or memory.

`python tests/saving/hostile.py FOLDER` writes them all. Each entry of `FILES` is (name, maker, pattern of the error's
text); a maker gets the path to write to and a path where code, if any ran, would leave a mark.
"""

from __future__ import annotations

import base64
import io
import json
import marshal
import pickle
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from nnstack.saving import tensor_bundle

Maker = Callable[[Path, Path], None]


def dense(name: str = "d", units: Any = 2, inputs: Any = 3) -> dict[str, Any]:
    return {"class_name": "Dense", "config": {"name": name, "units": units, "batch_input_shape": [None, inputs]}}


def sequential(*layers: dict[str, Any]) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "s", "layers": list(layers)}}


def code_of(mark: Path) -> Any:
    text = f"lambda x: open({str(mark)!r}, 'w').write('ran') or x"
    return eval(compile(text, "lambda", "eval")).__code__


# -- HDF5 -----------------------------------------------------------------------------------------------------------
def h5(
    path: Path,
    config: Any,
    fill: Callable[[Any], None] | None = None,
    training: Any = None,
    names: Any = ("d",),
    weights: Any = ("d/kernel:0", "d/bias:0"),
) -> None:
    """A file with the layout of Keras; `fill(group of layer d)` writes the arrays."""
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "2.9.0"
        file.attrs["backend"] = "tensorflow"
        file.attrs["model_config"] = config if isinstance(config, str) else json.dumps(config)
        if training is not None:
            file.attrs["training_config"] = json.dumps(training)
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = list(names) if isinstance(names, tuple) else names
        layer = group.create_group("d")
        layer.attrs["weight_names"] = list(weights) if isinstance(weights, tuple) else weights
        (fill or good)(layer)


def good(layer: Any) -> None:
    layer["d/kernel:0"] = np.ones((3, 2), np.float32)
    layer["d/bias:0"] = np.zeros(2, np.float32)


def lambda_entry(function: Any, kind: str = "lambda") -> dict[str, Any]:
    config = {"name": "evil", "function": function, "function_type": kind, "batch_input_shape": [None, 3]}
    return {"class_name": "Lambda", "config": config}


def marshalled_lambda(path: Path, mark: Path) -> None:
    code = base64.b64encode(marshal.dumps(code_of(mark))).decode()
    h5(path, sequential(lambda_entry([code, None, None])))


def lambda_of_keras_3(path: Path, mark: Path) -> None:
    code = base64.b64encode(marshal.dumps(code_of(mark))).decode()
    h5(path, sequential(lambda_entry({"class_name": "__lambda__", "config": {"code": code}})))


def lambda_named(name: str) -> Maker:
    return lambda path, mark: h5(path, sequential(lambda_entry(name, "function")))


def external_link(path: Path, mark: Path) -> None:
    with h5py.File(f"{path}.secret", "w") as other:
        other["secret"] = np.ones((3, 2), np.float32)

    def fill(layer: Any) -> None:
        layer["d/kernel:0"] = h5py.ExternalLink(f"{path}.secret", "secret")
        layer["d/bias:0"] = np.zeros(2, np.float32)

    h5(path, sequential(dense()), fill)


def external_group(path: Path, mark: Path) -> None:
    h5(path, sequential(dense()))
    with h5py.File(path, "a") as file:
        del file["model_weights/d"]
        file["model_weights/d"] = h5py.ExternalLink("/etc/passwd", "/")


def soft_link(path: Path, mark: Path) -> None:
    def fill(layer: Any) -> None:
        layer["d/kernel:0"] = h5py.SoftLink("/model_weights/d/d/kernel:0")
        layer["d/bias:0"] = np.zeros(2, np.float32)

    h5(path, sequential(dense()), fill)


def external_storage(path: Path, mark: Path) -> None:
    def fill(layer: Any) -> None:
        layer.create_dataset("d/kernel:0", (3, 2), np.float32, external=[("/etc/passwd", 0, 24)])
        layer["d/bias:0"] = np.zeros(2, np.float32)

    h5(path, sequential(dense()), fill)


def virtual_dataset(path: Path, mark: Path) -> None:
    def fill(layer: Any) -> None:
        layout = h5py.VirtualLayout((3, 2), np.float32)
        layout[:] = h5py.VirtualSource("/etc/passwd", "x", (3, 2))
        layer.create_virtual_dataset("d/kernel:0", layout)
        layer["d/bias:0"] = np.zeros(2, np.float32)

    h5(path, sequential(dense()), fill)


def claims(shape: tuple[int, ...], units: int, inputs: int, **options: Any) -> Maker:
    """An array whose shape is a claim only, and a model to match."""

    def make(path: Path, mark: Path) -> None:
        def fill(layer: Any) -> None:
            layer.create_dataset("d/kernel:0", shape, np.float32, **options)
            layer["d/bias:0"] = np.zeros(2, np.float32)

        h5(path, sequential(dense(units=units, inputs=inputs)), fill)

    return make


def large_model_small_file(path: Path, mark: Path) -> None:
    h5(path, sequential(dense(units=10**6, inputs=10**6)))


def strings_for_numbers(path: Path, mark: Path) -> None:
    def fill(layer: Any) -> None:
        layer.create_dataset("d/kernel:0", (3, 2), h5py.string_dtype())
        layer["d/bias:0"] = np.zeros(2, np.float32)

    h5(path, sequential(dense()), fill)


def references_for_numbers(path: Path, mark: Path) -> None:
    def fill(layer: Any) -> None:
        layer.create_dataset("d/kernel:0", (3, 2), h5py.ref_dtype)
        layer["d/bias:0"] = np.zeros(2, np.float32)

    h5(path, sequential(dense()), fill)


def group_for_array(path: Path, mark: Path) -> None:
    def fill(layer: Any) -> None:
        layer.create_group("d/kernel:0")
        layer["d/bias:0"] = np.zeros(2, np.float32)

    h5(path, sequential(dense()), fill)


def broken_chunk(path: Path, mark: Path) -> None:
    def fill(layer: Any) -> None:
        layer.create_dataset("d/kernel:0", data=np.ones((3, 2), np.float32), chunks=(3, 2), compression="gzip")
        layer["d/bias:0"] = np.zeros(2, np.float32)
        layer["d/kernel:0"].id.write_direct_chunk((0, 0), b"no gzip at all")

    h5(path, sequential(dense()), fill)


def optimizer_from_elsewhere(path: Path, mark: Path) -> None:
    config = {"module": "os", "class_name": "system", "config": {"command": f"touch {mark}"}, "registered_name": None}
    h5(path, sequential(dense()), training={"loss": "mse", "metrics": [], "optimizer_config": config})


def loss_from_elsewhere(path: Path, mark: Path) -> None:
    loss = {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}
    optimizer = {"class_name": "SGD", "config": {}}
    h5(path, sequential(dense()), training={"loss": loss, "metrics": [], "optimizer_config": optimizer})


def initializer_from_elsewhere(path: Path, mark: Path) -> None:
    layer = dense()
    layer["config"]["kernel_initializer"] = {"module": "subprocess", "class_name": "Popen", "config": {"args": "ls"}}
    h5(path, sequential(layer))


def stateful_batch(path: Path, mark: Path) -> None:
    """States are kept per row of a batch, and the file says how many rows."""
    cell = {"class_name": "LSTM", "config": {"name": "d", "units": 1, "stateful": True, "return_sequences": True}}
    cell["config"]["batch_input_shape"] = [10**9, 2, 1]

    def fill(layer: Any) -> None:
        for name, shape in (("kernel:0", (1, 4)), ("recurrent_kernel:0", (1, 4)), ("bias:0", (4,))):
            layer[f"d/{name}"] = np.zeros(shape, np.float32)

    h5(path, sequential(cell), fill, weights=("d/kernel:0", "d/recurrent_kernel:0", "d/bias:0"))


def metric_from_file(class_name: str, **config: Any) -> Maker:
    def make(path: Path, mark: Path) -> None:
        metric = {"class_name": class_name, "config": config}
        optimizer = {"class_name": "SGD", "config": {}}
        h5(path, sequential(dense()), training={"loss": "mse", "metrics": [metric], "optimizer_config": optimizer})

    return make


def run_of_another(**changes: Any) -> Maker:
    """The place where nnstack keeps where a run was."""

    def make(path: Path, mark: Path) -> None:
        optimizer = {"class_name": "SGD", "config": {}}
        h5(path, sequential(dense()), training={"loss": "mse", "metrics": [], "optimizer_config": optimizer})
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


def ops_from_file(path: Path, mark: Path) -> None:
    steps = [{"op": "zeros", "inputs": [], "attributes": {"shape": [10**12]}, "index": 0}]
    inner = {"class_name": "TensorOperations", "config": {"name": "t", "steps": steps}}
    h5(path, sequential(dense(), inner))


def graph(**changes: Any) -> Maker:
    """A functional model with a part of its config replaced."""
    config = {
        "name": "m",
        "layers": [
            {
                "class_name": "InputLayer",
                "config": {"batch_input_shape": [None, 3], "name": "i"},
                "name": "i",
                "inbound_nodes": [],
            },
            {**dense(), "name": "d", "inbound_nodes": [[["i", 0, 0, {}]]]},
        ],
        "input_layers": [["i", 0, 0]],
        "output_layers": [["d", 0, 0]],
        **changes,
    }
    return lambda path, mark: h5(path, {"class_name": "Functional", "config": config})


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
        config = {"class_name": "Sequential", "config": {"name": "s", "layers": [config]}}
    encoder_limit, text = sys.getrecursionlimit(), ""
    sys.setrecursionlimit(100_000)
    try:
        text = json.dumps(config)
    finally:
        sys.setrecursionlimit(encoder_limit)
    h5(path, "{}")
    with h5py.File(path, "a", libver="latest") as file:
        file.attrs["model_config"] = text


def deep_json(path: Path, mark: Path) -> None:
    h5(path, "[" * 30_000)


def cut(path: Path, mark: Path) -> None:
    h5(path, sequential(dense()))
    path.write_bytes(path.read_bytes()[:3000])


def noise(path: Path, mark: Path) -> None:
    h5(path, sequential(dense()))
    data = bytearray(path.read_bytes())
    data[512:1024] = np.random.default_rng(0).bytes(512)
    path.write_bytes(bytes(data))


class _Attack:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return (open, (str(self.mark), "w"))


def pickle_file(path: Path, mark: Path) -> None:
    path.write_bytes(pickle.dumps(_Attack(mark)))


# -- .keras ---------------------------------------------------------------------------------------------------------
def archive(
    path: Path, config: Any, weights: bytes | None = None, extra: dict[str, bytes] | None = None, **options: Any
) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("metadata.json", json.dumps({"keras_version": "3.9.2"}))
        file.writestr("config.json", config if isinstance(config, str) else json.dumps(config))
        file.writestr("model.weights.h5", tree() if weights is None else weights)
        for name, content in (extra or {}).items():
            file.writestr(name, content)


def tree(change: Callable[[Any], None] | None = None) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["layers/dense/vars/0"] = np.ones((3, 2), np.float32)
        file["layers/dense/vars/1"] = np.zeros(2, np.float32)
        if change is not None:
            change(file)
    return buffer.getvalue()


def module_in_config(path: Path, mark: Path) -> None:
    call = {"module": "os", "class_name": "function", "config": "system", "registered_name": "function"}
    entry = {"module": "keras.layers", "class_name": "Lambda", "config": {"name": "evil", "function": call}}
    archive(path, sequential(dense(), entry))


def class_in_config(path: Path, mark: Path) -> None:
    archive(path, {"module": "subprocess", "class_name": "Popen", "config": {"args": ["touch", str(mark)]}})


def layer_that_reads_files(class_name: str, **config: Any) -> Maker:
    return lambda path, mark: archive(path, sequential(dense(), {"class_name": class_name, "config": config}))


def zip_bomb(path: Path, mark: Path) -> None:
    archive(path, " " * (70 << 20))


def pickle_for_weights(path: Path, mark: Path) -> None:
    archive(path, sequential(dense()), pickle.dumps(_Attack(mark)))


def link_in_weights(path: Path, mark: Path) -> None:
    def change(file: Any) -> None:
        del file["layers/dense/vars/0"]
        file["layers/dense/vars/0"] = h5py.ExternalLink("/etc/passwd", "/")

    archive(path, sequential(dense()), tree(change))


def groups_in_circles(path: Path, mark: Path) -> None:
    def change(file: Any) -> None:
        for number in range(20):
            file[f"layers/again{number}"] = file["/"]
        del file["layers/dense/vars/0"]

    archive(path, sequential(dense()), tree(change))


def without_config(path: Path, mark: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("../../evil", "out")
        file.writestr("metadata.json", "{}")


# -- checkpoints and SavedModels: a folder ----------------------------------------------------------------------------
def checkpoint(change: Callable[[bytearray], Any] | None = None, metadata: bytes | None = None) -> Maker:
    def make(path: Path, mark: Path) -> None:
        (path / "variables").mkdir(parents=True)
        (path / "saved_model.pb").write_bytes(b"")
        config = json.dumps({"class_name": "Sequential", "config": sequential(dense())["config"]}).encode()
        from nnstack.saving import protobuf

        node = protobuf.bytes_field(3, "root") + protobuf.bytes_field(5, config)
        (path / "keras_metadata.pb").write_bytes(protobuf.bytes_field(1, node) if metadata is None else metadata)
        data = io.BytesIO()
        index = bytearray(tensor_bundle.write({"x": np.ones(3, np.float32)}, data))
        if change is not None:
            change(index)
        (path / "variables" / "variables.index").write_bytes(bytes(index))
        (path / "variables" / "variables.data-00000-of-00001").write_bytes(data.getvalue())

    return make


def _flip(index: bytearray) -> None:
    index[10] ^= 0xFF


def _cut(index: bytearray) -> None:
    del index[20:40]


# -- YAML -------------------------------------------------------------------------------------------------------------
def yaml_text(text: str) -> Maker:
    return lambda path, mark: path.write_text(text.replace("MARK", str(mark))) and None


_LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)

FILES: list[tuple[str, Maker, str]] = [
    ("marshalled_lambda.h5", marshalled_lambda, "no functions for the Lambda layers evil"),
    ("lambda_of_keras_3.h5", lambda_of_keras_3, "no functions for the Lambda layers evil"),
    ("lambda_named_eval.h5", lambda_named("eval"), "no functions for the Lambda layers evil"),
    ("lambda_named_system.h5", lambda_named("os.system"), "no functions for the Lambda layers evil"),
    ("lambda_named_set_floatx.h5", lambda_named("set_floatx"), "no functions for the Lambda layers evil"),
    ("external_link.h5", external_link, "is a link .ExternalLink."),
    ("external_group.h5", external_group, "is a link .ExternalLink."),
    ("soft_link.h5", soft_link, "is a link .SoftLink."),
    ("external_storage.h5", external_storage, "lie in other files, which are not opened"),
    ("virtual_dataset.h5", virtual_dataset, "lie in other files, which are not opened"),
    ("claims_a_terabyte.h5", claims((10**6, 250_000), 250_000, 10**6, chunks=(1000, 1000)), "many times what the file"),
    ("compressed_zeros.h5", claims((20_000, 20_000), 20_000, 20_000, chunks=(1000, 1000), compression="gzip"),
     "many times what the file"),
    ("large_model_small_file.h5", large_model_small_file, "is larger than what the file holds for it"),
    ("strings_for_numbers.h5", strings_for_numbers, "expected numbers at"),
    ("references_for_numbers.h5", references_for_numbers, "expected numbers at"),
    ("group_for_array.h5", group_for_array, "expected an array at"),
    ("broken_chunk.h5", broken_chunk, "the file is broken"),
    ("missing_array.h5", lambda path, mark: h5(path, sequential(dense()), lambda layer: None), "is not in the file"),
    ("numbers_for_names.h5", lambda path, mark: h5(path, sequential(dense()), names=7), "is no list of names"),
    ("numbers_for_weights.h5", lambda path, mark: h5(path, sequential(dense()), weights=7.5), "is no list of names"),
    ("way_out.h5", lambda path, mark: h5(path, sequential(dense()), names=("../../etc",)), "is not in the file"),
    ("optimizer_from_elsewhere.h5", optimizer_from_elsewhere, "[Uu]nknown optimizer: 'system'"),
    ("loss_from_elsewhere.h5", loss_from_elsewhere, "[Uu]nknown loss function"),
    ("initializer_from_elsewhere.h5", initializer_from_elsewhere, "unknown functions or objects Popen"),
    ("ops_from_file.h5", ops_from_file, ""),
    ("graph_without_outputs.h5", graph(output_layers=[["x", 0, 0]]), 'names a layer "x" that is not in it'),
    ("graph_of_numbers.h5", graph(layers=[1, 2]), "expected a dict with class_name"),
    ("graph_output_77.h5", graph(output_layers=[["d", 0, 77]]), "has no output number 77"),
    ("graph_output_minus_1.h5", graph(output_layers=[["d", 0, -1]]), "has no output number -1"),
    ("graph_is_text.h5", graph(input_layers="i"), "expected tensors as"),
    ("cycle.h5", cycle, "are made nowhere"),
    ("stateful_batch.h5", stateful_batch, "larger than what the file holds|many times|memory"),
    ("auc_thresholds.h5", metric_from_file("AUC", num_thresholds=10**9), "larger than what the file holds|memory"),
    ("mean_iou.h5", metric_from_file("MeanIoU", num_classes=10**6), "larger than what the file holds|memory"),
    ("run_without_array.h5", run_of_another(kept_states={"array": 7}), "array 7 does not exist"),
    ("run_too_deep.h5", run_of_another(kept_states=json.loads("[" * 900 + "]" * 900)), "nested too deep|broken"),
    ("run_in_another_file.h5", run_in_another_file, "is a link .ExternalLink."),
    ("deep_models.h5", deep_models, "nested deeper"),
    ("deep_json.h5", deep_json, "nested deeper"),
    ("units_negative.h5", lambda path, mark: h5(path, sequential(dense(units=-1))), "units"),
    ("units_huge.h5", lambda path, mark: h5(path, sequential(dense(units=2**70))), "larger than what the file holds"),
    ("units_text.h5", lambda path, mark: h5(path, sequential(dense(units="9" * 50))), "units"),
    ("config_is_list.h5", lambda path, mark: h5(path, []), "expected a dict with class_name"),
    ("config_is_null.h5", lambda path, mark: h5(path, "null"), "holds no model"),
    ("no_json.h5", lambda path, mark: h5(path, "import os"), "broken JSON"),
    ("cut.h5", cut, "not an HDF5 file, or a broken one"),
    ("noise.h5", noise, ""),
    ("pickle.h5", pickle_file, "not an HDF5 file"),
    ("empty.h5", lambda path, mark: path.write_bytes(b"") and None, "not an HDF5 file"),
    ("module_in_config.keras", module_in_config, "no functions for the Lambda layers evil"),
    ("class_in_config.keras", class_in_config, "unknown classes Popen"),
    ("torch_module.keras", layer_that_reads_files("TorchModuleWrapper", module="gAN9cQAu"), "unknown classes Torch"),
    ("tfsm_layer.keras", layer_that_reads_files("TFSMLayer", filepath="/tmp"), "unknown classes TFSMLayer"),
    ("jax_layer.keras", layer_that_reads_files("JaxLayer", call_fn="x"), "unknown classes JaxLayer"),
    ("zip_bomb.keras", zip_bomb, "many times what the file holds"),
    ("pickle_for_weights.keras", pickle_for_weights, "is no HDF5 file"),
    ("link_in_weights.keras", link_in_weights, "is a link .ExternalLink."),
    ("groups_in_circles.keras", groups_in_circles, "weights of its own"),
    ("without_config.keras", without_config, "has no config.json"),
    ("cut.keras", lambda path, mark: path.write_bytes(b"PK\x03\x04" + b"\0" * 50) and None, "not a .keras file"),
    ("flipped_index", checkpoint(_flip), "is broken"),
    ("cut_index", checkpoint(_cut), "is broken"),
    ("no_objects", checkpoint(), "without the objects of Keras"),
    ("metadata_of_noise", checkpoint(metadata=b"\xff" * 100), "is broken"),
    ("metadata_never_ends", checkpoint(metadata=b"\x0a\xff\xff\xff\xff\x0f"), "is broken"),
    ("object.yaml", yaml_text("!!python/object/apply:os.system ['touch MARK']"), "tags that are not plain data"),
    ("new_object.yaml", yaml_text("!!python/object/new:type {args: [z, !!python/tuple [], {}]}"), "not plain data"),
    ("module.yaml", yaml_text("a: !!python/module:os"), "tags that are not plain data"),
    ("laughs.yaml", yaml_text(_LAUGHS + "class_name: Sequential\nconfig: {layers: *i}\n"), "more than"),
    ("circle.yaml", yaml_text("class_name: Sequential\nconfig: &a {layers: [*a]}"), "nested deeper"),
    ("deep.yaml", yaml_text("[" * 3_000), "nested deeper"),
]  # fmt: skip


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, make, _ in FILES:
        make(folder / name, folder / "mark")
    print(f"{len(FILES)} files in {folder}")


if __name__ == "__main__":
    main()
