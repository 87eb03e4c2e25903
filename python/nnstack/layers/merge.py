"""Former home of the merging layers in Keras 2; `_Merge` is what old programs derive theirs from."""

from nnstack.layers import __getattr__ as __getattr__
from nnstack.layers.merging import _Merge as _Merge
