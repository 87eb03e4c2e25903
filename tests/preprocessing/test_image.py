"""Images: files, transforms against scipy, and batches from arrays, folders and frames."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("PIL")
from nnstack.layers import Dense, Flatten
from nnstack.models import Sequential
from nnstack.optimizers import Adam
from nnstack.preprocessing import image
from nnstack.preprocessing.image import ImageDataGenerator

RNG = np.random.default_rng(2)
X = (RNG.random((7, 6, 8, 3)) * 255).astype(np.float32)
Y = np.arange(7)


# -- files ----------------------------------------------------------------------------------------------------------
def test_arrays_and_pillow_images() -> None:
    array = (RNG.random((4, 5, 3)) * 255).astype("uint8").astype("float32")
    picture = image.array_to_img(array, scale=False)
    assert picture.size == (5, 4) and picture.mode == "RGB"
    np.testing.assert_array_equal(image.img_to_array(picture), array)
    np.testing.assert_array_equal(image.img_to_array(picture, "channels_first"), array.transpose(2, 0, 1))
    stretched = image.img_to_array(image.array_to_img(np.array([[[1.0], [3.0]]])))
    np.testing.assert_array_equal(stretched, [[[0], [255]]])
    deep = image.array_to_img(np.array([[[1.0], [70000.0]]]), scale=False)
    assert deep.mode == "I" and image.img_to_array(deep)[0, 1, 0] == 70000
    assert image.img_to_array(picture, dtype="uint8").dtype == np.uint8
    for wrong, message in ((np.zeros((2, 2)), "of three axes"), (np.zeros((2, 2, 2)), "1, 3 or 4 channels")):
        with pytest.raises(ValueError, match=message):
            image.array_to_img(wrong)


def test_load_and_save(tmp_path: Path) -> None:
    array = np.zeros((4, 8, 3), np.float32)
    array[:, 4:] = [0, 100, 200]
    image.save_img(tmp_path / "a.png", array, scale=False)
    np.testing.assert_array_equal(image.img_to_array(image.load_img(tmp_path / "a.png")), array)
    gray = image.load_img(str(tmp_path / "a.png"), color_mode="grayscale")
    assert image.img_to_array(gray).shape == (4, 8, 1)
    content = io.BytesIO((tmp_path / "a.png").read_bytes())
    small = image.img_to_array(image.load_img(content, target_size=(2, 4), color_mode="rgba"))
    assert small.shape == (2, 4, 4) and np.all(small[:, :2, :3] == 0) and np.all(small[:, 2:, 1] == 100)
    square = image.load_img(tmp_path / "a.png", target_size=(4, 4), keep_aspect_ratio=True)
    np.testing.assert_array_equal(image.img_to_array(square), array[:, 2:6])
    with pytest.raises(ValueError, match="as color_mode, got 'cmyk'"):
        image.load_img(tmp_path / "a.png", color_mode="cmyk")
    with pytest.raises(ValueError, match="as interpolation, got 'cubic'"):
        image.load_img(tmp_path / "a.png", target_size=(2, 2), interpolation="cubic")
    with pytest.raises(TypeError, match="expected a path or io.BytesIO, got int"):
        image.load_img(3)


# -- transforms -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("fill", ["nearest", "constant", "reflect", "wrap"])
@pytest.mark.parametrize("order", [0, 1])
def test_resampling_is_that_of_scipy(fill: str, order: int) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    from nnstack.preprocessing.transforms import _resample

    for _ in range(10):
        matrix, offset = RNG.normal(size=(2, 2)), RNG.normal(size=2) * 8
        ours = _resample(X[0], matrix, offset, order, fill, 9.0)
        expected = [ndimage.affine_transform(X[0][..., c], matrix, offset, order=order, mode=fill, cval=9.0)
                    for c in range(3)]  # fmt: skip
        np.testing.assert_allclose(ours, np.stack(expected, -1), atol=2e-3)


def test_affine_transform() -> None:
    square = np.arange(9.0).reshape(3, 3, 1)
    shifted = image.apply_affine_transform(square, tx=1)
    np.testing.assert_array_equal(shifted[..., 0], [[1, 2, 2], [4, 5, 5], [7, 8, 8]])
    down = image.apply_affine_transform(square, ty=1, fill_mode="constant", cval=-1)
    np.testing.assert_array_equal(down[..., 0], [[3, 4, 5], [6, 7, 8], [-1, -1, -1]])
    turned = image.apply_affine_transform(square, theta=90)
    np.testing.assert_allclose(turned[..., 0], np.rot90(square[..., 0]), atol=1e-9)
    first = image.apply_affine_transform(square.transpose(2, 0, 1), theta=90, row_axis=1, col_axis=2, channel_axis=0)
    np.testing.assert_allclose(first[0], turned[..., 0], atol=1e-9)
    np.testing.assert_array_equal(image.apply_affine_transform(square), square)
    cubic = image.apply_affine_transform(square, tx=1, order=3)
    np.testing.assert_allclose(cubic[..., 0], shifted[..., 0], atol=1e-6)
    with pytest.raises(ValueError, match="as fill_mode, got 'zeros'"):
        image.apply_affine_transform(square, tx=1, fill_mode="zeros")


def test_colours() -> None:
    shifted = image.apply_channel_shift(X[0], 40.0)
    np.testing.assert_allclose(shifted, np.clip(X[0] + 40, X[0].min(), X[0].max()))
    darker = image.apply_brightness_shift(np.full((2, 2, 3), 100.0), 0.5, scale=False)
    np.testing.assert_array_equal(darker, np.full((2, 2, 3), 50))
    beyond = image.apply_brightness_shift(np.array([[[0.0], [510.0]]]), 0.5, scale=False)
    np.testing.assert_allclose(beyond, [[[0], [254]]], atol=1e-3)
    np.random.seed(0)
    assert image.random_brightness(X[0], (0.1, 0.2)).mean() < X[0].mean() / 3
    assert image.random_channel_shift(X[0], 9.0).shape == X[0].shape
    for change in (
        image.random_rotation(X[0], 30, 0, 1, 2),
        image.random_shift(X[0], 0.3, 0.3, 0, 1, 2),
        image.random_shear(X[0], 30, 0, 1, 2),
        image.random_zoom(X[0], (0.5, 1.5), 0, 1, 2),
    ):
        assert change.shape == X[0].shape and np.abs(change - X[0]).max() > 1


# -- generator ------------------------------------------------------------------------------------------------------
def test_random_transform_draws_and_applies() -> None:
    make = ImageDataGenerator(
        rotation_range=20, width_shift_range=0.25, height_shift_range=[-2, 3], shear_range=5, zoom_range=0.2,
        channel_shift_range=10.0, horizontal_flip=True, vertical_flip=True, brightness_range=(0.9, 1.1),
    )  # fmt: skip
    drawn = [make.get_random_transform((6, 8, 3)) for _ in range(200)]
    for key, low, high in (("theta", -20, 20), ("ty", -2, 2), ("shear", -5, 5), ("zx", 0.8, 1.2), ("zy", 0.8, 1.2),
                           ("channel_shift_intensity", -10, 10), ("brightness", 0.9, 1.1)):  # fmt: skip
        values = np.array([one[key] for one in drawn])
        assert low <= values.min() < low + 0.2 * (high - low) and high - 0.2 * (high - low) < values.max() <= high
    assert {one["tx"] for one in drawn} == {-3.0, -2.0, 2.0, 3.0}
    assert 60 < sum(one["flip_horizontal"] for one in drawn) < 140
    assert make.get_random_transform((6, 8, 3), seed=4) == make.get_random_transform((6, 8, 3), seed=4)
    plain = ImageDataGenerator()
    both = plain.apply_transform(X[0], {"flip_horizontal": True, "flip_vertical": True})
    np.testing.assert_array_equal(both, X[0][::-1, ::-1])
    np.testing.assert_array_equal(plain.random_transform(X[0]), X[0])


def test_standardization() -> None:
    one = ImageDataGenerator(rescale=0.5, preprocessing_function=lambda x: x + 2).standardize(X[0])
    np.testing.assert_allclose(one, (X[0] + 2) * 0.5, rtol=1e-6)
    sample = ImageDataGenerator(samplewise_std_normalization=True).standardize(X[0])
    assert abs(sample.mean()) < 1e-4 and sample.std() == pytest.approx(1, rel=1e-4)
    feature = ImageDataGenerator(featurewise_std_normalization=True)
    with pytest.warns(UserWarning, match="does nothing before fit"):
        feature.standardize(X[0])
    feature.fit(X)
    whole = feature.standardize(X)
    np.testing.assert_allclose(whole.mean((0, 1, 2)), 0, atol=1e-4)
    np.testing.assert_allclose(whole.std((0, 1, 2)), 1, atol=1e-4)
    many = RNG.normal(size=(200, 2, 3, 1)).astype(np.float32) @ np.array([[3.0]], np.float32) + 1
    zca = ImageDataGenerator(zca_whitening=True, zca_epsilon=1e-9)
    zca.fit(many)
    white = zca.standardize(many).reshape(200, -1)
    np.testing.assert_allclose(white.T @ white / 200, np.eye(6), atol=1e-2)
    augmented = ImageDataGenerator(featurewise_center=True, horizontal_flip=True)
    augmented.fit(X, augment=True, rounds=2, seed=1)
    np.testing.assert_allclose(augmented.mean[0, 0], X.mean((0, 1, 2)), rtol=1e-5)
    for wrong, message in (
        ({"validation_split": 1.5}, "validation_split between 0 and 1"),
        ({"zoom_range": "far"}, "as zoom_range, got 'far'"),
        ({"brightness_range": 0.3}, "a pair as brightness_range"),
    ):
        with pytest.raises(ValueError, match=message):
            ImageDataGenerator(**wrong)


def test_flow_from_arrays(tmp_path: Path) -> None:
    batches = ImageDataGenerator().flow(X, Y, batch_size=3, shuffle=False, sample_weight=Y * 2.0)
    assert len(batches) == 3
    x, y, w = batches[2]
    np.testing.assert_array_equal(x, X[6:])
    np.testing.assert_array_equal((y[0], w[0]), (6, 12))
    seen = [next(batches)[1].tolist() for _ in range(4)]
    assert seen == [[0, 1, 2], [3, 4, 5], [6], [0, 1, 2]]
    mixed = ImageDataGenerator().flow(X, Y, batch_size=7, seed=3)
    first, second = next(mixed)[1], next(mixed)[1]
    assert sorted(first) == sorted(second) == list(range(7)) and list(first) != list(second)
    assert list(next(ImageDataGenerator().flow(X, Y, batch_size=7, seed=3))[1]) == list(first)
    alone, others = ImageDataGenerator().flow(X, batch_size=2), ImageDataGenerator().flow((X, [Y]), Y, shuffle=False)
    assert alone[0].shape == (2, 6, 8, 3)
    (x, extra), y = others[0]
    np.testing.assert_array_equal(extra, y)
    split = ImageDataGenerator(validation_split=0.3)
    assert len(split.flow(X, Y * 0, subset="validation")[0][0]) == 2
    np.testing.assert_array_equal(split.flow(X, Y * 0, subset="training", shuffle=False)[0][0], X[2:])
    with pytest.raises(ValueError, match="different classes"):
        split.flow(X, Y, subset="training")
    assert len(split.flow(X, Y, subset="training", ignore_class_split=True)[0][1]) == 5
    ImageDataGenerator().flow(X, batch_size=4, save_to_dir=tmp_path, save_prefix="p", save_format="jpeg")[0]
    assert len(list(tmp_path.glob("p_*.jpeg"))) == 4
    for wrong, message in (
        ((X, Y[:3]), "as many y as images, got 3 and 7"),
        ((X[0], None), "images of rank 4"),
        ((X, Y, "test"), "'training' or 'validation' as subset"),
    ):
        with pytest.raises(ValueError, match=message):
            ImageDataGenerator().flow(wrong[0], wrong[1], subset=wrong[2] if len(wrong) > 2 else None)


def test_models_train_on_generated_images() -> None:
    images = np.concatenate([X * 0.2, X * 0.2 + 180])
    labels = np.repeat([0, 1], 7)
    make = ImageDataGenerator(horizontal_flip=True, rescale=1 / 255)
    model = Sequential([Flatten(input_shape=(6, 8, 3)), Dense(1, "sigmoid")])
    model.compile(Adam(0.02), "binary_crossentropy", metrics=["accuracy"])
    batches = make.flow(images, labels, batch_size=5, seed=1)
    history = model.fit(batches, epochs=30, verbose=0).history
    assert len(history["loss"]) == 30 and history["accuracy"][-1] > 0.9
    assert model.evaluate(make.flow(images, labels), verbose=0)[1] > 0.9
    assert model.predict(make.flow(images, batch_size=4)).shape == (14, 1)


# -- folders and frames ---------------------------------------------------------------------------------------------
@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, shade, count in (("cats", 50, 4), ("dogs", 150, 6)):
        (tmp_path / name / "more").mkdir(parents=True)
        for i in range(count):
            where = tmp_path / name / ("more" if i == 1 else "")
            image.save_img(where / f"{i}.png", np.full((5, 7, 3), shade + i, np.float32), scale=False)
        (tmp_path / name / "notes.txt").write_text("no image")
    return tmp_path


def test_flow_from_directory(folder: Path, capsys: Any) -> None:
    make = ImageDataGenerator(validation_split=0.5)
    batches = make.flow_from_directory(folder, target_size=(4, 4), batch_size=10, shuffle=False)
    assert "Found 10 images belonging to 2 classes." in capsys.readouterr().out
    x, y = batches[0]
    assert x.shape == (10, 4, 4, 3) and batches.class_indices == {"cats": 0, "dogs": 1}
    np.testing.assert_array_equal(y, np.eye(2)[[0] * 4 + [1] * 6])
    np.testing.assert_array_equal(np.sort(x[:4, 0, 0, 0]), [50, 51, 52, 53])
    assert batches.filenames[3] == "cats/more/1.png" and list(batches.classes) == [0] * 4 + [1] * 6
    parts = [make.flow_from_directory(folder, subset=one, class_mode="binary") for one in ("validation", "training")]
    assert [part.samples for part in parts] == [5, 5]
    assert not set(parts[0].filenames) & set(parts[1].filenames)
    dogs = make.flow_from_directory(folder, classes=["dogs"], class_mode="sparse", color_mode="grayscale")
    x, y = dogs[0]
    assert x.shape == (6, 256, 256, 1) and list(y) == [0.0] * 6 and y.dtype == np.float32
    x, y = make.flow_from_directory(folder, class_mode="input", target_size=(2, 2))[0]
    np.testing.assert_array_equal(x, y)
    assert make.flow_from_directory(folder, class_mode=None, target_size=(2, 2))[0].shape == (10, 2, 2, 3)
    with pytest.raises(ValueError, match="no folder .* for class 'birds'"):
        make.flow_from_directory(folder, classes=["birds"])
    with pytest.raises(ValueError, match="as class_mode, got 'raw'"):
        make.flow_from_directory(folder, class_mode="raw")


def test_flow_from_dataframe(folder: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {
            "filename": ["cats/0.png", "dogs/0.png", "dogs/2.png", "dogs/99.png"],
            "class": ["cat", "dog", "dog", "dog"],
            "tags": [["a"], ["a", "b"], ["b"], ["b"]],
            "age": [1.5, 2.5, 3.5, 4.5],
            "size": [7, 8, 9, 10],
        }
    )
    make, options = ImageDataGenerator(), {"target_size": (2, 2), "shuffle": False}
    with pytest.warns(UserWarning, match="1 rows name no image file"):
        batches = make.flow_from_dataframe(frame, folder, weight_col="age", **options)
    x, y, w = batches[0]
    assert batches.class_indices == {"cat": 0, "dog": 1}
    np.testing.assert_array_equal(x[:, 0, 0, 0], [50, 150, 152])
    np.testing.assert_array_equal(y, [[1, 0], [0, 1], [0, 1]])
    np.testing.assert_array_equal(w, [1.5, 2.5, 3.5])
    frame = frame[:3]
    tags = make.flow_from_dataframe(frame, folder, y_col="tags", **options)[0][1]
    np.testing.assert_array_equal(tags, [[1, 0], [1, 1], [0, 1]])
    raw = make.flow_from_dataframe(frame, folder, y_col=["age", "size"], class_mode="raw", **options)[0][1]
    np.testing.assert_array_equal(raw, [[1.5, 7], [2.5, 8], [3.5, 9]])
    many = make.flow_from_dataframe(frame, folder, y_col=["age", "size"], class_mode="multi_output", **options)[0][1]
    np.testing.assert_array_equal(many[1], [7, 8, 9])
    only = make.flow_from_dataframe(frame, folder, classes=["dog"], class_mode="sparse", **options)
    assert only.samples == 2 and list(only[0][1]) == [0, 0]
    full = frame.assign(filename=[str(folder / name) for name in frame.filename])
    assert make.flow_from_dataframe(full, class_mode="binary", **options)[0][1].tolist() == [0, 1, 1]
    assert make.flow_from_dataframe(full, class_mode=None, **options)[0].shape == (3, 2, 2, 3)
    with pytest.raises(ValueError, match="multi_output needs a list"):
        make.flow_from_dataframe(frame, folder, y_col="age", class_mode="multi_output")
    with pytest.raises(ValueError, match="needs two classes, got 1"):
        make.flow_from_dataframe(frame[1:], folder, class_mode="binary")


def test_a_stretched_image_of_one_channel_stays_one_of_bytes() -> None:
    for top in np.random.RandomState(0).rand(300).astype("float32"):  # top * (255 / top) is above 255 for some
        picture = image.array_to_img(np.array([[[0.0], [top]]], "float32"))
        assert picture.mode == "L" and np.asarray(picture).tolist() == [[0, 255]]
