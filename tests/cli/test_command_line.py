"""The command line: what every subcommand has, and one run through the real process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nnstack.cli import SUBCOMMANDS, main


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_help_teaches_with_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"nnstack {name}" in shown
    assert "examples:" in shown


def test_help_names_all_commands_and_exit_statuses(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"    {name} " in shown for name in SUBCOMMANDS)
    assert "0 done, 1 it could not be done" in shown


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ([], "COMMAND"),
        (["look"], "look"),
        (["summary"], "FILE"),
        (["predict", "model.h5"], "INPUT"),
        (["convert", "a.h5", "b.x", "--to", "gif"], "gif"),
        (["inspect", "a.h5", "--colour"], "--colour"),
    ],
)
def test_wrong_usage_is_status_2(line: list[str], named: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line) == 2
    error = capsys.readouterr().err
    assert named in error
    assert "usage: nnstack" in error


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (["summary", "nowhere.h5"], "nnstack summary: no file at nowhere.h5"),
        (["inspect", "."], "nnstack inspect: . is a folder without config.json or saved_model.pb"),
        (["predict", "nowhere.h5", "x.csv"], "expected a file that ends in .npy or .npz, got x.csv"),
    ],
)
def test_what_cannot_be_done_is_status_1_and_one_line(
    line: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(line) == 1
    error = capsys.readouterr().err
    assert text in error
    assert error.count("\n") == 1


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from nnstack.cli import main; main(['convert', '--help']); "
        "print([name for name in ('numpy', 'h5py', 'yaml', 'onnx', 'nnstack._core') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.rstrip().endswith("[]")


def test_the_real_process(tmp_path: Path) -> None:
    def run(*line: str) -> Any:
        return subprocess.run([sys.executable, "-m", "nnstack", *line], capture_output=True, text=True)

    version = run("--version")
    assert (version.returncode, version.stdout) == (0, "nnstack 0.1.0\n")
    broken = tmp_path / "model.h5"
    broken.write_bytes(b"\x89HDF\r\n\x1a\nand nothing more")
    found = run("summary", str(broken))
    assert found.returncode == 1
    assert "not an HDF5 file, or a broken one" in found.stderr
    assert "Traceback" not in found.stderr
