"""Einstein sums of two tensors: changes of layout around one matrix product."""

from collections.abc import Sequence
from typing import Any

from nnstack.backend import math as m
from nnstack.backend import tensor as t
from nnstack.backend.shapes import dimensions, reshape
from nnstack.backend.tensor import Tensor, TensorLike, emit

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def einsum(equation: str, x: TensorLike, y: TensorLike) -> Tensor:
    """The sum that `equation` describes: one letter per axis; letters missing from the result are summed over.

    equation: 'abc,cd->abd'; `...` stands for any further axes, the same ones in every term. Sizes may be unknown.
    ValueError for another number of operands, a letter twice in one term, or sizes that differ.

    >>> einsum("ab,bc->ac", constant([[1.0, 2.0]]), constant([[3.0], [4.0]])).numpy()
    array([[11.]], dtype=float32)
    """
    a, b = t.pair(x, y)
    left, right, result = _terms(equation, a, b)
    a, left = _summed(a, left, right + result)
    b, right = _summed(b, right, left + result)
    shared = [letter for letter in left if letter in right and letter in result]
    common = [letter for letter in right if letter in left and letter not in result]
    rows = [letter for letter in left if letter not in right]
    columns = [letter for letter in right if letter not in left]
    sizes = {**dict(zip(left, dimensions(a), strict=True)), **dict(zip(right, dimensions(b), strict=True))}
    if rows and not shared and left[len(left) - len(common) :] == "".join(common):
        # A weight applied to the last axes: the axes before them stay as they are.
        inner = _product([sizes[letter] for letter in common])
        a = reshape(a, [*(sizes[letter] for letter in rows), inner]) if len(common) != 1 else a
        b = _ordered(b, right, [*common, *columns])
        b = b if len(b.shape) == 2 and len(common) == 1 else reshape(b, [inner, -1])
        product = emit("matmul", a, b)
    else:
        if list(result) == [*shared, *columns, *rows]:  # what the product has by itself if its operands change places
            a, b, left, right, rows, columns = b, a, right, left, columns, rows
        # An operand's innermost axis stays where it is, where the product can take it there.
        flip_a = bool(common) and left[-1] in rows
        flip_b = bool(common) and right[-1] in common
        a = _grouped(a, left, [shared, common, rows] if flip_a else [shared, rows, common], sizes)
        b = _grouped(b, right, [shared, columns, common] if flip_b else [shared, common, columns], sizes)
        product = emit("matmul", a, b, transpose_a=flip_a, transpose_b=flip_b)
    natural = [*shared, *rows, *columns]
    if len(product.shape) != len(natural) or len(columns) != 1:
        product = reshape(product, [sizes[letter] for letter in natural])
    return _ordered(product, "".join(natural), list(result))


def _terms(equation: str, a: Tensor, b: Tensor) -> tuple[str, str, str]:
    """The letters of both operands and of the result, `...` replaced by capitals of its own."""
    text = equation.replace(" ", "")
    operands, arrow, result = text.partition("->")
    terms = operands.split(",")
    if not arrow or len(terms) != 2:
        raise ValueError(f"einsum: expected an equation such as 'ab,bc->ac' with two operands, got {equation!r}")
    free = [letter for letter in _LETTERS if letter not in text]
    wide = [len(x.shape) - len(term.replace("...", "")) for term, x in zip(terms, (a, b), strict=True)]
    filled = []
    for term, more, x in zip(terms, wide, (a, b), strict=True):
        full = term.replace("...", "".join(free[max(wide) - more : max(wide)]) if more > 0 else "")
        if len(full) != len(x.shape) or len(set(full)) != len(full) or not full.isalpha():
            raise ValueError(f"einsum: expected one letter per axis, each once, got {term!r} for shape {x.shape}")
        filled.append(full)
    count = max(more if "..." in term else 0 for term, more in zip(terms, wide, strict=True))
    result = result.replace("...", "".join(free[max(wide) - count : max(wide)]))
    unknown = set(result) - set("".join(filled))
    if unknown or len(set(result)) != len(result):
        raise ValueError(f"einsum: expected letters of the operands in the result, each once, got {equation!r}")
    for letter in set(filled[0]) & set(filled[1]):
        one, other = a.shape[filled[0].index(letter)], b.shape[filled[1].index(letter)]
        if None not in (one, other) and one != other:
            raise ValueError(
                f"einsum: axis {letter!r} of {equation!r} has {one} and {other}; shapes {a.shape} and {b.shape}"
            )
    return filled[0], filled[1], result


def _summed(x: Tensor, letters: str, elsewhere: str) -> tuple[Tensor, str]:
    """Letters that stand nowhere else are summed over first."""
    lonely = [axis for axis, letter in enumerate(letters) if letter not in elsewhere]
    if not lonely:
        return x, letters
    return m.sum(x, lonely), "".join(letter for letter in letters if letter in elsewhere)


def _ordered(x: Tensor, letters: str, wanted: Sequence[str]) -> Tensor:
    order = [letters.index(letter) for letter in wanted]
    return x if order == sorted(order) else emit("transpose", x, permutation=order)


def _grouped(x: Tensor, letters: str, groups: Sequence[Sequence[str]], sizes: dict[str, Any]) -> Tensor:
    """Axes in the order of `groups`: the first group as it is, each of the last two as one axis."""
    x = _ordered(x, letters, [letter for group in groups for letter in group])
    if all(len(group) == 1 for group in groups[1:]):
        return x
    merged = [_product([sizes[letter] for letter in group]) for group in groups[1:]]
    return reshape(x, [*(sizes[letter] for letter in groups[0]), *merged])


def _product(sizes: Sequence[Any]) -> Any:
    total: Any = 1
    for size in sizes:
        total = size if isinstance(total, int) and total == 1 else total * size
    return total
