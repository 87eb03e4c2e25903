"""RemoteMonitor: sends the logs of each epoch to a server."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from nnstack.callbacks.callback import Callback


class RemoteMonitor(Callback):
    """After each epoch an HTTP POST of the epoch and its logs to `root` + `path`.

    The data are JSON, in the form field `field`, or as the body itself with `send_as_json`. `headers`: a dict added to
    the request. A server that cannot be reached gives a warning; training goes on.
    """

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: Mapping[str, str] | None = None,
        send_as_json: bool = False,
    ) -> None:
        super().__init__()
        self.root = root
        self.path = path
        self.field = field
        self.headers = headers
        self.send_as_json = send_as_json

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        import urllib.error  # these bring half of the standard library's network code: not at import
        import urllib.parse
        import urllib.request

        content = json.dumps({"epoch": epoch, **{name: _plain(value) for name, value in (logs or {}).items()}})
        kind = "application/json" if self.send_as_json else "application/x-www-form-urlencoded"
        body = content if self.send_as_json else urllib.parse.urlencode({self.field: content})
        request = urllib.request.Request(
            self.root + self.path, body.encode(), {"Content-Type": kind, **dict(self.headers or {})}
        )
        try:
            with urllib.request.urlopen(request, timeout=10):
                pass
        except urllib.error.HTTPError as error:
            error.close()  # the server was reached; what it thinks of the data is its own affair, as in Keras
        except OSError as error:
            warnings.warn(f"RemoteMonitor: could not reach the server at {self.root} ({error})", stacklevel=2)


def _plain(value: Any) -> Any:
    return np.asarray(value).tolist() if isinstance(value, np.ndarray | np.generic) else value
