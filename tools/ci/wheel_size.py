"""Prints a wheel's size and its largest files; fails above --limit MB: wheel_size.py --limit 15 WHEEL"""

import argparse
import sys
import zipfile
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--limit", type=float, required=True)
parser.add_argument("wheel", type=Path)
arguments = parser.parse_args()
size = arguments.wheel.stat().st_size / 1e6
with zipfile.ZipFile(arguments.wheel) as wheel:
    largest = sorted(wheel.infolist(), key=lambda file: -file.compress_size)[:6]
for file in largest:
    print(f"  {file.compress_size / 1e6:6.2f} MB ({file.file_size / 1e6:.2f} unpacked)  {file.filename}")
print(f"{arguments.wheel.name}: {size:.2f} MB (limit {arguments.limit:g} MB)")
sys.exit(int(size > arguments.limit))
