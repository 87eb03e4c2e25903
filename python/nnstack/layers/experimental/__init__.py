"""tf.keras 2.x's former home of some layers: `experimental.EinsumDense` is `nnstack.layers.EinsumDense`."""

from nnstack.layers import __getattr__ as __getattr__
from nnstack.layers.experimental import preprocessing as preprocessing
