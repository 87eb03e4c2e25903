"""The saving methods of Model; the work is done in hdf5.py, config.py and export.py."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from nnstack.saving.config import json_default, model_config, yaml_module


class Savable:
    """The part of `Model` that users call to write and read files."""

    if TYPE_CHECKING:

        @property
        def name(self) -> str: ...

    def save(
        self,
        filepath: Any,
        overwrite: bool = True,
        include_optimizer: bool = True,
        save_format: str | None = None,
        signatures: Any = None,
        options: Any = None,
        **kwargs: Any,
    ) -> None:
        """Writes architecture, weights, compile arguments and, with `include_optimizer`, the optimizer's state to one
        HDF5 file.

        The file opens in tf.keras too. `filepath`: path ending in .h5 or .hdf5, or an open `h5py.File`. It is written
        beside
        and renamed, so a crash leaves the old file whole. `overwrite=False` asks on a terminal, else `FileExistsError`.
        Raises `ValueError` for a format other than 'h5', `ImportError` without h5py.
        """
        from nnstack.saving import hdf5, hdf5_files

        hdf5_files.check_format(filepath, save_format, f'save (model "{self.name}")', suffixes=(".h5", ".hdf5"))
        hdf5.save_model(self, filepath, overwrite, include_optimizer)

    def save_weights(
        self, filepath: Any, overwrite: bool = True, save_format: str | None = None, options: Any = None
    ) -> None:
        """Writes the weights alone to an HDF5 file; arguments and errors as in `save`."""
        from nnstack.saving import hdf5, hdf5_files

        hdf5_files.check_format(
            filepath, save_format, f'save_weights (model "{self.name}")', suffixes=(".h5", ".hdf5", ".keras")
        )
        hdf5.save_weights(self, filepath, overwrite)

    def load_weights(
        self, filepath: Any, by_name: bool = False, skip_mismatch: bool = False, options: Any = None
    ) -> None:
        """Reads weights from an HDF5 file of weights or of a whole model.

        By position, or with `by_name` for layers of the same name; `skip_mismatch` (with `by_name`) leaves out layers
        whose shapes
        differ. Nothing is written if anything does not fit: `ValueError` names layer, weight and both shapes.
        """
        from nnstack.saving import hdf5

        hdf5.load_weights(self, filepath, by_name, skip_mismatch)

    def to_json(self, **kwargs: Any) -> str:
        """The architecture as JSON text; keywords go to `json.dumps`."""
        return json.dumps(model_config(self), default=json_default, **kwargs)

    def to_yaml(self, **kwargs: Any) -> str:
        """The architecture as YAML text; keywords go to `yaml.safe_dump`."""
        plain = json.loads(self.to_json())
        text: str = yaml_module().safe_dump(plain, **kwargs)
        return text

    def export(self, filepath: Any, samples: int = 2, batch_size: int = 2) -> None:
        """Writes the prediction function to one file for the C++ library: graph, weights, recorded inputs and outputs.

        `samples` recorded batches of `batch_size` random rows let the loader verify itself. Raises `ValueError`
        before the model is
        built.
        """
        from nnstack.saving.export import export_model

        export_model(self, filepath, samples, batch_size)
