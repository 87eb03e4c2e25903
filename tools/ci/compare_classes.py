"""Fails unless the C++ program printed the classes that Python predicts: CLASSES.txt PROBABILITIES.f32"""

import sys
from array import array
from pathlib import Path

CLASSES = 10
probabilities = array("f", Path(sys.argv[2]).read_bytes())
rows = [probabilities[i : i + CLASSES] for i in range(0, len(probabilities), CLASSES)]
expected = [max(range(CLASSES), key=lambda c, row=row: row[c]) for row in rows]
printed = [int(word) for word in Path(sys.argv[1]).read_text().split()]
if printed != expected:
    sys.exit(f"the C++ program printed {len(printed)} classes, {len(expected)} expected, or other ones")
print(f"C++ and Python agree on the classes of {len(expected)} images")
