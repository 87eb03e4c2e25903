"""`tf.linalg` by way of numpy, on numbers; inverses, solutions, determinants and Cholesky factors have gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack import backend as K
from nnstack.backend.own_gradients import with_gradient
from nnstack.compat.functions.concrete import numbers_of
from nnstack.compat.functions.linalg import matmul, matrix_transpose, norm


def _numbers(x: Any, what: str) -> np.ndarray:
    return numbers_of(x, f"tf.linalg.{what} is computed by numpy, from numbers, which a graph does not have yet")


def _of(x: Any, array: Any) -> Any:
    return K.convert(np.ascontiguousarray(array), K.convert(x).dtype)


def inv(input: Any, adjoint: bool = False) -> Any:
    """The inverse of each matrix. d: -inverse^T dy inverse^T."""
    x = K.convert(input)
    found = _of(x, np.linalg.inv(_numbers(x, "inv")))
    result = with_gradient([found], [x], lambda dy: [-matmul(matmul(found, dy, True), found, False, True)])[0]
    return matrix_transpose(result) if adjoint else result


def solve(matrix: Any, rhs: Any, adjoint: bool = False) -> Any:
    """x with matrix x = rhs."""
    return matmul(inv(matrix, adjoint), rhs)


def det(input: Any) -> Any:
    """The determinant of each matrix. d: det * dy * inverse^T."""
    x = K.convert(input)
    array = _numbers(x, "det")
    found = _of(x, np.linalg.det(array))

    def gradient(dy: Any) -> list[Any]:
        turned = _of(x, np.swapaxes(np.linalg.inv(array), -1, -2))
        return [K.expand_dims(K.expand_dims(found * dy, -1), -1) * turned]

    return with_gradient([found], [x], gradient)[0]


def slogdet(input: Any) -> tuple[Any, Any]:
    """Sign and log of the size of the determinant."""
    x = K.convert(input)
    array = _numbers(x, "slogdet")
    sign, size = np.linalg.slogdet(array)

    def gradient(dy: Any) -> list[Any]:
        turned = _of(x, np.swapaxes(np.linalg.inv(array), -1, -2))
        return [K.expand_dims(K.expand_dims(dy, -1), -1) * turned]

    return _of(x, sign), with_gradient([_of(x, size)], [x], gradient)[0]


def logdet(matrix: Any) -> Any:
    """log of the determinant of positive definite matrices."""
    return slogdet(matrix)[1]


def cholesky(input: Any) -> Any:
    """L, lower triangular, with L L^T = input. Gradient: Murray 2016."""
    x = K.convert(input)
    lower = np.linalg.cholesky(_numbers(x, "cholesky"))
    found = _of(x, lower)

    def gradient(dy: Any) -> list[Any]:
        given = np.tril(_numbers(dy, "cholesky's gradient"))
        phi = np.tril(np.swapaxes(lower, -1, -2) @ given)
        size = phi.shape[-1]
        phi[..., np.arange(size), np.arange(size)] /= 2
        inverse = np.linalg.inv(lower)
        whole = np.swapaxes(inverse, -1, -2) @ phi @ inverse
        return [_of(x, (whole + np.swapaxes(whole, -1, -2)) / 2)]

    return with_gradient([found], [x], gradient)[0]


def triangular_solve(matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False) -> Any:
    """x with matrix x = rhs, of whose matrix only one triangle is read."""
    from nnstack.compat.functions.linalg import band_part

    return solve(band_part(matrix, -1, 0) if lower else band_part(matrix, 0, -1), rhs, adjoint)


def cholesky_solve(chol: Any, rhs: Any) -> Any:
    """x with chol chol^T x = rhs."""
    return solve(matmul(chol, chol, False, True), rhs)


def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True) -> Any:
    """(s, u, v): tensor = u diag(s) v^T; no gradient."""
    array = _numbers(tensor, "svd")
    if not compute_uv:
        return _of(tensor, np.linalg.svd(array, compute_uv=False))
    u, s, vt = np.linalg.svd(array, full_matrices=full_matrices)
    return _of(tensor, s), _of(tensor, u), _of(tensor, np.swapaxes(vt, -1, -2))


def qr(input: Any, full_matrices: bool = False) -> tuple[Any, Any]:
    """(q, r): input = q r; no gradient."""
    q, r = np.linalg.qr(_numbers(input, "qr"), "complete" if full_matrices else "reduced")
    return _of(input, q), _of(input, r)


def eigh(tensor: Any) -> tuple[Any, Any]:
    """Eigenvalues in rising order, and eigenvectors, of symmetric matrices; no gradient."""
    values, vectors = np.linalg.eigh(_numbers(tensor, "eigh"))
    return _of(tensor, values), _of(tensor, vectors)


def eigvalsh(tensor: Any) -> Any:
    """Eigenvalues of symmetric matrices in rising order; no gradient."""
    return eigh(tensor)[0]


def pinv(a: Any, rcond: Any = None) -> Any:
    """The pseudo-inverse of Moore and Penrose; no gradient."""
    array = _numbers(a, "pinv")
    cut = 10 * max(array.shape[-2:]) * np.finfo(array.dtype).eps if rcond is None else rcond
    return _of(a, np.linalg.pinv(array, cut))


def lstsq(matrix: Any, rhs: Any, l2_regularizer: float = 0.0, fast: bool = True) -> Any:
    """x with the smallest |matrix x - rhs|^2 + l2_regularizer |x|^2."""
    a = K.convert(matrix)
    square = matmul(a, a, True) + K.eye(int(a.shape[-1] or 0), a.dtype) * float(l2_regularizer)
    return solve(square, matmul(a, rhs, True))


def expm(input: Any) -> Any:
    """The exponential of each matrix: its series on a matrix halved until it is small, squared as often."""
    x = K.convert(input)
    size = float(np.abs(_numbers(x, "expm")).sum(-1).max(initial=0.0))
    halvings = max(0, int(np.ceil(np.log2(size))) + 1) if size > 0 else 0
    small = x / float(2**halvings)
    found: Any = K.eye(int(x.shape[-1] or 0), x.dtype) + small
    term = small
    for number in range(2, 14):
        term = matmul(term, small) / float(number)
        found = found + term
    for _ in range(halvings):
        found = matmul(found, found)
    return found


def normalize(tensor: Any, ord: Any = "euclidean", axis: Any = None) -> tuple[Any, Any]:
    """`tensor` over its norm, and the norm."""
    size = norm(tensor, ord, axis, True)
    return K.convert(tensor) / size, size


def tensor_diag(diagonal: Any) -> Any:
    """A vector as the diagonal of a matrix."""
    from nnstack.compat.functions.linalg import diag

    return diag(diagonal)


def tensor_diag_part(input: Any) -> Any:
    """The diagonal of a matrix."""
    from nnstack.compat.functions.linalg import diag_part

    return diag_part(input)
