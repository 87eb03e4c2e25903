"""Einstein sums against numpy, with known and unknown sizes, and resizing against its definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnstack import backend
from nnstack.backend.resizing import METHODS, weights

RNG = np.random.default_rng(3)
SIZES = dict(zip("abcdefg", (2, 3, 4, 5, 2, 3, 4), strict=True))
EQUATIONS = [
    "ab,bc->ac", "abc,cd->abd", "abc,cde->abde", "abcd,cde->abe", "aecd,abcd->acbe", "acbe,aecd->abcd", "ab,ab->a",
    "ab,cb->ac", "ba,bc->ac", "ab,cd->abcd", "abc,abc->", "abcd,cd->ab", "abc,bd->acd", "ab,bc->ca", "ab,c->abc",
]  # fmt: skip


def operands(equation: str) -> list[np.ndarray]:
    return [
        RNG.normal(size=[SIZES[letter] for letter in term]).astype(np.float32)
        for term in equation.split("->")[0].split(",")
    ]


@pytest.mark.parametrize("equation", EQUATIONS)
@pytest.mark.parametrize("unknown", [False, True])
def test_einsum(equation: str, unknown: bool) -> None:
    arrays = operands(equation)
    inputs = [backend.placeholder(ndim=a.ndim) if unknown else backend.placeholder(a.shape) for a in arrays]
    result = backend.einsum(equation, *inputs)
    (value,) = backend.function(inputs, [result])(arrays)
    np.testing.assert_allclose(value, np.einsum(equation, *arrays), rtol=1e-5, atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_einsum_of_any_letters(data: st.DataObject) -> None:
    left = "".join(data.draw(st.permutations("abcd"))[: data.draw(st.integers(1, 4))])
    right = "".join(data.draw(st.permutations("abcde"))[: data.draw(st.integers(1, 4))])
    letters = sorted(set(left + right))
    result = "".join(data.draw(st.permutations(letters))[: data.draw(st.integers(0, len(letters)))])
    equation = f"{left},{right}->{result}"
    a, b = operands(equation)
    np.testing.assert_allclose(backend.einsum(equation, a, b).numpy(), np.einsum(equation, a, b), rtol=1e-4, atol=1e-4)


def test_einsum_of_further_axes() -> None:
    a, b = RNG.normal(size=(2, 3, 4)), RNG.normal(size=(4, 5))
    np.testing.assert_allclose(backend.einsum("...x,xy->...y", a, b).numpy(), a @ b, rtol=1e-6)


@pytest.mark.parametrize("equation", ["ab", "ab,bc", "aab,bc->ac", "ab,bc->ad", "abc,bc->a", "ab,cb,cd->a"])
def test_einsum_refuses(equation: str) -> None:
    with pytest.raises(ValueError, match="einsum: expected"):
        backend.einsum(equation, np.ones((2, 3), np.float32), np.ones((3, 4), np.float32))
    with pytest.raises(ValueError, match="axis 'b' of 'ab,bc->ac' has 3 and 4"):
        backend.einsum("ab,bc->ac", np.ones((2, 3), np.float32), np.ones((4, 4), np.float32))


@pytest.mark.parametrize("method", METHODS[1:])
@pytest.mark.parametrize(("source", "target"), [(4, 7), (7, 3), (5, 10)])
def test_resizing_keeps_a_flat_image_and_mixes_by_shares(method: str, source: int, target: int) -> None:
    np.testing.assert_allclose(weights(source, target, method).sum(1), 1.0, rtol=1e-12)
    x = RNG.normal(size=(2, source, 3, 2)).astype(np.float32)
    # a smoothing filter mixes the axis that keeps its size too
    expected = np.einsum("ts,vw,bswc->btvc", weights(source, target, method), weights(3, 3, method), x)
    np.testing.assert_allclose(
        backend.resize(x, (target, 3), method, "channels_last").numpy(), expected, rtol=1e-5, atol=1e-6
    )
    first = backend.resize(x.transpose(0, 3, 1, 2), (target, 3), method, "channels_first").numpy()
    np.testing.assert_allclose(first.transpose(0, 2, 3, 1), expected, rtol=1e-5, atol=1e-6)


def test_area_and_bilinear_by_hand() -> None:
    np.testing.assert_allclose(weights(4, 2, "area"), [[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]])
    np.testing.assert_allclose(weights(2, 4, "bilinear"), [[1, 0], [0.75, 0.25], [0.25, 0.75], [0, 1]])
    x = np.arange(3, dtype=np.float32).reshape(1, 3, 1, 1)
    np.testing.assert_array_equal(backend.resize(x, (5, 1), "nearest").numpy().ravel(), [0, 0, 1, 2, 2])
