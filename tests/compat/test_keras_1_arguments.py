"""Programs in the words of Keras 1, which Keras 2 took with a warning."""

import numpy as np
import pytest

import nnstack
from nnstack import backend as K
from nnstack import layers
from nnstack.models import Model, Sequential

# layer made as in Keras 1, and as today
SAME = [
    (
        lambda: layers.Dense(output_dim=4, init="he_normal", bias=False, W_regularizer="l2", b_constraint="nonneg"),
        lambda: layers.Dense(
            4,
            kernel_initializer="he_normal",
            use_bias=False,
            kernel_regularizer="l2",
            bias_constraint="nonneg",
        ),
    ),
    (
        lambda: layers.Convolution2D(4, 3, 2, border_mode="same", subsample=(2, 2), dim_ordering="th"),
        lambda: layers.Conv2D(4, (3, 2), padding="same", strides=(2, 2), data_format="channels_first"),
    ),
    (lambda: layers.Convolution2D(4, 3, 2), lambda: layers.Conv2D(4, (3, 2))),
    (lambda: layers.Convolution2D(4, (3, 2), 1), lambda: layers.Conv2D(4, (3, 2), 1)),
    (lambda: layers.Convolution2D(nb_filter=4, nb_row=3, nb_col=2), lambda: layers.Conv2D(4, (3, 2))),
    (lambda: layers.Conv2D(4, 3, 2, border_mode="same"), lambda: layers.Conv2D(4, (3, 2), padding="same")),
    (lambda: layers.Conv2D(4, 3, 2), lambda: layers.Conv2D(4, (3, 3), strides=(2, 2))),
    (lambda: layers.Convolution3D(4, 1, 2, 3), lambda: layers.Conv3D(4, (1, 2, 3))),
    (lambda: layers.Deconvolution2D(4, 3, 2, output_shape=(None, 9, 9, 4)), lambda: layers.Conv2DTranspose(4, (3, 2))),
    (
        lambda: layers.AtrousConvolution2D(4, 3, 3, atrous_rate=(2, 2)),
        lambda: layers.Conv2D(4, (3, 3), dilation_rate=(2, 2)),
    ),
    (lambda: layers.SeparableConvolution2D(4, 3, 2), lambda: layers.SeparableConv2D(4, (3, 2))),
    (lambda: layers.Convolution1D(4, filter_length=3, subsample_length=2), lambda: layers.Conv1D(4, 3, strides=2)),
    (
        lambda: layers.LSTM(
            output_dim=3, inner_init="glorot_normal", forget_bias_init="one", inner_activation="hard_sigmoid",
            dropout_W=0.1, dropout_U=0.2, consume_less="gpu",
        ),
        lambda: layers.LSTM(
            3, recurrent_initializer="glorot_normal", recurrent_activation="hard_sigmoid", dropout=0.1,
            recurrent_dropout=0.2,
        ),
    ),
    (
        lambda: layers.MaxPooling2D((2, 2), border_mode="same", dim_ordering="tf"),
        lambda: layers.MaxPooling2D((2, 2), padding="same", data_format="channels_last"),
    ),
    (lambda: layers.Dropout(p=0.25), lambda: layers.Dropout(0.25)),
    (lambda: layers.GaussianNoise(sigma=0.25), lambda: layers.GaussianNoise(0.25)),
    (lambda: layers.BatchNormalization(mode=0, axis=1), lambda: layers.BatchNormalization(axis=1)),
    (lambda: layers.Embedding(9, 4, dropout=0.2, init="one"), lambda: layers.Embedding(9, 4, "ones")),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*of Keras 1")
@pytest.mark.parametrize("case", range(len(SAME)))
def test_a_layer_made_in_keras_1_words_is_the_same_layer(case: int) -> None:
    old, new = (make().get_config() | {"name": ""} for make in SAME[case])
    assert old == new


def test_what_to_write_today_is_said_and_other_words_are_refused() -> None:
    with pytest.warns(UserWarning, match=r"Dense: output_dim of Keras 1; write units=4"):
        layers.Dense(output_dim=4)
    with pytest.raises(TypeError, match="unknown argument 'nb_filter'"):
        layers.Dense(4, nb_filter=3)
    assert layers.MaxoutDense(output_dim=4).output_dim == 4  # its own word, no warning


def test_a_class_of_keras_1_is_written_as_todays() -> None:
    model = Sequential([layers.Convolution2D(2, 3, 3, input_shape=(5, 5, 1))])
    layer = model.layers[0]
    assert isinstance(layer, layers.Conv2D) and isinstance(layer, layers.Convolution2D)
    assert layer.name.startswith("conv2d") and layers.serialize(layer)["class_name"] == "Conv2D"
    assert nnstack.models.model_from_json(model.to_json()).output_shape == (None, 3, 3, 2)


def test_merge_joins_tensors_by_its_mode() -> None:
    from nnstack.layers import merge

    a, b = np.array([[1.0, 2.0]], "float32"), np.array([[3.0, 5.0]], "float32")
    expected = {
        "sum": [[4, 7]], "mul": [[3, 10]], "ave": [[2, 3.5]], "max": [[3, 5]], "concat": [[1, 2, 3, 5]], "dot": [[13]],
    }  # fmt: skip
    x, y = nnstack.Input((2,)), nnstack.Input((2,))
    for mode, value in expected.items():
        np.testing.assert_allclose(Model(input=[x, y], output=merge([x, y], mode=mode)).predict([a, b]), value)
    np.testing.assert_allclose(Model([x, y], merge([x, y], mode=lambda z: z[0] - z[1])).predict([a, b]), a - b)
    with pytest.raises(ValueError, match="'average'"):
        merge([x, y], mode="average")


def test_generators_of_keras_1() -> None:
    class Batches:
        batch_size = 4

        def __iter__(self):
            return self

        def __next__(self):
            return np.ones((4, 2)), np.ones((4, 1))

    model = Sequential([layers.Dense(1, input_dim=2)])
    model.compile("sgd", "mse")
    seen = []
    count = nnstack.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch))
    history = model.fit_generator(
        Batches(), samples_per_epoch=12, nb_epoch=2, verbose=0, callbacks=[count], validation_data=Batches(),
        nb_val_samples=1, max_q_size=2, nb_worker=1, pickle_safe=False,
    )  # fmt: skip
    assert seen == [0, 1, 2] * 2 and len(history.history["val_loss"]) == 2
    assert model.predict_generator(Batches(), val_samples=3).shape == (12, 1)
    assert model.evaluate_generator(Batches(), val_samples=2) >= 0


def test_image_dim_ordering() -> None:
    K.set_image_dim_ordering("th")
    try:
        assert (K.image_dim_ordering(), K.image_data_format()) == ("th", "channels_first")
    finally:
        K.set_image_dim_ordering("tf")
    assert (K.image_dim_ordering(), K.image_data_format()) == ("tf", "channels_last")
    with pytest.raises(ValueError, match="'tf' or 'th'"):
        K.set_image_dim_ordering("channels_last")


def test_tensors_of_a_graph_are_judged_by_the_layers() -> None:
    """As the generator of an ACGAN that is given (batch, 1, latent): Dense and Reshape take it."""
    inner = Sequential([layers.Dense(6, input_dim=3), layers.Reshape((2, 3))])
    x = nnstack.Input((1, 3))
    model = Model(x, inner(x))
    data = np.random.default_rng(0).normal(size=(4, 1, 3)).astype("float32")
    np.testing.assert_allclose(model.predict(data), inner.predict(data[:, 0]), rtol=1e-6)
    model.compile("sgd", "mse")
    model.fit(data, np.zeros((4, 2, 3)), verbose=0)
    with pytest.raises(ValueError, match="expects shape"):
        inner(data)
    with pytest.raises(ValueError, match="last axis|expected axis"):
        inner(nnstack.Input((4,)))


def test_a_layer_that_gives_a_list_of_one_can_be_merged() -> None:
    x = nnstack.Input((3,))
    slope = layers.Lambda(lambda z: K.gradients(K.sum(K.square(z)), z))(x)
    model = Model(x, layers.multiply([x, slope]))
    np.testing.assert_allclose(model.predict(np.array([[1.0, 2.0, 3.0]])), [[2.0, 8.0, 18.0]])
