"""Fails unless docs/environment.md names every environment variable that the sources read."""

import re
import sys
from pathlib import Path

READ = re.compile(r'(?:getenv|environ(?:\.get|\.setdefault)?)[(\[]\s*"((?:NNSTACK|COC)_\w+)"')
sources = [
    path
    for folder in ("csrc", "cuda", "python", "tests", "bench")
    for path in Path(folder).rglob("*")
    if path.suffix in {".cpp", ".h", ".cu", ".cuh", ".py"}
]
names = {name for path in sources for name in READ.findall(path.read_text())}
missing = sorted(names - set(re.findall(r"(?:NNSTACK|COC)_\w+", Path("docs/environment.md").read_text())))
print(f"{len(names)} environment variables are read, {len(missing)} are not in docs/environment.md {' '.join(missing)}")
sys.exit(bool(missing))
