"""The module paths of Keras 2.0 to 2.12, from which old programs import."""

import importlib

import numpy as np
import pytest

import nnstack
from nnstack import backend as K

FORMER = {
    "layers.advanced_activations": "LeakyReLU PReLU ELU ThresholdedReLU Softmax",
    "layers.convolutional": "Conv1D Conv2D Conv3D Conv2DTranspose SeparableConv2D UpSampling2D Cropping2D",
    "layers.convolutional_recurrent": "ConvLSTM2D",
    "layers.core": "Activation Dense Dropout Flatten Lambda Masking Permute RepeatVector Reshape SpatialDropout1D",
    "layers.cudnn_recurrent": "CuDNNGRU CuDNNLSTM",
    "layers.embeddings": "Embedding",
    "layers.experimental.preprocessing": "Normalization RandomFlip Rescaling TextVectorization",
    "layers.local": "LocallyConnected1D LocallyConnected2D",
    "layers.merge": "Add Concatenate Dot add concatenate dot",
    "layers.noise": "GaussianDropout GaussianNoise",
    "layers.normalization": "BatchNormalization LayerNormalization",
    "layers.pooling": "GlobalAveragePooling1D GlobalMaxPooling2D MaxPooling2D",
    "layers.recurrent": "GRU LSTM RNN SimpleRNN StackedRNNCells",
    "layers.wrappers": "Bidirectional TimeDistributed",
    "engine": "Input InputSpec Layer",
    "engine.base_layer": "InputSpec Layer",
    "engine.topology": "Input InputLayer InputSpec Layer",
}


@pytest.mark.parametrize("module", FORMER)
def test_the_names_are_those_of_nnstack_layers(module: str) -> None:
    found = importlib.import_module(f"nnstack.{module}")
    for name in FORMER[module].split():
        assert getattr(found, name) is getattr(nnstack.layers, name)
    with pytest.raises(ImportError, match="NoSuchLayer"):
        exec(f"from nnstack.{module} import NoSuchLayer")


def test_a_merging_layer_made_as_in_keras_2() -> None:
    from nnstack.layers.merge import _Merge

    class Mean(_Merge):
        def _merge_function(self, inputs):
            return (inputs[0] + inputs[1]) * 0.5

    a, b = nnstack.Input((2,)), nnstack.Input((2,))
    model = nnstack.Model([a, b], Mean()([a, b]))
    x = np.array([[1.0, 3.0]], np.float32)
    np.testing.assert_array_equal(model.predict([x, 3 * x], verbose=0), 2 * x)


def test_initializers_written_with_the_backend() -> None:
    def spread(shape, dtype=None):
        return K.random_normal(shape, mean=5.0, stddev=0.1, dtype=dtype) * 2.0

    layer = nnstack.layers.Dense(50, kernel_initializer=spread)
    nnstack.Sequential([nnstack.layers.InputLayer((40,)), layer])
    kernel = layer.get_weights()[0]
    assert kernel.shape == (40, 50)
    assert abs(kernel.mean() - 10.0) < 0.05 and abs(kernel.std() - 0.2) < 0.02
    start = K.variable([1.0, 2.0])
    np.testing.assert_array_equal(K.get_value(K.variable(start + K.square(start))), [2.0, 6.0])
    with pytest.raises(ValueError, match="placeholder"):
        K.variable(K.placeholder((2,)))


def test_former_modules_of_utils_have_what_keras_had_there() -> None:
    from nnstack.utils.data_utils import OrderedEnqueuer, Sequence, get_file
    from nnstack.utils.generic_utils import Progbar, get_custom_objects

    utils = nnstack.utils
    assert (get_file, Sequence, Progbar) == (utils.get_file, utils.Sequence, utils.Progbar)
    assert (OrderedEnqueuer, get_custom_objects) == (utils.OrderedEnqueuer, utils.get_custom_objects)
    with pytest.raises(ImportError, match="NoSuchName"):
        exec("from nnstack.utils.data_utils import NoSuchName")
