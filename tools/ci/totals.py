"""Adds up the stages and the JUnit reports of a CI run; the last line is the total.

Every skipped test is listed with its reason. A skip is in order where a device is missing; a test that needs the real
tf_keras may skip in the first run, because a later stage runs it with tf_keras required. Anything else is a failure.
"""

from __future__ import annotations

import argparse
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

DEVICE = re.compile(r"cuda|gpu|device|avx|x86", re.IGNORECASE)
INTEROP = re.compile(r"tf[_-]keras|tensorflow|onnx", re.IGNORECASE)


def reason_of(skip: ElementTree.Element) -> str:
    """The reason of a skipped test; a whole module's stands in the text."""
    message = skip.get("message") or "no reason given"
    return skip.text or message if message == "collection skipped" else message


def allowed(reason: str, report: str, reports: set[str]) -> bool:
    return bool(DEVICE.search(reason) or (report == "readme" and "interop" in reports and INTEROP.search(reason)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stages", type=int, required=True)
    parser.add_argument("--failed", default="", help="names of the stages that failed")
    parser.add_argument("--seconds", type=int, required=True)
    parser.add_argument("reports", type=Path)
    arguments = parser.parse_args()
    files = sorted(arguments.reports.glob("*.xml"))
    names = {file.stem for file in files}
    passed = failed = 0
    skips: Counter[tuple[str, str]] = Counter()
    for file in files:
        for case in ElementTree.parse(file).iter("testcase"):
            skip = case.find("skipped")
            if skip is not None:
                skips[(file.stem, reason_of(skip))] += 1
            elif case.find("failure") is not None or case.find("error") is not None:
                failed += 1
            else:
                passed += 1
    for (report, reason), count in sorted(skips.items()):
        bad = not allowed(reason, report, names)
        print(f"skipped {count}x in {report}: {reason}{' <- NOT ALLOWED: names no missing device' if bad else ''}")
        failed += count if bad else 0
    bad_stages = arguments.failed.split()
    for stage in bad_stages:
        print(f"stage {stage} FAILED")
    failed = max(failed, len(bad_stages))
    print(f"{arguments.stages - len(bad_stages)} of {arguments.stages} stages passed in {arguments.seconds} s")
    print(f"{passed} passed, {failed} failed, {sum(skips.values())} skipped")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
