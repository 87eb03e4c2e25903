"""What goes along one axis: cumulative sums and products, sorting."""

from typing import cast

from nnstack import _core
from nnstack.backend.tensor import Tensor, TensorLike, convert, emit


def cumsum(x: TensorLike, axis: int = 0, exclusive: bool = False, reverse: bool = False) -> Tensor:
    """Sums of all elements up to each one along `axis`, in the shape and dtype of `x`; bool is counted as int32.

    exclusive: without the element itself, so that the first result is 0. reverse: from the other end. Floats are added
    up in double precision. ValueError if there is no such axis.

    >>> cumsum(constant([1.0, 2.0, 3.0]))
    <Tensor shape=(3,) dtype=float32 numpy=[1., 3., 6.]>
    """
    return _cumulative("cumulative_sum", x, axis, exclusive, reverse)


def cumprod(x: TensorLike, axis: int = 0, exclusive: bool = False, reverse: bool = False) -> Tensor:
    """Products of all elements up to each one along `axis`; see `cumsum`. The gradient is right beside zeros, too.

    >>> cumprod(constant([1.0, 2.0, 3.0]), exclusive=True)
    <Tensor shape=(3,) dtype=float32 numpy=[1., 1., 2.]>
    """
    return _cumulative("cumulative_product", x, axis, exclusive, reverse)


def _cumulative(op: str, x: TensorLike, axis: int, exclusive: bool, reverse: bool) -> Tensor:
    value = convert(x)
    value = convert(value, "int32") if value.dtype == "bool" else value
    return emit(op, value, axis=int(axis), reverse=bool(reverse), order="before" if exclusive else "after")


def sort(x: TensorLike, axis: int = -1, descending: bool = False) -> Tensor:
    """The elements in order along `axis`. NaN is larger than everything; differentiable.

    >>> sort(constant([3.0, 1.0, 2.0]), descending=True)
    <Tensor shape=(3,) dtype=float32 numpy=[3., 2., 1.]>
    """
    return _sorted(x, axis, -1, descending)[0]


def argsort(x: TensorLike, axis: int = -1, descending: bool = False) -> Tensor:
    """Where the elements of `sort` come from along `axis`, int32; equal ones keep their order.

    >>> argsort(constant([3.0, 1.0, 2.0]))
    <Tensor shape=(3,) dtype=int32 numpy=[1, 2, 0]>
    """
    return convert(_sorted(x, axis, -1, descending)[1], "int32")


def top_k(x: TensorLike, k: int = 1, axis: int = -1) -> tuple[Tensor, Tensor]:
    """The `k` largest along `axis`, largest first, and their int32 indices; of equal ones the first come first.

    ValueError if `k` is negative or the axis is known to have less elements.

    >>> values, indices = top_k(constant([[1.0, 5.0, 3.0]]), 2)
    >>> values.numpy(), indices.numpy()
    (array([[5., 3.]], dtype=float32), array([[1, 2]], dtype=int32))
    """
    if k < 0:
        raise ValueError(f"top_k: expected k of at least 0, got {k}")
    values, indices = _sorted(x, axis, int(k), True)
    return values, convert(indices, "int32")


def _sorted(x: TensorLike, axis: int, count: int, descending: bool) -> tuple[Tensor, Tensor]:
    value = convert(x)
    rank = len(value.shape)
    if not -rank <= axis < rank:
        raise ValueError(f"sort: expected an axis within [{-rank}, {rank}), got {axis}; shape {value.shape}")
    attributes = {"count": count, "descending": bool(descending)}
    if axis % rank == rank - 1:
        values, places = _core.emit("sort", [value], attributes)
        return cast(Tensor, values), cast(Tensor, places)
    order = [a for a in range(rank) if a != axis % rank] + [axis % rank]
    back = [order.index(a) for a in range(rank)]
    values, places = _core.emit("sort", [emit("transpose", value, permutation=order)], attributes)
    return (
        emit("transpose", cast(Tensor, values), permutation=back),
        emit("transpose", cast(Tensor, places), permutation=back),
    )
