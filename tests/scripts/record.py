"""Records the accuracies that real TensorFlow reaches with the programs: `python tests/scripts/record.py [name ...]`.

Needs tensorflow, tf-keras and scikit-learn, not nnstack. Every program runs with several seeds, and once more with the
data beside the repository if it reads them; accuracies.json holds all results. Programs that tf-keras cannot run any
more are left out.
"""

import contextlib
import importlib
import importlib.abc
import importlib.machinery
import io
import json
import os
import runpy
import sys
import warnings
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
SEEDS = (1, 2)
WITHOUT = ("samples", "grid_search_with_wrapper")  # tf.keras has no wrappers since 2.13


class Keras2(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """`import keras` is tf_keras."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname.partition(".")[0] != "keras":
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        sys.modules[module.__name__] = importlib.import_module("tf_" + module.__name__)


def result_of(output):
    """The number at the end of the last line."""
    return float(output.strip().splitlines()[-1].split()[-1])


def main():
    """Runs all programs, or those named."""
    threads = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    os.environ.update(threads, TF_USE_LEGACY_KERAS="1", TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="")
    sys.meta_path.insert(0, Keras2())
    sys.path.insert(0, str(FOLDER / "programs"))
    warnings.simplefilter("ignore")
    path = FOLDER / "accuracies.json"
    recorded = json.loads(path.read_text()) if path.exists() else {}
    names = sys.argv[1:] or [p.stem for p in sorted((FOLDER / "programs").glob("*.py")) if p.stem not in WITHOUT]
    # Eager execution cannot be switched on again: the program that switches it off comes last.
    for name in sorted(names, key=lambda one: (one == "saliency", one)):
        text = (FOLDER / "programs" / f"{name}.py").read_text()
        reads = any(f"import {one}" in text or f", {one}" in text for one in ("images", "reviews", "series"))
        for data in ("made", "shared"):
            if data == "shared" and not reads:
                continue
            os.environ["SCRIPTS_WITHOUT_SHARED_DATA"] = "1" if data == "made" else ""
            found = []
            for seed in SEEDS:
                os.environ["SCRIPTS_SEED"] = str(seed)
                sys.modules.pop("samples", None)
                importlib.import_module("tf_keras").utils.get_custom_objects().pop("programs>Linear", None)
                output = io.StringIO()
                with contextlib.redirect_stdout(output):
                    runpy.run_path(str(FOLDER / "programs" / f"{name}.py"), run_name="__main__")
                found.append(round(result_of(output.getvalue()), 5))
            recorded.setdefault(name, {})[data] = found
            print(name, data, found, flush=True)
            recorded = {**(json.loads(path.read_text()) if path.exists() else {}), name: recorded[name]}
            path.write_text(json.dumps(dict(sorted(recorded.items())), indent=1) + "\n")


if __name__ == "__main__":
    main()
