"""The saving methods of Model; the work is done in hdf5.py, config.py and export.py."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from nnstack.saving.broken import told_as_broken
from nnstack.saving.config import json_default, model_config, yaml_module


class Savable:
    """The part of `Model` that users call to write and read files."""

    if TYPE_CHECKING:
        built: bool

        @property
        def name(self) -> str: ...
        @property
        def weights(self) -> list[Any]: ...

    def save(
        self,
        filepath: Any,
        overwrite: bool = True,
        include_optimizer: bool = True,
        save_format: str | None = None,
        signatures: Any = None,
        options: Any = None,
        dialect: str = "tf_keras",
        **kwargs: Any,
    ) -> None:
        """Writes architecture, weights, compile arguments and, with `include_optimizer`, the optimizer's state: to one
        HDF5 file for paths ending in .h5 or .hdf5 and open `h5py.File`s, to Keras 3's zip for .keras, else, and with
        `save_format='tf'`, to a folder: `config.json` and a TensorFlow checkpoint `variables/variables`, whose weights
        tf_keras reads with `load_weights`. It is no SavedModel, so tf_keras's `load_model` does not open it.

        `dialect` says for whom: 'tf_keras', 'keras2.3' (HDF5 only) or 'keras3'. The file is written beside and renamed,
        so a crash or a full disk leaves the old file whole. `overwrite=False` asks on a terminal, else
        `FileExistsError`, which also tells of a folder that holds other things. Raises `ValueError` for another format
        or dialect, and for a layer that the dialect does not have; `ImportError` without h5py; `OSError` where writing
        fails.

        >>> model.save("model.h5", dialect="keras2.3")
        """
        from nnstack.saving import dialect_writers, folder, hdf5, keras_zip
        from nnstack.saving.hdf5_files import model_format

        title = f'save (model "{self.name}")'
        dialect_writers.check_dialect(dialect, title)
        modules: dict[str, Any] = {"h5": hdf5, "keras": keras_zip, "tf": folder}
        kind = model_format(filepath, save_format, title)
        modules[kind].save_model(self, filepath, overwrite, include_optimizer, dialect)

    def save_weights(
        self, filepath: Any, overwrite: bool = True, save_format: str | None = None, options: Any = None
    ) -> None:
        """Writes the weights alone: Keras 3's layout for paths ending in .weights.h5, as tf.keras from 2.12 on, HDF5
        for .h5, .hdf5 or .keras, safetensors for .safetensors, else a TensorFlow checkpoint.

        `save_format` 'h5', 'tf' (checkpoint: PREFIX.index and PREFIX.data-00000-of-00001), 'keras' (the layout of
        Keras 3's .weights.h5) or 'safetensors' (names such as `dense/kernel`; see `saving/safetensors_file.py`;
        `ImportError` without the extra [safetensors]) decides over the ending. Other arguments and errors as in `save`;
        `ValueError` before the model is built.
        """
        from nnstack.saving import checkpoint, hdf5, keras_zip, safetensors_file
        from nnstack.saving.hdf5_files import weights_format

        title = f'save_weights (model "{self.name}")'
        if not self.built and not self.weights:
            raise ValueError(f"{title}: the model has no weights yet. Build it, or call it on data, first")
        kind = weights_format(filepath, save_format, title)
        modules: dict[str, Any] = {"tf": checkpoint, "h5": hdf5, "keras": keras_zip, "safetensors": safetensors_file}
        modules[kind].save_weights(self, filepath, overwrite, title)

    def load_weights(
        self, filepath: Any, by_name: bool = False, skip_mismatch: bool = False, options: Any = None
    ) -> Any:
        """Reads weights from an HDF5 file of weights or of a whole model, a TensorFlow checkpoint (its prefix), the
        folder of a SavedModel, a .keras file, a .weights.h5 of Keras 3 or a .safetensors file; a path, bytes or, but
        for safetensors, an open file.

        By position, or with `by_name` (HDF5) for layers of the same name; `skip_mismatch` (with `by_name`) leaves out
        weights whose shapes differ. Nothing is written if anything does not fit: `ValueError` names layer, weight and
        both shapes, and lists all weights side by side. Returns None, for a checkpoint a `LoadStatus` as tf.keras does.
        """
        from nnstack.saving import sources

        with told_as_broken("load_weights"):
            return sources.load_weights(self, filepath, by_name, skip_mismatch)

    def __reduce__(self) -> Any:
        from nnstack.saving.pickling import to_pickle

        return to_pickle(self)

    def to_json(self, **kwargs: Any) -> str:
        """The architecture as JSON text; keywords go to `json.dumps`."""
        return json.dumps(model_config(self), default=json_default, **kwargs)

    def to_yaml(self, **kwargs: Any) -> str:
        """The architecture as YAML text; keywords go to `yaml.safe_dump`."""
        plain = json.loads(self.to_json())
        text: str = yaml_module().safe_dump(plain, **kwargs)
        return text

    def export(self, filepath: Any, samples: int = 2, batch_size: int = 2) -> None:
        """Writes the prediction function to one file: graph and weights.

        A path that ends in .onnx gives an ONNX file, see `nnstack.onnx.export_model`. Any other one is for the C++
        library, with `samples` recorded batches of `batch_size` random rows, by which the loader verifies itself.
        Raises `ValueError` before the model is built.

        >>> model.export("model.onnx")
        """
        if isinstance(filepath, str | os.PathLike) and os.fspath(filepath).lower().endswith(".onnx"):
            from nnstack.onnx import export_model as export_onnx

            export_onnx(self, filepath)
            return
        from nnstack.saving.export import export_model

        export_model(self, filepath, samples, batch_size)
