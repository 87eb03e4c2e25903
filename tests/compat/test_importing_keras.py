"""Module paths of Keras 2 and tf.keras lead to nnstack, when asked and only then."""

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import nnstack
from nnstack.compat import importing, keras_paths

# module -> names that programs import from it
PATHS = {
    "keras": "Input Model Sequential backend layers optimizers",
    "keras.activations": "relu",
    "keras.backend.tensorflow_backend": "set_session get_session",
    "keras.callbacks": "EarlyStopping ModelCheckpoint TensorBoard",
    "keras.datasets": "mnist imdb",
    "keras.engine": "Input InputSpec Layer",
    "keras.engine.base_layer": "Layer",
    "keras.engine.functional": "Functional",
    "keras.engine.network": "Network",
    "keras.engine.topology": "Layer InputSpec Container Input",
    "keras.engine.training": "Model",
    "keras.initializers": "glorot_uniform RandomNormal",
    "keras.layers": "Dense LSTM Conv2D Input concatenate",
    "keras.layers.advanced_activations": "LeakyReLU PReLU",
    "keras.layers.convolutional": "Conv2D UpSampling2D ZeroPadding2D",
    "keras.layers.core": "Dense Dropout Activation Flatten Lambda",
    "keras.layers.embeddings": "Embedding",
    "keras.layers.experimental.preprocessing": "Rescaling",
    "keras.layers.merge": "add concatenate",
    "keras.layers.normalization": "BatchNormalization",
    "keras.layers.normalization.batch_normalization": "BatchNormalization",
    "keras.layers.pooling": "MaxPooling2D",
    "keras.layers.recurrent": "LSTM GRU",
    "keras.layers.recurrent_v2": "LSTM",
    "keras.layers.core.dense": "Dense",
    "keras.layers.wrappers": "TimeDistributed Bidirectional",
    "keras.legacy": "interfaces",
    "keras.losses": "mean_squared_error",
    "keras.mixed_precision.experimental": "Policy",
    "keras.models": "Model Sequential load_model model_from_json",
    "keras.objectives": "categorical_crossentropy",
    "keras.optimizers": "Adam SGD RMSprop",
    "keras.optimizers.schedules": "ExponentialDecay",
    "keras.preprocessing.image": "ImageDataGenerator load_img img_to_array",
    "keras.preprocessing.sequence": "pad_sequences",
    "keras.preprocessing.text": "Tokenizer",
    "keras.regularizers": "l1 l2",
    "keras.utils": "to_categorical plot_model",
    "keras.utils.conv_utils": "normalize_tuple conv_output_length",
    "keras.utils.data_utils": "get_file Sequence",
    "keras.utils.generic_utils": "get_custom_objects",
    "keras.utils.layer_utils": "count_params",
    "keras.utils.np_utils": "to_categorical",
    "keras.utils.vis_utils": "plot_model",
    "keras.wrappers.scikit_learn": "KerasClassifier KerasRegressor",
    "keras.src.layers": "Dense",
    "keras_preprocessing.image": "ImageDataGenerator",
    "tf_keras.layers": "Dense",
    "tensorflow.keras": "Model layers",
    "tensorflow.keras.layers": "Dense",
    "tensorflow.keras.optimizers.legacy": "Adam",
    "tensorflow.python.keras.layers": "Dense",
    "tensorflow.python.keras.engine.training": "Model",
    "tensorflow.contrib.keras.api.keras.models": "Sequential",
    "tensorflow.compat.v1.keras.backend": "set_session",
    "tensorflow.compat.v2.keras": "Model",
    "tensorflow.math": "reduce_sum",
    "tensorflow.data": "Dataset",
    "tensorflow.random": "set_seed",
    "tensorflow.losses": "MeanSquaredError",
}


@pytest.mark.parametrize("module", PATHS)
def test_names_come_from_where_programs_import_them(tf: Any, module: str) -> None:
    found = importlib.import_module(module)
    for name in PATHS[module].split():
        assert getattr(found, name) is not None
        exec(f"from {module} import {name}")
    if "Dense" in PATHS[module].split():
        assert found.Dense is nnstack.layers.Dense
    if "Model" in PATHS[module].split():
        assert found.Model is nnstack.Model


@pytest.mark.parametrize("path", keras_paths.PATHS)
def test_every_path_of_the_table_leads_to_modules(path: str) -> None:
    for target in keras_paths.targets(path):
        assert target == "nnstack.applications" or importlib.import_module(target)


def test_what_is_not_there_is_said(tf: Any) -> None:
    with pytest.raises(ImportError, match=r"Keras 2 here and has no module for 'keras\.ops'"):
        exec("from keras import ops")
    with pytest.raises(AttributeError, match="has no attribute 'Sequentail'; near to it: Sequential"):
        _ = tf.keras.Sequentail
    with pytest.raises(ImportError, match="keras.layers.nothing"):
        importlib.import_module("keras.layers.nothing")


def test_only_when_asked() -> None:
    assert not importing.is_installed()
    if importlib.util.find_spec("keras") is None:
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("keras")


def test_the_command_runs_a_script_as_if_by_itself(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("answer = 42\n")
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\nfrom beside import answer\nimport keras\nfrom tensorflow.keras.layers import Dense\n"
        "assert __name__ == '__main__' and keras.__version__.startswith('2.')\n"
        "print(answer, Dense.__module__, sys.argv[1:])\nsys.exit(3)\n"
    )
    command = [sys.executable, "-m", "nnstack", "run", str(script), "--epochs", "2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 3, done.stderr
    assert done.stdout.strip() == "42 nnstack.layers.dense ['--epochs', '2']"
    missing = subprocess.run([*command[:4], "nothing.py"], capture_output=True, text=True, timeout=300)
    assert missing.returncode == 1 and "no file nothing.py" in missing.stderr
