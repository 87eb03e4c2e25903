"""A process per framework, which stays alive and answers lines of JSON with lines of JSON."""

from __future__ import annotations

import json
import subprocess
from typing import Any


class Worker:
    """A framework's process. `RuntimeError` with its exit code where it ends instead of answering."""

    def __init__(self, framework: str, command: list[str]) -> None:
        self.framework = framework
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, request: Any) -> dict[str, Any]:
        """The answer to a request, which is anything that JSON has."""
        assert self.process.stdin
        print(json.dumps(request), file=self.process.stdin, flush=True)
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """The next answer, where the process speaks first."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.framework}: its process ended with code {self.process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """Ends the process."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()
