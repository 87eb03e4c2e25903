"""Former home of the merging layers in Keras 2; `_Merge` is what old programs derive theirs from.

The module can be called: `from keras.layers import merge` gave Keras 1's function of that name.
"""

import sys
from types import ModuleType
from typing import Any

from nnstack.layers import __getattr__ as __getattr__
from nnstack.layers.merging import _Merge as _Merge


class _Callable(ModuleType):
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from nnstack.layers import legacy

        return legacy.merge(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
