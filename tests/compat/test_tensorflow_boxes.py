"""tf.image's functions of boxes, against what their definitions say place by place."""

import numpy as np
import pytest

from nnstack import backend as K
from nnstack.backend.numbers import NumbersNeeded
from nnstack.compat.functions.boxes import crop_and_resize, non_max_suppression

random = np.random.RandomState(0)


def cut(image, box, size, outside):
    """Bilinear, one place at a time."""
    rows, cols, channels = image.shape
    result = np.full((*size, channels), outside)
    for i, j in np.ndindex(*size):
        share = [n / (count - 1) if count > 1 else 0.5 for n, count in ((i, size[0]), (j, size[1]))]
        y = (box[0] + (box[2] - box[0]) * share[0]) * (rows - 1)
        x = (box[1] + (box[3] - box[1]) * share[1]) * (cols - 1)
        if 0 <= y <= rows - 1 and 0 <= x <= cols - 1:
            a, b = int(y), int(x)
            c, d = min(a + 1, rows - 1), min(b + 1, cols - 1)
            upper = image[a, b] * (1 - x + b) + image[a, d] * (x - b)
            lower = image[c, b] * (1 - x + b) + image[c, d] * (x - b)
            result[i, j] = upper * (1 - y + a) + lower * (y - a)
    return result


@pytest.mark.parametrize("size", [(3, 4), (1, 1), (1, 3), (5, 2)])
def test_crop_and_resize(size: tuple[int, int]) -> None:
    images = random.rand(2, 7, 9, 3).astype("float32")
    boxes = random.rand(6, 4).astype("float32")
    boxes[0], boxes[1], boxes[2] = [0, 0, 1, 1], [-0.2, 0.3, 1.4, 0.8], [0.9, 0.8, 0.1, 0.2]
    which = [0, 1, 1, 0, 1, 0]
    found = crop_and_resize(images, boxes, np.array(which), size, extrapolation_value=0.25).numpy()
    for n, (image, box) in enumerate(zip(which, boxes, strict=True)):
        np.testing.assert_allclose(found[n], cut(images[image], box, size, 0.25), atol=2e-6)


def test_crop_and_resize_in_a_graph_has_gradients() -> None:
    x, boxes = K.placeholder((None, None, None, 1)), K.placeholder((None, 4))
    which = K.placeholder((None,), dtype="int32")
    crops = crop_and_resize(x, boxes, which, (2, 2))
    f = K.function([x, boxes, which], [crops, *K.gradients(K.sum(crops), [x, boxes])])
    image = np.arange(16, dtype="float32").reshape(1, 4, 4, 1)
    crop, by_image, by_boxes = f([image, np.array([[0.25, 0, 0.75, 1]]), np.array([0])])
    np.testing.assert_allclose(crop[0, :, :, 0], [[3, 6], [9, 12]])
    assert by_image.sum() == pytest.approx(4)  # each place spreads a weight of one
    # Two places each, where pixels differ by 4 (rows) or 1 (columns), times 3; behind the last column is nothing.
    np.testing.assert_allclose(by_boxes, [[24, 6, 24, 0]], atol=1e-4)
    nearest = crop_and_resize(image, np.array([[0.25, 0, 0.75, 1]]), np.array([0]), (2, 2), method="nearest")
    np.testing.assert_allclose(nearest.numpy()[0, :, :, 0], [[4, 7], [8, 11]])
    with pytest.raises(ValueError, match="'bicubic'"):
        crop_and_resize(image, np.zeros((1, 4)), np.array([0]), (2, 2), method="bicubic")


def test_non_max_suppression() -> None:
    boxes = np.array([[0, 0, 1, 1], [0, 0.1, 1, 1.1], [1, 2.5, 0, 1.5], [0, 0.05, 1, 1.05]], "float32")
    scores = np.array([0.9, 0.8, 0.3, 0.95], "float32")
    np.testing.assert_array_equal(non_max_suppression(boxes, scores, 4, 0.5).numpy(), [3, 2])
    np.testing.assert_array_equal(non_max_suppression(boxes, scores, 4, 0.95).numpy(), [3, 0, 1, 2])
    np.testing.assert_array_equal(non_max_suppression(boxes, scores, 2, 0.95).numpy(), [3, 0])
    np.testing.assert_array_equal(non_max_suppression(boxes, scores, 4, 0.5, score_threshold=0.5).numpy(), [3])
    x = K.placeholder((None, 4))
    kept = K.function([x], [non_max_suppression(x, scores, 4)])([boxes])[0]
    np.testing.assert_array_equal(kept, [3, 2])
    with K.trace(), pytest.raises(NumbersNeeded, match="depends on numbers"):
        non_max_suppression(x, scores, 4)
