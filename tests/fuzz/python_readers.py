"""Coverage-guided fuzzing of the readers with atheris: `python python_readers.py TARGET [libFuzzer options] CORPUS`.

Seeds: `python seeds.py FOLDER`, then CORPUS is FOLDER/TARGET. A finding ends the run with its traceback, its bytes in
a file `crash-...`, which `python_readers.py TARGET crash-...` reads again. CI runs every target for seconds.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parent))
with atheris.instrument_imports(include=["nnstack"]):
    import mutate
    import readers


def main() -> None:
    target = sys.argv.pop(1)
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))

    def one(data: bytes) -> None:
        readers.attempt(target, data)

    def by_structure(data: bytes, largest: int, seed: int) -> bytes:
        if seed % 8 == 0:
            return bytes(atheris.Mutate(data, largest))
        return mutate.BY_STRUCTURE[target](data, seed, largest)

    atheris.Setup(sys.argv, one, **({"custom_mutator": by_structure} if target in mutate.BY_STRUCTURE else {}))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
