"""Records what the models of real Keras look like: python tests/applications/record_digests.py [--missing].

Needs tf_keras. Writes digests.json: per case what `application_cases.digest` tells.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import tf_keras
from application_cases import CASES, digest


def main() -> None:
    path = Path(__file__).with_name("digests.json")
    recorded = json.loads(path.read_text(encoding="utf-8")) if "--missing" in sys.argv and path.exists() else {}
    for case, (name, arguments) in CASES.items():
        if case in recorded:
            continue
        tf_keras.backend.clear_session()
        recorded[case] = digest(getattr(tf_keras.applications, name)(weights=None, **arguments))
        print(case, *recorded[case][:3], flush=True)
        write(path, recorded)


def write(path: Path, recorded: dict[str, list[Any]]) -> None:
    """One line per case."""
    rows = ",\n".join(f"{json.dumps(case)}: {json.dumps(row)}" for case in CASES if (row := recorded.get(case)))
    path.write_text(f"{{\n{rows}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
