"""`python -m hostile FOLDER`"""

import sys
from pathlib import Path

from . import FILES

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for name, make, _ in FILES:
    make(folder / name, folder / "mark")
print(f"{len(FILES)} files in {folder}")
