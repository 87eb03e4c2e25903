"""Files that name code: marshalled, pickled, by its module, by its class, by a tag of YAML."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from .parts import (
    Attack,
    Entry,
    Maker,
    archive,
    archive_of,
    dense,
    h5,
    h5_of,
    lambda_layer,
    layer,
    marshalled,
    sequential,
    trained,
)


def marshalled_lambda(path: Path, mark: Path) -> None:
    """CVE-2024-3660, CVE-2025-9905: the code of a Lambda."""
    h5(path, sequential(lambda_layer([marshalled(mark), None, None])))


def lambda_of_keras_3(path: Path, mark: Path) -> None:
    h5(path, sequential(lambda_layer({"class_name": "__lambda__", "config": {"code": marshalled(mark)}})))


def lambda_in_a_wrapper(path: Path, mark: Path) -> None:
    evil = lambda_layer([marshalled(mark), None, None])
    h5(path, sequential(layer("TimeDistributed", layer=evil, batch_input_shape=[None, 3, 3])))


def lambda_in_a_model_in_a_model(path: Path, mark: Path) -> None:
    h5(path, sequential(dense(), sequential(sequential(lambda_layer([marshalled(mark), None, None])))))


def code_for_the_output_shape(path: Path, mark: Path) -> None:
    """The function itself is a harmless one; the shape's and the mask's are not."""
    code = [marshalled(mark), None, None]
    shape = {"output_shape": code, "output_shape_type": "lambda", "mask": code}
    h5(path, sequential(dense(), lambda_layer("relu", "function", **shape)))


def code_as_activation(path: Path, mark: Path) -> None:
    changed = dense()
    changed["config"]["activation"] = {"class_name": "__lambda__", "config": {"code": marshalled(mark)}}
    archive(path, sequential(changed))


def lambda_named(name: str) -> Maker:
    return h5_of(lambda_layer(name, "function"))


def function(module: str, name: str) -> dict[str, Any]:
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def called_by_a_lambda(module: str, name: str, **arguments: Any) -> Maker:
    """CVE-2025-1550 (any module), CVE-2025-8747 and CVE-2025-9906 (Keras's own: one downloads, one loads another model,
    one switches the protection off).
    """
    evil = {"module": "keras.layers", "class_name": "Lambda", "registered_name": None}
    evil["config"] = {"name": "evil", "function": function(module, name), "arguments": arguments}  # type: ignore[assignment]
    return archive_of(dense(), evil)


def in_place_of(argument: str, value: Any) -> Maker:
    changed = dense()
    changed["config"][argument] = value
    return archive_of(changed)


def class_in_config(path: Path, mark: Path) -> None:
    archive(path, {"module": "subprocess", "class_name": "Popen", "config": {"args": ["touch", str(mark)]}})


def registered_elsewhere(path: Path, mark: Path) -> None:
    entry = {"module": "os", "class_name": "Dense", "config": dense()["config"], "registered_name": "os>system"}
    archive(path, sequential(entry, layer("Custom>Popen", args=["touch", str(mark)])))


def optimizer_from_elsewhere(path: Path, mark: Path) -> None:
    config = {"module": "os", "class_name": "system", "config": {"command": f"touch {mark}"}, "registered_name": None}
    trained(optimizer_config=config)(path, mark)


def pickled(path: Path, mark: Path) -> None:
    path.write_bytes(pickle.dumps(Attack(mark)))


def pickle_for_weights(path: Path, mark: Path) -> None:
    archive(path, sequential(dense()), pickle.dumps(Attack(mark)))


def pytorchs_layout(path: Path, mark: Path) -> None:
    """What torch.save writes: a zip with a pickle in it."""
    import zipfile

    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", pickle.dumps(Attack(mark)))
        file.writestr("archive/version", "3")


def yaml_text(text: str) -> Maker:
    return lambda path, mark: path.write_text(text.replace("MARK", str(mark))) and None


_NO_FUNCTION = "no functions for the Lambda layers evil"
FILES: list[Entry] = [
    ("marshalled_lambda.h5", marshalled_lambda, _NO_FUNCTION),
    ("lambda_of_keras_3.h5", lambda_of_keras_3, _NO_FUNCTION),
    ("lambda_in_a_wrapper.h5", lambda_in_a_wrapper, _NO_FUNCTION),
    ("lambda_in_a_model_in_a_model.h5", lambda_in_a_model_in_a_model, _NO_FUNCTION),
    ("code_as_activation.keras", code_as_activation, "__lambda__"),
    ("lambda_named_eval.h5", lambda_named("eval"), _NO_FUNCTION),
    ("lambda_named_system.h5", lambda_named("os.system"), _NO_FUNCTION),
    ("lambda_named_set_floatx.h5", lambda_named("set_floatx"), _NO_FUNCTION),
    ("lambda_calls_system.keras", called_by_a_lambda("os", "system"), _NO_FUNCTION),
    ("lambda_downloads.keras",
     called_by_a_lambda("keras.utils", "get_file", origin="http://localhost:1/x", extract=True), _NO_FUNCTION),
    ("lambda_loads_a_model.keras", called_by_a_lambda("keras.models", "load_model", safe_mode=False), _NO_FUNCTION),
    ("lambda_disarms.keras", called_by_a_lambda("keras.config", "enable_unsafe_deserialization"), _NO_FUNCTION),
    ("activation_of_os.keras", in_place_of("activation", function("os", "system")), "system"),
    ("activation_downloads.keras", in_place_of("activation", function("keras.utils", "get_file")), "get_file"),
    ("initializer_of_subprocess.keras", in_place_of("kernel_initializer",
     {"module": "subprocess", "class_name": "Popen", "config": {"args": "ls"}}), "Popen"),
    ("regularizer_of_os.keras", in_place_of("kernel_regularizer", function("os", "system")), "system"),
    ("constraint_of_builtins.keras", in_place_of("kernel_constraint", function("builtins", "exec")), "exec"),
    ("type_of_shell.keras", in_place_of("dtype",
     {"module": "os", "class_name": "system", "config": {"name": "float32"}, "registered_name": None}), "Policy"),
    ("typespec.keras", in_place_of("units", {"class_name": "__typespec__", "module": "os", "spec_name": "system",
     "config": ["ls"], "registered_name": None}), "units|typespec"),
    ("class_in_config.keras", class_in_config, "unknown classes Popen"),
    ("registered_elsewhere.keras", registered_elsewhere, "Popen"),
    ("torch_module.keras", archive_of(dense(), layer("TorchModuleWrapper", module="gAN9cQAu")), "classes Torch"),
    ("jax_layer.keras", archive_of(dense(), layer("JaxLayer", call_fn="x")), "unknown classes JaxLayer"),
    ("optimizer_from_elsewhere.h5", optimizer_from_elsewhere, "[Uu]nknown optimizer: 'system'"),
    ("loss_from_elsewhere.h5", trained(loss=function("os", "system")), "[Uu]nknown loss function"),
    ("metric_from_elsewhere.h5", trained(metrics=[function("os", "system")]), "[Uu]nknown metric"),
    ("pickle.h5", pickled, "not an HDF5 file"),
    ("pickle_for_weights.keras", pickle_for_weights, "is no HDF5 file"),
    ("pytorchs_layout.keras", pytorchs_layout, "has no config.json"),
    ("object.yaml", yaml_text("!!python/object/apply:os.system ['touch MARK']"), "tags that are not plain data"),
    ("new_object.yaml", yaml_text("!!python/object/new:type {args: [z, !!python/tuple [], {}]}"), "not plain data"),
    ("module.yaml", yaml_text("a: !!python/module:os"), "tags that are not plain data"),
    ("name.yaml", yaml_text("class_name: Sequential\nconfig: !!python/name:os.system"), "not plain data"),
    ("object_in_a_tuple.yaml", yaml_text("!!python/tuple [!!python/object/apply:os.system ['touch MARK']]"),
     "tags that are not plain data"),
]  # fmt: skip
