"""Models that tf.keras ships whole: `LinearModel` and `WideDeepModel`."""

from nnstack.premade.linear import LinearModel as LinearModel
from nnstack.premade.wide_deep import WideDeepModel as WideDeepModel
