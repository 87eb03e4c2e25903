"""More of the table of `tensorflow`: names that programs of TensorFlow 2 use beside those of Keras's guides."""

from __future__ import annotations

_C = "nnstack.compat"
_F = "nnstack.compat.functions"


def _same(module: str, names: str) -> dict[str, str]:
    return {name: f"{module}:{name}" for name in names.split()}


_SEGMENTS = _same(
    f"{_F}.segments",
    "segment_mean segment_max segment_min segment_prod unsorted_segment_max unsorted_segment_min unsorted_segment_prod "
    "unsorted_segment_sqrt_n bincount invert_permutation",
)
_PARTS = _same(
    f"{_F}.segments",
    "dynamic_partition dynamic_stitch reverse_sequence unique_with_counts unravel_index histogram_fixed_width "
    "histogram_fixed_width_bins tensor_scatter_nd_sub",
)
_SPECIAL = _same(
    f"{_F}.special",
    "acosh asinh lgamma digamma lbeta erfinv ndtri xdivy xlog1py rint scalar_mul polyval reciprocal_no_nan "
    "is_non_decreasing is_strictly_increasing",
)
_LINALG = _same(
    f"{_F}.decompositions",
    "inv solve det slogdet logdet cholesky cholesky_solve triangular_solve svd qr eigh eigvalsh pinv lstsq expm "
    "normalize tensor_diag tensor_diag_part",
) | {
    "cross": f"{_F}.special:cross",
    "adjoint": f"{_F}.linalg:matrix_transpose",
}
_GRADIENTS = _same(f"{_C}.custom_gradient", "custom_gradient grad_pass_through")

# Namespace -> rows, added to those of the first table.
WITHIN: dict[str, dict[str, str]] = {
    "": {
        **_PARTS,
        **_GRADIENTS,
        **{name: _SPECIAL[name] for name in ("acosh", "asinh", "scalar_mul")},
        **_same(f"{_F}.special", "saturate_cast truncatediv truncatemod"),
    },
    "math": {**_SEGMENTS, **_SPECIAL, "reverse_sequence": _PARTS["reverse_sequence"]},
    "linalg": _LINALG,
    "dtypes": {"saturate_cast": f"{_F}.special:saturate_cast"},
}
