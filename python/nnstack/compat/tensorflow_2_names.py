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

_COMPLEX = _same(f"{_C}.complex_numbers", "real imag conj angle")
_TABLES = _same(
    f"{_C}.lookup",
    "StaticHashTable StaticVocabularyTable KeyValueTensorInitializer TextFileInitializer TextFileIndex",
)

_SAMPLERS = _same(
    f"{_F}.sampling",
    "log_uniform_candidate_sampler uniform_candidate_sampler fixed_unigram_candidate_sampler",
)

# Namespace -> rows, added to those of the first table.
WITHIN: dict[str, dict[str, str]] = {
    "": {
        **_PARTS,
        **_GRADIENTS,
        **{name: _SPECIAL[name] for name in ("acosh", "asinh", "scalar_mul")},
        **_same(f"{_F}.special", "saturate_cast truncatediv truncatemod"),
        **_same(f"{_C}.control", "assert_equal assert_greater assert_less assert_rank"),
        "complex": f"{_C}.complex_numbers:complex_",
        **_same(f"{_C}.dtypes", "complex64 complex128"),
        "abs": f"{_C}.complex_numbers:magnitude",
        "SparseTensor": f"{_C}.sparse:SparseTensor",
        "RaggedTensor": f"{_C}.ragged:RaggedTensor",
        "as_string": f"{_F}.strings:as_string",
        "edit_distance": f"{_F}.sampling:edit_distance",
    },
    "math": {
        **_SEGMENTS,
        **_SPECIAL,
        **_COMPLEX,
        "abs": f"{_C}.complex_numbers:magnitude",
        "reverse_sequence": _PARTS["reverse_sequence"],
    },
    "linalg": _LINALG,
    "dtypes": {
        "saturate_cast": f"{_F}.special:saturate_cast",
        "complex": f"{_C}.complex_numbers:complex_",
        **_same(f"{_C}.dtypes", "complex64 complex128"),
    },
    "nn": _same(f"{_F}.sampling", "sampled_softmax_loss nce_loss ctc_loss ctc_greedy_decoder"),
    "random": _SAMPLERS,
    "signal": _same(
        f"{_F}.signal",
        "hann_window hamming_window frame overlap_and_add rfft irfft fft ifft fft2d ifft2d fftshift ifftshift stft "
        "inverse_stft linear_to_mel_weight_matrix dct mfccs_from_log_mel_spectrograms",
    ),
    "ragged": _same(f"{_C}.ragged", "constant stack range boolean_mask"),
    "sparse": _same(f"{_C}.sparse", "SparseTensor to_dense from_dense sparse_dense_matmul reorder reduce_sum"),
    "lookup": _TABLES,
    "lookup.experimental": {
        "MutableHashTable": f"{_C}.lookup:MutableHashTable",
        "DenseHashTable": f"{_C}.lookup:MutableHashTable",
    },
    "strings": _same(
        f"{_F}.strings",
        "bytes_split unicode_decode unicode_encode regex_full_match to_hash_bucket_fast to_hash_bucket_strong ngrams "
        "format",
    )
    | {"to_hash_bucket": f"{_F}.strings:to_hash_bucket_fast"},
    "debugging": _same(
        f"{_C}.checks",
        "assert_less_equal assert_greater_equal assert_none_equal assert_positive assert_negative assert_non_positive "
        "assert_all_finite assert_near assert_rank_at_least assert_rank_in assert_scalar assert_type assert_integer "
        "assert_same_float_dtype is_numeric_tensor",
    ),
    "feature_column": {"make_parse_example_spec": f"{_C}.feature_column:make_parse_example_spec"},
    "train": _same(
        f"{_C}.messages",
        "Example Features Feature FeatureList FeatureLists SequenceExample BytesList FloatList Int64List",
    ),
    "io": {
        **_same(
            f"{_C}.examples",
            "TFRecordWriter TFRecordOptions FixedLenFeature VarLenFeature FixedLenSequenceFeature parse_example "
            "parse_single_example parse_single_sequence_example decode_raw serialize_tensor parse_tensor",
        ),
        "decode_csv": f"{_C}.dataset_files:decode_csv",
    },
    "data": _same(f"{_C}.dataset_files", "TextLineDataset TFRecordDataset"),
    "data.experimental": _same(f"{_C}.dataset_files", "CsvDataset make_csv_dataset"),
}
