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
        **_same(
            f"{_C}.odds",
            "VariableAggregation VariableSynchronization AggregationMethod IndexedSlices timestamp scan",
        ),
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
    "random": {
        **_SAMPLERS,
        **_same(f"{_F}.random", "set_global_generator"),
        **_same(
            f"{_F}.stateless",
            "split fold_in poisson stateless_truncated_normal stateless_categorical stateless_gamma stateless_poisson",
        ),
    },
    "random.experimental": {
        **_same(f"{_F}.random", "Generator get_global_generator set_global_generator"),
        "stateless_split": f"{_F}.stateless:split",
        "stateless_fold_in": f"{_F}.stateless:fold_in",
        "stateless_shuffle": f"{_F}.stateless:stateless_shuffle",
    },
    "image": {
        **_same(
            f"{_F}.stateless",
            "stateless_random_crop transpose",
        ),
        **{
            f"stateless_random_{name}": f"{_F}.stateless:stateless_random_{name} image=image_"
            for name in ("flip_left_right", "flip_up_down", "brightness", "contrast", "saturation", "hue")
        },
        **_same(f"{_F}.detection", "combined_non_max_suppression draw_bounding_boxes"),
    },
    "audio": _same(f"{_C}.odds", "decode_wav"),
    "errors": {
        **dict.fromkeys(
            (
                "OpError",
                "UnknownError",
                "InternalError",
                "AbortedError",
                "CancelledError",
                "DataLossError",
                "DeadlineExceededError",
                "FailedPreconditionError",
                "UnavailableError",
                "UnimplementedError",
                "UnauthenticatedError",
            ),
            f"{_C}.odds:OpError",
        ),
        **_same(f"{_C}.odds", "AlreadyExistsError PermissionDeniedError"),
    },
    "bitwise": _same(f"{_C}.odds", "bitwise_and bitwise_or bitwise_xor"),
    "nest": _same(f"{_C}.odds", "pack_sequence_as assert_same_structure"),
    "test": _same(f"{_C}.odds", "TestCase main")
    | dict.fromkeys(("is_built_with_gpu_support", "is_built_with_xla"), f"{_C}.config:is_built_with_cuda"),
    "distribute": _same(f"{_C}.odds", "TPUStrategy"),
    "distribute.cluster_resolver": _same(f"{_C}.odds", "TPUClusterResolver"),
    "distribute.experimental": _same(f"{_C}.odds", "TPUStrategy")
    | dict.fromkeys(
        ("MultiWorkerMirroredStrategy", "CentralStorageStrategy", "ParameterServerStrategy"), f"{_C}.strategy:Strategy"
    ),
    "tpu.experimental": _same(f"{_C}.odds", "initialize_tpu_system"),
    "summary": _same(f"{_C}.summary", "should_record_summaries flush trace_on trace_off trace_export record_if"),
    "summary.experimental": _same(f"{_C}.summary", "set_step get_step"),
    "config": _same(f"{_C}.config", "experimental_connect_to_host get_soft_device_placement")
    | {
        "experimental_run_functions_eagerly": f"{_C}.function:run_functions_eagerly",
        "experimental_functions_run_eagerly": f"{_C}.function:functions_run_eagerly",
    },
    "config.experimental": _same(
        f"{_C}.config",
        "list_logical_devices set_visible_devices get_visible_devices get_memory_info get_memory_growth "
        "get_device_details reset_memory_stats enable_tensor_float_32_execution",
    ),
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
    )
    | {"ExponentialMovingAverage": f"{_C}.odds:ExponentialMovingAverage"},
    "io": {
        **_same(
            f"{_C}.examples",
            "TFRecordWriter TFRecordOptions FixedLenFeature VarLenFeature FixedLenSequenceFeature parse_example "
            "parse_single_example parse_single_sequence_example decode_raw serialize_tensor parse_tensor",
        ),
        "decode_csv": f"{_C}.dataset_files:decode_csv",
    },
    "data": _same(f"{_C}.dataset_files", "TextLineDataset TFRecordDataset"),
    "data.experimental": {
        **_same(f"{_C}.dataset_files", "CsvDataset make_csv_dataset"),
        **_same(
            f"{_C}.dataset_choice",
            "sample_from_datasets choose_from_datasets group_by_window bucket_by_sequence_length ignore_errors unique "
            "unbatch enumerate_dataset take_while scan",
        ),
        "Counter": f"{_C}.dataset_choice:counter",
    },
}
