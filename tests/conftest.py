"""Rules for all tests: where the real tf_keras and ONNX are required, a test that skips for lack of them fails."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

INTEROP_REQUIRED = os.environ.get("NNSTACK_REQUIRE_INTEROP") == "1"
INTEROP_PACKAGES = ("tf_keras", "tensorflow", "needs the package onnx")


def refuse_interop_skip(report: Any) -> Any:
    """Turns a skip whose reason names an interop package into a failure, where these are required."""
    names_interop = any(name in str(report.longrepr) for name in INTEROP_PACKAGES)
    if INTEROP_REQUIRED and report.outcome == "skipped" and names_interop:
        report.outcome = "failed"
        report.longrepr = f"skipped although NNSTACK_REQUIRE_INTEROP=1: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    return refuse_interop_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    return refuse_interop_skip((yield))
