"""`nnstack.backend`: the K functions of Keras 2, on symbolic tensors and on arrays.

Every function takes Tensors, Variables, numpy arrays and Python numbers. With concrete arguments it computes at once;
whatever touches a placeholder or a variable is recorded, to be run by `function` or `eval`.
"""

# `name as name` says that a name belongs to this module; sorted by ruff, each would be a statement of its own.
# ruff: isort: skip_file

from nnstack.backend import shapes as _shapes
from nnstack.backend.along_axis import (
    argsort as argsort,
    cumprod as cumprod,
    cumsum as cumsum,
    sort as sort,
    top_k as top_k,
)
from nnstack.backend.choice import (
    in_test_phase as in_test_phase,
    in_train_phase as in_train_phase,
    switch as switch,
)
from nnstack.backend.config import (
    backend as backend,
    epsilon as epsilon,
    floatx as floatx,
    get_uid as get_uid,
    image_data_format as image_data_format,
    image_dim_ordering as image_dim_ordering,
    normalize_data_format as normalize_data_format,
    reset_uids as reset_uids,
    set_epsilon as set_epsilon,
    set_floatx as set_floatx,
    set_image_data_format as set_image_data_format,
    set_image_dim_ordering as set_image_dim_ordering,
)
from nnstack.backend.ctc import (
    SparseTensor as SparseTensor,
    ctc_batch_cost as ctc_batch_cost,
    ctc_decode as ctc_decode,
    ctc_label_dense_to_sparse as ctc_label_dense_to_sparse,
)
from nnstack.backend.einsum import (
    einsum as einsum,
)
from nnstack.backend.convolution import (
    conv1d as conv1d,
    conv1d_transpose as conv1d_transpose,
    conv2d as conv2d,
    conv2d_transpose as conv2d_transpose,
    conv3d as conv3d,
    conv3d_transpose as conv3d_transpose,
    convolution as convolution,
    depthwise_conv1d as depthwise_conv1d,
    depthwise_conv2d as depthwise_conv2d,
    separable_conv1d as separable_conv1d,
    separable_conv2d as separable_conv2d,
)
from nnstack.backend.functions import (
    Function as Function,
    batch_get_value as batch_get_value,
    batch_set_value as batch_set_value,
    count_params as count_params,
    dtype as dtype,
    eval as eval,
    eye as eye,
    function as function,
    get_value as get_value,
    get_variable_shape as get_variable_shape,
    gradients as gradients,
    int_shape as int_shape,
    is_keras_tensor as is_keras_tensor,
    is_placeholder as is_placeholder,
    is_sparse as is_sparse,
    is_variable as is_variable,
    name_scope as name_scope,
    ndim as ndim,
    ones as ones,
    placeholder as placeholder,
    print_tensor as print_tensor,
    set_value as set_value,
    to_dense as to_dense,
    variable as variable,
    zeros as zeros,
)
from nnstack.backend.fused import (
    gru as gru,
    lstm as lstm,
    simple_rnn as simple_rnn,
)
from nnstack.backend.images import (
    pad as pad,
    resize_images as resize_images,
    resize_volumes as resize_volumes,
    spatial_2d_padding as spatial_2d_padding,
    spatial_3d_padding as spatial_3d_padding,
    temporal_padding as temporal_padding,
)
from nnstack.backend.math import (
    abs as abs,
    add as add,
    all as all,
    any as any,
    argmax as argmax,
    argmin as argmin,
    cast as cast,
    cast_to_floatx as cast_to_floatx,
    clip as clip,
    cos as cos,
    count as count,
    divide as divide,
    divide_no_nan as divide_no_nan,
    equal as equal,
    erf as erf,
    exp as exp,
    expm1 as expm1,
    floor as floor,
    greater as greater,
    greater_equal as greater_equal,
    identity as identity,
    l2_normalize as l2_normalize,
    less as less,
    less_equal as less_equal,
    log as log,
    log1p as log1p,
    logsumexp as logsumexp,
    max as max,
    maximum as maximum,
    mean as mean,
    min as min,
    minimum as minimum,
    multiply as multiply,
    not_equal as not_equal,
    pow as pow,
    prod as prod,
    round as round,
    select as select,
    sign as sign,
    sin as sin,
    sqrt as sqrt,
    square as square,
    std as std,
    stop_gradient as stop_gradient,
    subtract as subtract,
    sum as sum,
    var as var,
)
from nnstack.backend.modes import (
    clear_session as clear_session,
    eager as eager,
    learning_phase as learning_phase,
    learning_phase_scope as learning_phase_scope,
    learning_phase_symbol as learning_phase_symbol,
    manual_variable_initialization as manual_variable_initialization,
    set_learning_phase as set_learning_phase,
    symbolic as symbolic,
)
from nnstack.backend.nn import (
    bias_add as bias_add,
    binary_crossentropy as binary_crossentropy,
    binary_focal_crossentropy as binary_focal_crossentropy,
    categorical_crossentropy as categorical_crossentropy,
    categorical_focal_crossentropy as categorical_focal_crossentropy,
    elu as elu,
    hard_sigmoid as hard_sigmoid,
    in_top_k as in_top_k,
    log_softmax as log_softmax,
    relu as relu,
    sigmoid as sigmoid,
    softmax as softmax,
    softplus as softplus,
    softsign as softsign,
    sparse_categorical_crossentropy as sparse_categorical_crossentropy,
    tanh as tanh,
)
from nnstack.backend.normalization import (
    batch_normalization as batch_normalization,
    normalize_batch_in_training as normalize_batch_in_training,
)
from nnstack.backend.pooling import (
    pool1d as pool1d,
    pool2d as pool2d,
    pool3d as pool3d,
)
from nnstack.backend.products import (
    batch_dot as batch_dot,
    dot as dot,
    local_conv1d as local_conv1d,
    local_conv2d as local_conv2d,
)
from nnstack.backend.random import (
    RandomState as RandomState,
    dropout as dropout,
    next_seed as next_seed,
    random_bernoulli as random_bernoulli,
    random_binomial as random_binomial,
    random_normal as random_normal,
    random_normal_variable as random_normal_variable,
    random_uniform as random_uniform,
    random_uniform_variable as random_uniform_variable,
    seed_stream as seed_stream,
    truncated_normal as truncated_normal,
)
from nnstack.backend.ranges import (
    arange as arange,
)
from nnstack.backend.recurrence import (
    rnn as rnn,
)
from nnstack.backend.resizing import (
    resize as resize,
)
from nnstack.backend.sequences import (
    foldl as foldl,
    foldr as foldr,
    map_fn as map_fn,
)
from nnstack.backend.session import (
    Session as Session,
    control_dependencies as control_dependencies,
    get_session as get_session,
    set_session as set_session,
)
from nnstack.backend.shapes import (
    batch_flatten as batch_flatten,
    broadcast_to as broadcast_to,
    concatenate as concatenate,
    expand_dims as expand_dims,
    fill as fill,
    flatten as flatten,
    gather as gather,
    one_hot as one_hot,
    ones_like as ones_like,
    permute_dimensions as permute_dimensions,
    repeat as repeat,
    repeat_elements as repeat_elements,
    reshape as reshape,
    reverse as reverse,
    shape as shape,
    size as size,
    squeeze as squeeze,
    stack as stack,
    tile as tile,
    transpose as transpose,
    zeros_like as zeros_like,
)
from nnstack.backend.tensor import (
    Shape as Shape,
    Tensor as Tensor,
    TensorLike as TensorLike,
    TensorOperators as TensorOperators,
    constant as constant,
    convert as convert,
    convert_like as convert_like,
    emit as emit,
    is_tensor as is_tensor,
)
from nnstack.backend.variable import (
    EagerScope as EagerScope,
    Trace as Trace,
    Update as Update,
    Variable as Variable,
    current_scope as current_scope,
    eager_scope as eager_scope,
    moving_average_update as moving_average_update,
    trace as trace,
    update as update,
    update_add as update_add,
    update_sub as update_sub,
)

slice = _shapes.slice_tensor


def __getattr__(name: str) -> object:
    """What Keras's own backend file had imported or set, for programs of its time: `K.tf`, `K._EPSILON`, ..."""
    if not name.startswith("__"):
        from nnstack.compat import backend_names

        found = backend_names.find(name)
        if found is not None:
            return found
    raise AttributeError(f"module 'nnstack.backend' has no attribute {name!r}")
