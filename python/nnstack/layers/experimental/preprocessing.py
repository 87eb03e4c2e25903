"""tf.keras 2.3 to 2.5's home of the preprocessing layers: `preprocessing.Rescaling` is `nnstack.layers.Rescaling`."""

from nnstack.layers import __getattr__ as __getattr__
