"""Preprocessing: what adapt learns, how values are looked up, and what happens to images. The bins of hashing and the
orders of vocabularies are those of tf.keras (its documentation's examples).
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstack import layers as L
from nnstack import utils
from nnstack.layers.preprocessing.fingerprints import fingerprint64, siphash
from nnstack.models import Model, Sequential

RNG = np.random.default_rng(8)
IMAGES = RNG.uniform(0, 255, size=(6, 5, 7, 3)).astype(np.float32)


def test_normalization() -> None:
    x = RNG.normal(3.0, 2.0, size=(100, 4)).astype(np.float32)
    layer = L.Normalization()
    layer.adapt(x)
    np.testing.assert_allclose(layer(x).numpy(), (x - x.mean(0)) / x.std(0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(layer.mean.numpy(), x.mean(0)[None], rtol=1e-5)
    np.testing.assert_allclose(layer.variance.numpy(), x.var(0)[None], rtol=1e-4)
    in_parts = L.Normalization()
    in_parts.adapt(iter([x[:30], x[30:80], x[80:]]))
    np.testing.assert_allclose(in_parts(x).numpy(), layer(x).numpy(), rtol=1e-3, atol=1e-4)
    assert [w.dtype for w in layer.weights] == ["float32", "float32", "int64"] and int(layer.count.numpy()) == 100
    back = L.Normalization(mean=x.mean(0), variance=x.var(0), invert=True)
    np.testing.assert_allclose(back(layer(x)).numpy(), x, rtol=1e-3, atol=1e-3)
    i = L.Input((4,))
    np.testing.assert_allclose(Model(i, layer(i)).predict(x, verbose=0), layer(x).numpy(), rtol=1e-5)
    with pytest.raises(ValueError, match="expected mean and variance both or none"):
        L.Normalization(mean=1.0)


def test_discretization() -> None:
    layer = L.Discretization(num_bins=4)
    layer.adapt(np.arange(1000.0))
    np.testing.assert_allclose(layer.bin_boundaries, [249, 499, 749], atol=12)
    x = np.array([[-1.5, 1.0, 3.4, 0.5]])
    assert L.Discretization([0.0, 1.0, 2.0])(x).numpy().tolist() == [[0, 2, 3, 1]]
    hot = L.Discretization([0.0, 1.0], output_mode="one_hot")(np.array([0.5, 7.0])).numpy()
    assert hot.tolist() == [[0, 1, 0], [0, 0, 1]]
    again = L.Discretization.from_config(layer.get_config())
    assert again.bin_boundaries == layer.bin_boundaries


def test_category_encoding() -> None:
    one_hot = L.CategoryEncoding(4, "one_hot")([3, 2, 0, 1]).numpy()
    np.testing.assert_array_equal(one_hot, np.eye(4)[[3, 2, 0, 1]])
    multi = L.CategoryEncoding(4)([[0, 1], [0, 0], [1, 2], [3, 1]]).numpy()
    assert multi.tolist() == [[1, 1, 0, 0], [1, 0, 0, 0], [0, 1, 1, 0], [0, 1, 0, 1]]
    weights = np.array([[0.1, 0.2], [0.1, 0.1], [0.2, 0.3], [0.4, 0.2]])
    counts = L.CategoryEncoding(4, "count")([[0, 1], [0, 0], [1, 2], [3, 1]], count_weights=weights).numpy()
    np.testing.assert_allclose(
        counts, [[0.1, 0.2, 0, 0], [0.2, 0, 0, 0], [0, 0.2, 0.3, 0], [0, 0.2, 0, 0.4]], rtol=1e-6
    )
    with pytest.raises(ValueError, match="expected numbers from 0 to 3, got 0 to 4"):
        L.CategoryEncoding(4)([[0, 4]])


def test_hashing() -> None:
    letters = [["A"], ["B"], ["C"], ["D"], ["E"]]
    assert L.Hashing(3)(letters).numpy().ravel().tolist() == [1, 0, 1, 1, 2]
    assert L.Hashing(3, mask_value="")([["A"], ["B"], [""], ["C"], ["D"]]).numpy().ravel().tolist() == [1, 1, 0, 2, 2]
    assert L.Hashing(3, salt=[133, 137])(letters).numpy().ravel().tolist() == [1, 2, 1, 0, 2]
    assert L.Hashing(3, salt=133)(letters).numpy().ravel().tolist() == [0, 0, 2, 1, 0]
    assert L.Hashing(3, dtype="float16")(letters).dtype == "int64"
    crossed = L.HashedCrossing(5)((["A", "B", "A", "B", "A"], [101, 101, 101, 102, 102]))
    assert crossed.numpy().tolist() == [1, 4, 1, 1, 3]
    with pytest.raises(TypeError, match="Apply the layer to the data"):
        L.Hashing(3)(L.Dense(1)(L.Input((1,))))


def test_fingerprints() -> None:
    assert fingerprint64(b"") == 0x9AE16A3B2F90404F
    key = (0x0706050403020100, 0x0F0E0D0C0B0A0908)  # the vectors of the SipHash paper
    assert siphash(bytes(range(15)), key) == 0xA129CA6149BE45E5
    assert siphash(b"", key) == 0x726FDB47DD0E0E31


def test_string_lookup(tmp_path: Path) -> None:
    words = np.array([["a", "c", "d"], ["d", "z", "b"]])
    layer = L.StringLookup(vocabulary=["a", "b", "c", "d"])
    assert layer(words).numpy().tolist() == [[1, 3, 4], [4, 0, 2]]
    assert layer.get_vocabulary() == ["[UNK]", "a", "b", "c", "d"] and layer.vocabulary_size() == 5
    learned = L.StringLookup()
    learned.adapt(words)
    assert learned.get_vocabulary() == ["[UNK]", "d", "z", "c", "b", "a"]  # by count, then from the end of the alphabet
    assert L.StringLookup(max_tokens=3).from_config(learned.get_config())(words).numpy().tolist() == [
        [5, 3, 1],
        [1, 2, 4],
    ]
    back = L.StringLookup(vocabulary=["a", "b", "c", "d"], invert=True)
    assert back(np.array([[1, 3, 4], [4, 0, 2]])).tolist() == [["a", "c", "d"], ["d", "[UNK]", "b"]]
    (tmp_path / "words.txt").write_text("a\nb\nc\nd\n", encoding="utf-8")
    assert L.StringLookup(vocabulary=str(tmp_path / "words.txt"))(words).numpy().tolist() == [[1, 3, 4], [4, 0, 2]]
    hot = L.StringLookup(vocabulary=["a", "b", "c", "d"], output_mode="multi_hot")(
        [["a", "c", "d", "d"], ["d", "z", "b", "z"]]
    )
    assert hot.numpy().tolist() == [[0, 1, 0, 1, 1], [1, 0, 1, 0, 1]]
    idf = L.StringLookup(vocabulary=["a", "b"], idf_weights=[0.25, 0.75], output_mode="tf_idf")
    np.testing.assert_allclose(idf([["a", "b", "b", "z"]]).numpy(), [[0.5, 0.25, 1.5]])
    with pytest.raises(ValueError, match="expected each token once"):
        L.StringLookup(vocabulary=["a", "a"])
    with pytest.raises(ValueError, match="is not in the vocabulary"):
        L.StringLookup(vocabulary=["a"], num_oov_indices=0)(["b"])
    with pytest.raises(ValueError, match="the vocabulary is empty"):
        L.StringLookup()(["b"])


def test_integer_lookup() -> None:
    data = np.array([[12, 1138, 42], [42, 1000, 36]])
    assert L.IntegerLookup(vocabulary=[12, 36, 1138, 42])(data).numpy().tolist() == [[1, 3, 4], [4, 0, 2]]
    more = L.IntegerLookup(vocabulary=[12, 36, 1138, 42], num_oov_indices=2)
    assert more([[12, 1138, 42], [37, 1000, 36]]).numpy().tolist() == [[2, 4, 5], [1, 0, 3]]
    masked = L.IntegerLookup(vocabulary=[5, 7], mask_token=0)
    assert masked([[0, 5, 9]]).numpy().tolist() == [[0, 2, 1]] and masked.get_vocabulary() == [0, -1, 5, 7]
    model = Sequential([L.Embedding(5, 2)])
    assert model.predict(more.from_config(more.get_config())(data).numpy() % 5, verbose=0).shape == (2, 3, 2)


def test_text_vectorization() -> None:
    texts = ["The quick, brown fox!", "the lazy dog", "the fox"]
    layer = L.TextVectorization(output_sequence_length=4)
    layer.adapt(texts)
    assert layer.get_vocabulary()[:4] == ["", "[UNK]", "the", "fox"]
    assert layer(["THE unknown fox"]).numpy().tolist() == [[2, 1, 3, 0]]
    assert layer([["the"], ["fox fox"]]).numpy().tolist() == [[2, 0, 0, 0], [3, 3, 0, 0]]
    pairs = L.TextVectorization(ngrams=2, output_mode="count", vocabulary=["the", "the fox", "fox"])
    assert pairs(["the fox the fox"]).numpy().tolist() == [[1, 2, 2, 2]]
    letters = L.TextVectorization(split="character", standardize=None, vocabulary=["a", "b"])
    assert letters(["ab", "bca"]).numpy().tolist() == [[2, 3, 0], [3, 1, 2]]
    mine = L.TextVectorization(standardize=lambda text: text.replace("-", " "), split=lambda text: text.split("+"))
    mine.adapt(["a-b+c", "c"])
    assert mine.get_vocabulary() == ["", "[UNK]", "c", "a b"]
    idf = L.TextVectorization(output_mode="tf_idf", pad_to_max_tokens=True, max_tokens=6)
    idf.adapt(texts)
    weight = np.log(1 + 3 / (1 + 3))
    np.testing.assert_allclose(idf(["the the"]).numpy(), [[0, 2 * weight, 0, 0, 0, 0]], rtol=1e-5)
    again = L.TextVectorization.from_config(layer.get_config())
    assert again.get_vocabulary() == layer.get_vocabulary()


def test_resizing_and_cropping() -> None:
    x = np.arange(24, dtype=np.float32).reshape(1, 4, 6, 1)
    np.testing.assert_array_equal(L.Resizing(2, 3, "nearest")(x).numpy()[0, :, :, 0], [[7, 9, 11], [19, 21, 23]])
    np.testing.assert_allclose(L.Resizing(2, 3, "area")(x).numpy()[0, :, :, 0], [[3.5, 5.5, 7.5], [15.5, 17.5, 19.5]])
    np.testing.assert_allclose(L.Resizing(2, 3)(x).numpy()[0, :, :, 0], [[3.5, 5.5, 7.5], [15.5, 17.5, 19.5]])
    square = L.Resizing(2, 2, crop_to_aspect_ratio=True)(x).numpy()[0, :, :, 0]
    np.testing.assert_allclose(square, [[4.5, 6.5], [16.5, 18.5]])
    np.testing.assert_array_equal(L.CenterCrop(2, 2)(x).numpy()[0, :, :, 0], [[8, 9], [14, 15]])
    assert L.Resizing(3, 3)(x[0]).shape == (3, 3, 1)


@pytest.mark.parametrize("shape", [(None, None, 1), (4, None, 1), (None, 6, 1)])
@pytest.mark.parametrize(
    "make",
    [
        lambda: L.CenterCrop(2, 3), lambda: L.CenterCrop(5, 3), lambda: L.CenterCrop(5, 9), lambda: L.RandomCrop(3, 5),
        lambda: L.Resizing(3, 2, "nearest", crop_to_aspect_ratio=True),
    ],
)  # fmt: skip
def test_cropping_of_images_of_unknown_size(shape: Any, make: Any) -> None:
    x = np.random.default_rng(2).normal(size=(2, 4, 6, 1)).astype("float32")
    inputs = L.Input(shape)
    model = Model(inputs, make()(inputs))
    known = make()(x, training=False) if isinstance(make(), L.RandomCrop) else make()(x)
    assert model.output_shape == (None, *known.shape[1:])
    np.testing.assert_allclose(model.predict(x, verbose=0), known.numpy(), rtol=1e-6, atol=1e-6)


def test_random_crops_of_unknown_size_lie_anywhere() -> None:
    utils.set_random_seed(3)
    x = np.arange(20, dtype="float32").reshape(1, 4, 5, 1)
    inputs = L.Input((None, None, 1))
    model = Model(inputs, L.RandomCrop(2, 3)(inputs))
    seen = set()
    for _ in range(60):
        part = np.asarray(model(x, training=True))[0, :, :, 0]
        row, column = divmod(int(part[0, 0]), 5)
        np.testing.assert_array_equal(part, x[0, row : row + 2, column : column + 3, 0])
        seen.add((row, column))
    assert seen == {(row, column) for row in range(3) for column in range(3)}


def test_random_images_in_training_and_at_rest() -> None:
    utils.set_random_seed(5)
    made = [
        L.RandomFlip(), L.RandomTranslation(0.3, 0.3), L.RandomRotation(0.2), L.RandomZoom(0.3), L.RandomContrast(0.5),
        L.RandomBrightness(0.5),
    ]  # fmt: skip
    for layer in made:
        np.testing.assert_array_equal(layer(IMAGES, training=False).numpy(), IMAGES)
        changed = layer(IMAGES).numpy()
        assert changed.shape == IMAGES.shape and not np.array_equal(changed, IMAGES)
        i = L.Input(IMAGES.shape[1:])
        model = Model(i, layer(i))
        np.testing.assert_array_equal(model.predict(IMAGES, verbose=0), IMAGES)
        assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()


def test_what_random_images_do() -> None:
    utils.set_random_seed(6)
    flipped = L.RandomFlip("horizontal")(IMAGES, training=True).numpy()
    kinds = [
        0 if np.array_equal(a, b) else 1 if np.array_equal(a[:, ::-1], b) else 2
        for a, b in zip(IMAGES, flipped, strict=True)
    ]
    assert set(kinds) == {0, 1}
    moved = L.RandomTranslation((0.2, 0.2), (0.0, 0.0), fill_mode="constant", fill_value=-1.0)(
        IMAGES, training=True
    ).numpy()
    np.testing.assert_allclose(moved[:, 1:], IMAGES[:, :-1], rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(moved[:, 0], -1.0, atol=1e-3)
    wrapped = L.RandomTranslation((0.0, 0.0), (1 / 7, 1 / 7), fill_mode="nearest")(IMAGES, training=True).numpy()
    np.testing.assert_allclose(wrapped[:, :, 1:], IMAGES[:, :, :-1], rtol=1e-3, atol=1e-2)
    square = IMAGES[:, :, :5]
    turned = L.RandomRotation((0.25, 0.25))(square, training=True).numpy()
    np.testing.assert_allclose(turned, np.rot90(square, 1, (1, 2)), rtol=1e-3, atol=1e-2)
    bright = L.RandomBrightness((0.1, 0.1))(IMAGES, training=True).numpy()
    np.testing.assert_allclose(bright, np.clip(IMAGES + 25.5, 0, 255), rtol=1e-5)
    cropped = L.RandomCrop(3, 4)(IMAGES, training=True).numpy()
    places = [(r, c) for r in range(3) for c in range(4) if np.array_equal(IMAGES[:, r : r + 3, c : c + 4], cropped)]
    assert len(places) == 1
    higher = L.RandomHeight((0.4, 0.4))(IMAGES, training=True)
    assert higher.shape == (6, 7, 7, 3) and L.RandomWidth((0.0, 0.0))(IMAGES, training=True).shape == IMAGES.shape
    with pytest.raises(ValueError, match="the size of its result is random"):
        L.RandomHeight(0.3)(L.Input((5, 7, 3)), training=True)


def test_former_homes() -> None:
    from nnstack.layers.experimental import EinsumDense, preprocessing

    assert preprocessing.Rescaling is L.Rescaling and EinsumDense is L.EinsumDense
    assert L.experimental.preprocessing.Normalization is L.Normalization


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count", "tf_idf"])
def test_numbers_looked_up_inside_a_model(mode: str) -> None:
    """IntegerLookup behind a layer that computes, as on arrays."""
    x = RNG.integers(0, 12, (7, 3))
    weights = {"idf_weights": [0.5, 1.5, 2.5]} if mode == "tf_idf" else {}
    for spaces, mask in ((1, None), (3, None), (2, 4)):
        layer = L.IntegerLookup(
            vocabulary=[9, 2, 5], output_mode=mode, num_oov_indices=spaces, mask_token=mask, **weights
        )
        data = x[:, :1] if mode == "one_hot" else x
        i = L.Input(data.shape[1:], dtype="int64")
        model = Model(i, layer(L.Lambda(lambda t: t + 1)(i)))
        np.testing.assert_allclose(model.predict(data - 1, verbose=0), layer(data).numpy(), rtol=1e-6)
    back = L.IntegerLookup(vocabulary=[9, 2, 5], invert=True)
    i = L.Input((3,), dtype="int64")
    model = Model(i, back(L.Lambda(lambda t: t * 1)(i)))
    assert model.predict(np.array([[0, 1, 3], [2, 7, -4]]), verbose=0).tolist() == [[-1, 9, 5], [2, -1, -1]]
