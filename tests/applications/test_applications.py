"""Published classifiers: layers, parameters and weights as real Keras has them (recorded), and their arguments."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from application_cases import CASES, FAMILIES, ONE_OF_EACH, digest

from nnstack import Input, applications, backend, layers, models
from nnstack.applications import imagenet_utils
from nnstack.engine import context

RECORDED = json.loads(Path(__file__).with_name("digests.json").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def fresh_names() -> Iterator[None]:
    backend.clear_session()
    yield
    backend.clear_session()


def built(name: str, **arguments: Any) -> Any:
    """The model, its weights zeros: no random numbers are drawn that nobody looks at."""
    with context.filling(1 << 40):
        return getattr(applications, name)(weights=arguments.pop("weights", None), **arguments)


# One model of each family; all of them with NNSTACK_ALL_MODELS=1, which takes half a minute.
QUICK = [case for case, (name, arguments) in CASES.items() if name in ONE_OF_EACH and "include_top" not in arguments]


@pytest.mark.parametrize("case", CASES if os.environ.get("NNSTACK_ALL_MODELS") == "1" else QUICK)
def test_same_layers_parameters_and_weights_as_keras(case: str) -> None:
    name, arguments = CASES[case]
    assert digest(built(name, **arguments)) == RECORDED[case]


def test_every_family_is_recorded() -> None:
    assert set(RECORDED) == set(CASES)
    assert set(FAMILIES) <= set(applications.__all__)


@pytest.mark.parametrize("name", ["MobileNetV2", "EfficientNetB0"])
def test_channels_first_computes_the_same(name: str) -> None:
    images = np.random.default_rng(3).uniform(0, 255, (2, 40, 36, 3)).astype("float32")
    last = getattr(applications, name)(weights=None, include_top=False, pooling="avg", input_shape=(40, 36, 3))
    drawn = drawn_weights(last, 5)
    last.set_weights(drawn)
    expected = last.predict(images, verbose=0)
    backend.set_image_data_format("channels_first")
    try:
        first = getattr(applications, name)(weights=None, include_top=False, pooling="avg", input_shape=(3, 40, 36))
        assert first.input_shape == (None, 3, 40, 36)
        first.set_weights([array.reshape(weight.shape) for array, weight in zip(drawn, first.weights, strict=True)])
        found = first.predict(images.transpose(0, 3, 1, 2), verbose=0)
    finally:
        backend.set_image_data_format("channels_last")
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-4 * np.abs(expected).max())


def drawn_weights(model: Any, seed: int) -> list[np.ndarray]:
    """Weights that keep the numbers of a deep network in range; variances positive."""
    generator = np.random.default_rng(seed)
    arrays = []
    for weight in model.weights:
        kind = weight.name.split("/")[-1]
        shape = tuple(weight.shape)
        if "count" in kind:
            arrays.append(np.zeros(shape, "int64"))
        elif "variance" in kind or "gamma" in kind:
            arrays.append(generator.uniform(0.7, 1.3, shape).astype("float32"))
        elif len(shape) > 1:
            fan_in = np.prod(shape[:-2]) * (1 if "depthwise" in kind else shape[-2])
            arrays.append(generator.normal(0, np.sqrt(1.5 / fan_in), shape).astype("float32"))
        else:
            arrays.append(generator.normal(0, 0.1, shape).astype("float32"))
    return arrays


def test_weights_from_a_path_in_order_and_by_name(tmp_path: Path) -> None:
    model = applications.MobileNetV2(weights=None, alpha=0.35, input_shape=(96, 96, 3), classes=5)
    path = tmp_path / "small_weights.h5"
    model.save_weights(path)
    again = applications.MobileNetV2(weights=str(path), alpha=0.35, input_shape=(96, 96, 3), classes=5)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    headless = applications.MobileNetV2(weights=None, alpha=0.35, input_shape=(96, 96, 3), include_top=False)
    headless.load_weights(path, by_name=True)
    for a, b in zip(model.get_weights()[:-2], headless.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_imagenet_weights_are_read_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    file = tmp_path / "models" / "mobilenet_2_5_128_tf_no_top.h5"
    arguments: dict[str, Any] = {"alpha": 0.25, "input_shape": (128, 128, 3), "include_top": False}
    with pytest.raises(FileNotFoundError, match="mobilenet_2_5_128_tf_no_top.h5 does not exist.*nothing is downloaded"):
        built("MobileNet", weights="imagenet", **arguments)
    model = applications.MobileNet(weights=None, **arguments)
    file.parent.mkdir()
    model.save_weights(file)
    again = built("MobileNet", weights="imagenet", **arguments)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("name", "top", "file"),
    [
        ("VGG16", True, "vgg16_weights_tf_dim_ordering_tf_kernels.h5"),
        ("VGG19", False, "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"),
        ("ResNet50", True, "resnet50_weights_tf_dim_ordering_tf_kernels.h5"),
        ("ResNet101V2", False, "resnet101v2_weights_tf_dim_ordering_tf_kernels_notop.h5"),
        ("InceptionV3", True, "inception_v3_weights_tf_dim_ordering_tf_kernels.h5"),
        ("InceptionResNetV2", False, "inception_resnet_v2_weights_tf_dim_ordering_tf_kernels_notop.h5"),
        ("Xception", True, "xception_weights_tf_dim_ordering_tf_kernels.h5"),
        ("MobileNet", True, "mobilenet_1_0_224_tf.h5"),
        ("MobileNetV2", True, "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5"),
        ("MobileNetV3Small", True, "weights_mobilenet_v3_small_224_1.0_float.h5"),
        ("MobileNetV3Large", False, "weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5"),
        ("DenseNet201", True, "densenet201_weights_tf_dim_ordering_tf_kernels.h5"),
        ("NASNetMobile", True, "nasnet_mobile.h5"),
        ("NASNetLarge", False, "nasnet_large_no_top.h5"),
        ("EfficientNetB3", True, "efficientnetb3.h5"),
        ("EfficientNetB0", False, "efficientnetb0_notop.h5"),
    ],
)
@pytest.mark.filterwarnings("ignore:mobilenet")
def test_names_of_published_files(
    name: str, top: bool, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(FileNotFoundError) as caught:
        built(name, weights="imagenet", include_top=top)
    assert str(tmp_path / "models" / file) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("VGG16", {"weights": "nowhere.h5"}, "expected weights None .random., 'imagenet' or the path"),
        ("VGG16", {"weights": "imagenet", "classes": 10}, "1000 classes, got classes=10"),
        ("VGG16", {"weights": "imagenet", "input_shape": (200, 200, 3)}, r"need input_shape \(224, 224, 3\)"),
        ("VGG16", {"pooling": "sum"}, "expected pooling None, 'avg' or 'max', got 'sum'"),
        ("ResNet50", {"input_shape": (224, 224)}, "three sizes"),
        ("ResNet50", {"input_shape": (None, None, 3)}, "include_top=True needs a known input_shape"),
        ("ResNet50", {"input_shape": (20, 64, 3)}, "at least 32 x 32"),
        ("InceptionV3", {"input_shape": (64, 64, 3), "include_top": False}, "at least 75 x 75"),
        ("Xception", {"weights": "imagenet", "include_top": False, "input_shape": (80, 80, 1)}, "need 3 channels"),
        ("ResNet50", {"weights": "imagenet", "classifier_activation": "relu"}, "classifier_activation None or"),
        ("MobileNet", {"weights": "imagenet", "alpha": 0.3}, "alpha 0.25, 0.5, 0.75, 1.0, got 0.3"),
        ("MobileNet", {"weights": "imagenet", "depth_multiplier": 2}, "have depth_multiplier 1, got 2"),
        ("MobileNetV3Small", {"weights": "imagenet", "minimalistic": True, "alpha": 0.75}, "alpha 1.0, got 0.75"),
    ],
)
def test_arguments_that_do_not_fit(name: str, arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        built(name, **{"weights": None, **arguments})


def test_unusual_channels_and_sizes_warn() -> None:
    with pytest.warns(UserWarning, match="1 or 3 channels"):
        built("MobileNetV2", alpha=0.35, include_top=False, input_shape=(64, 64, 5))
    with pytest.warns(UserWarning, match="those of 224 x 224 are read"), pytest.raises(FileNotFoundError):
        built("MobileNetV2", weights="imagenet", include_top=False, input_shape=(200, 200, 3))


def test_starting_from_a_tensor() -> None:
    image = Input((64, 64, 3), name="camera")
    scaled = layers.Rescaling(1 / 255)(image)
    model = built("MobileNetV2", alpha=0.35, include_top=False, pooling="avg", input_tensor=scaled)
    assert [layer.name for layer in model.layers[:3]] == ["camera", "rescaling", "Conv1"]
    assert model.input is image
    assert model.output_shape == (None, 1280)


def test_as_a_layer_with_a_head_of_ones_own_it_learns() -> None:
    base = applications.MobileNetV2(weights=None, alpha=0.35, include_top=False, pooling="avg", input_shape=(32, 32, 3))
    base.set_weights(drawn_weights(base, 2))
    base.trainable = False
    model = models.Sequential([base, layers.Dense(2, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(8, 32, 32, 3)), np.arange(8) % 2
    before = [array.copy() for array in base.get_weights()]
    history = model.fit(x, y, epochs=3, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    for a, b in zip(before, base.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_config_and_saved_model_come_back(tmp_path: Path) -> None:
    model = built("MobileNetV3Small", include_top=False, pooling="avg", alpha=0.75)
    model.set_weights(drawn_weights(model, 1))
    images = np.random.default_rng(2).uniform(0, 255, (2, 33, 40, 3)).astype("float32")
    model.save(tmp_path / "model.h5")
    again = models.load_model(tmp_path / "model.h5", compile=False)
    np.testing.assert_allclose(again.predict(images, verbose=0), model.predict(images, verbose=0), rtol=1e-5, atol=1e-6)


def test_scaled_residuals_come_back_from_a_config() -> None:
    kind = applications.inception_resnet_v2.CustomScaleLayer
    a, b = Input((3,)), Input((3,))
    model = models.Model([a, b], kind(0.25)([a, b]))
    again = models.model_from_json(model.to_json(), custom_objects={"CustomScaleLayer": kind})
    x, y = np.random.default_rng(2).normal(size=(2, 4, 3)).astype("float32")
    np.testing.assert_allclose(again.predict([x, y], verbose=0), x + 0.25 * y, rtol=1e-6)
    assert again.output_shape == (None, 3)


def test_modules_have_the_family_s_preprocessing() -> None:
    x = np.random.default_rng(0).uniform(0, 255, (2, 5, 4, 3))
    modes = {
        "caffe": ["vgg16", "vgg19", "resnet", "resnet50"],
        "tf": ["resnet_v2", "inception_v3", "inception_resnet_v2", "xception", "mobilenet", "mobilenet_v2", "nasnet"],
        "torch": ["densenet"],
        None: ["efficientnet", "mobilenet_v3"],
    }
    for mode, names in modes.items():
        expected = x if mode is None else imagenet_utils.preprocess_input(x, mode=mode)
        for name in names:
            module = getattr(applications, name)
            np.testing.assert_array_equal(module.preprocess_input(x), expected)
            assert module.decode_predictions is imagenet_utils.decode_predictions
    assert {name for name in applications.__all__ if name[0].islower()} == {
        *(name for names in modes.values() for name in names),
        "imagenet_utils",
    }


@pytest.mark.parametrize("mode", ["caffe", "tf", "torch"])
def test_preprocess_input(mode: str) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (2, 4, 5, 3), dtype=np.uint8)
    red, green, blue = (pixels[..., place].astype(float) for place in range(3))
    expected = {
        "caffe": [blue - 103.939, green - 116.779, red - 123.68],
        "tf": [colour / 127.5 - 1 for colour in (red, green, blue)],
        "torch": [(red / 255 - 0.485) / 0.229, (green / 255 - 0.456) / 0.224, (blue / 255 - 0.406) / 0.225],
    }[mode]
    last, first = np.stack(expected, -1), np.stack(expected, 1)
    before = pixels.copy()
    found = imagenet_utils.preprocess_input(pixels, mode=mode)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, last, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(pixels, before)
    np.testing.assert_allclose(imagenet_utils.preprocess_input(pixels[0], mode=mode), last[0], rtol=1e-5, atol=1e-5)
    moved = pixels.transpose(0, 3, 1, 2)
    found = imagenet_utils.preprocess_input(moved, "channels_first", mode)
    np.testing.assert_allclose(found, first, rtol=1e-5, atol=1e-5)
    one = imagenet_utils.preprocess_input(moved[0].astype("float64"), "channels_first", mode)
    assert one.dtype == np.float64
    np.testing.assert_allclose(one, first[0], rtol=1e-9, atol=1e-9)
    for data_format, images, wanted in (("channels_last", pixels, last), ("channels_first", moved, first)):
        tensor = Input(images.shape[1:], dtype="uint8")
        model = models.Model(tensor, imagenet_utils.preprocess_input(tensor, data_format, mode))
        np.testing.assert_allclose(model.predict(images, verbose=0), wanted, rtol=1e-5, atol=2e-5)


def test_preprocess_input_refuses() -> None:
    with pytest.raises(ValueError, match="expected mode 'caffe', 'tf' or 'torch', got 'jax'"):
        imagenet_utils.preprocess_input(np.zeros((1, 2, 2, 3)), mode="jax")
    with pytest.raises(ValueError, match="expected data_format"):
        imagenet_utils.preprocess_input(np.zeros((1, 2, 2, 3)), data_format="NHWC")


def test_decode_predictions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    scores = np.zeros((2, 1000), "float32")
    scores[0, [3, 7, 999]] = 0.2, 0.5, 0.3
    scores[1, 4] = 1.0
    with pytest.raises(FileNotFoundError, match="imagenet_class_index.json does not exist"):
        imagenet_utils.decode_predictions(scores)
    file = tmp_path / "models" / "imagenet_class_index.json"
    file.parent.mkdir()
    file.write_text(json.dumps({str(n): [f"n{n:08}", f"name_{n}"] for n in range(1000)}))
    found = imagenet_utils.decode_predictions(scores, top=3)
    assert [[row[:2] for row in rows] for rows in found][0] == [
        ("n00000007", "name_7"),
        ("n00000999", "name_999"),
        ("n00000003", "name_3"),
    ]
    assert found[0][0][2] == np.float32(0.5)
    assert len(found[1]) == 3 and found[1][0][1] == "name_4"
    elsewhere = file.rename(tmp_path / "index.json")
    assert imagenet_utils.decode_predictions(scores, 1, class_index=elsewhere)[0][0][1] == "name_7"
    with pytest.raises(ValueError, match=r"shape \(samples, 1000\), got \(2, 10\)"):
        imagenet_utils.decode_predictions(scores[:, :10])


def test_one_of_each_family_is_documented() -> None:
    for name in ONE_OF_EACH:
        function = getattr(applications, name)
        assert function.__name__ == name
        assert "Source: " in function.__doc__
