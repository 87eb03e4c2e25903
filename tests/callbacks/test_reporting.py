"""Callbacks that report elsewhere: TensorBoard's event files, a server, loops of one's own."""

import json
import struct
import threading
import urllib.parse
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstack import optimizers
from nnstack.callbacks import BaseLogger, Callback, CallbackList, CSVLogger, RemoteMonitor, TensorBoard
from nnstack.callbacks.event_file import EventFile, _checksum, png
from nnstack.layers import Dense, Embedding, Flatten
from nnstack.models import Sequential

X = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
Y = X[:, :1] * 2


def compiled(**arguments: Any) -> Sequential:
    model = Sequential([Dense(3, input_shape=(4,), name="first"), Dense(1, name="last")])
    model.compile("sgd", "mse", metrics=["mae"], **arguments)
    return model


# -- a small reader of what the writer writes ------------------------------------------------------------------------
def fields(data: bytes) -> Iterator[tuple[int, Any]]:
    def varint(at: int) -> tuple[int, int]:
        number = shift = 0
        while True:
            number |= (data[at] & 127) << shift
            shift, at = shift + 7, at + 1
            if data[at - 1] < 128:
                return number, at

    at = 0
    while at < len(data):
        key, at = varint(at)
        if key & 7 == 2:
            size, at = varint(at)
            yield key >> 3, data[at : at + size]
            at += size
        elif key & 7 == 1:
            yield key >> 3, struct.unpack("<d", data[at : at + 8])[0]
            at += 8
        else:
            number, at = varint(at)
            yield key >> 3, number


def events(folder: Path) -> list[tuple[str, int, str, Any]]:
    """(tag, step, plugin, value) of all events in a folder's one file."""
    (path,) = folder.iterdir()
    data, found, at = path.read_bytes(), [], 0
    while at < len(data):
        (size,) = struct.unpack("<Q", data[at : at + 8])
        assert data[at + 8 : at + 12] == _checksum(data[at : at + 8])
        record = data[at + 12 : at + 12 + size]
        assert data[at + 12 + size : at + 16 + size] == _checksum(record)
        at += 16 + size
        event = dict(fields(record))
        if 3 in event:
            assert event[3] == b"brain.Event:2"
            continue
        value = dict(fields(dict(fields(event[5]))[1]))
        plugin = dict(fields(dict(fields(value[9]))[1]))[1].decode()
        tensor = list(fields(value[8]))
        shape = [dict(fields(dim)).get(1, 0) for kind, part in tensor if kind == 2 for _, dim in fields(part)]
        kind = dict(tensor)[1]
        content: Any = [text for field, text in tensor if field == 8]
        if kind != 7:
            content = np.frombuffer(dict(tensor)[4], {1: "<f4", 2: "<f8"}[kind]).reshape(shape)
        found.append((value[1].decode(), event.get(2, 0), plugin, content))
    return found


def test_checksum_is_crc32c() -> None:
    masked = struct.unpack("<I", _checksum(b"123456789"))[0]
    shifted = (masked - 0xA282EAD8) & 0xFFFFFFFF
    assert (shifted >> 17 | shifted << 15) & 0xFFFFFFFF == 0xE3069283  # RFC 3720, appendix B.4's polynomial


def test_curves_of_epochs(tmp_path: Path) -> None:
    model = compiled()
    history = model.fit(
        X, Y, epochs=3, verbose=0, validation_data=(X, Y), callbacks=[TensorBoard(tmp_path, histogram_freq=2)]
    ).history
    train, validation = events(tmp_path / "train"), events(tmp_path / "validation")
    curves = [(tag, step, float(value)) for tag, step, plugin, value in train if plugin == "scalars"]
    assert [one[:2] for one in curves] == [(f"epoch_{n}", e) for e in range(3) for n in ("loss", "mae")]
    np.testing.assert_allclose([v for tag, _, v in curves if tag == "epoch_loss"], history["loss"], rtol=1e-6)
    own = [float(value) for tag, _, _, value in validation if tag == "epoch_mae"]
    np.testing.assert_allclose(own, history["val_mae"], rtol=1e-6)
    assert [step for tag, step, *_ in validation if tag == "evaluation_loss_vs_iterations"] == [1, 2, 3]
    histograms = [(tag, step, rows) for tag, step, plugin, rows in train if plugin == "histograms"]
    assert [one[:2] for one in histograms[:2]] == [("first/kernel_0/histogram", 0), ("first/bias_0/histogram", 0)]
    assert {step for _, step, _ in histograms} == {0, 2}
    rows = histograms[-2][2]  # the last kernel at the end
    kernel = model.get_weights()[2]
    assert rows.shape == (30, 3) and rows[:, 2].sum() == 3
    assert rows[0, 0] == pytest.approx(kernel.min()) and rows[-1, 1] == pytest.approx(kernel.max())
    ((tag, step, plugin, texts),) = [one for one in train if one[2] == "graph_keras_model"]
    assert tag == "keras" and json.loads(texts[0])["config"]["layers"][1]["config"]["name"] == "first"


@pytest.mark.parametrize(("freq", "steps"), [("batch", list(range(1, 11))), (3, [3, 6, 9])])
def test_curves_of_batches(freq: Any, steps: list[int], tmp_path: Path) -> None:
    compiled().fit(X, Y, batch_size=4, epochs=2, verbose=0, callbacks=[TensorBoard(tmp_path, update_freq=freq)])
    assert [step for tag, step, *_ in events(tmp_path / "train") if tag == "batch_loss"] == steps


def test_schedule_speed_profile_images_and_projector(tmp_path: Path) -> None:
    model = Sequential([Embedding(6, 3, input_length=2, name="words"), Flatten(), Dense(1, name="out")])
    model.compile(optimizers.SGD(optimizers.schedules.ExponentialDecay(0.5, 5, 0.5)), "mse")
    (tmp_path / "labels.tsv").write_text("a\n")
    board = TensorBoard(
        tmp_path,
        histogram_freq=1,
        write_images=True,
        write_steps_per_second=True,
        profile_batch=(2, 3),
        embeddings_freq=1,
        embeddings_metadata={"words": "labels.tsv"},
    )
    model.fit(np.arange(20).reshape(10, 2) % 6, np.ones((10, 1)), batch_size=2, verbose=0, callbacks=[board])
    found = {tag: value for tag, _, _, value in events(tmp_path / "train")}
    assert float(found["epoch_learning_rate"]) == 0.25 and found["epoch_steps_per_second"] > 0
    profile = found["batch_3"][0].decode()
    assert profile.startswith("| batch | ms |") and profile.count("\n") == 4 and "| 2 |" in profile
    width, height, picture = found["out/kernel_0/image"]
    assert (width, height) == (b"1", b"6") and picture.startswith(b"\x89PNG")
    assert np.loadtxt(tmp_path / "embedding_words.tsv").shape == (6, 3)
    config = (tmp_path / "projector_config.pbtxt").read_text()
    assert 'tensor_path: "embedding_words.tsv"' in config and 'metadata_path: "labels.tsv"' in config


def test_png_holds_the_pixels() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    data = png(pixels)
    at = data.index(b"IDAT")
    (size,) = struct.unpack(">I", data[at - 4 : at])
    lines = zlib.decompress(data[at + 4 : at + 4 + size])
    assert lines == b"".join(b"\0" + row.tobytes() for row in pixels)
    assert struct.unpack(">II", data[16:24]) == (4, 2)


def test_histograms_at_the_edges(tmp_path: Path) -> None:
    file = EventFile(str(tmp_path / "e"))
    file.histogram("none", np.zeros(0), 0)
    file.histogram("same", np.full(5, 2.0), 0)
    file.histogram("wild", np.array([1.0, np.nan, np.inf, 3.0]), 0)
    file.close()
    found = {tag: value for tag, _, _, value in events(tmp_path / "e")}
    assert found["none"].shape == (0, 3) and found["same"].tolist() == [[1.5, 2.5, 5.0]]
    assert found["wild"][:, 2].sum() == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"update_freq": "epochs"}, "update_freq 'epoch', 'batch' or a number, got 'epochs'"),
        ({"profile_batch": (5, 2)}, "profile_batch as a number or a pair"),
        ({"histograms": 1}, "unknown argument 'histograms'"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TensorBoard(**arguments)


def test_old_arguments_warn() -> None:
    with pytest.warns(UserWarning, match="write_grads has no effect"):
        TensorBoard(write_grads=True, batch_size=32)


# -- a server ----------------------------------------------------------------------------------------------------------
@pytest.fixture
def server() -> Iterator[Any]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self.server.seen.append((self.path, dict(self.headers), body))  # type: ignore[attr-defined]
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    running = HTTPServer(("127.0.0.1", 0), Handler)
    running.seen = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.mark.parametrize("as_json", [False, True])
def test_remote_monitor(as_json: bool, server: Any) -> None:
    root = f"http://127.0.0.1:{server.server_port}"
    monitor = RemoteMonitor(root, "/logs/", "field", {"X-Run": "7"}, send_as_json=as_json)
    history = compiled().fit(X, Y, epochs=2, verbose=0, callbacks=[monitor]).history
    assert len(server.seen) == 2
    path, headers, body = server.seen[1]
    sent = json.loads(body if as_json else urllib.parse.parse_qs(body)["field"][0])
    assert path == "/logs/" and headers["X-Run"] == "7"
    assert sent == {"epoch": 1, "loss": history["loss"][1], "mae": history["mae"][1]}


def test_remote_monitor_without_a_server() -> None:
    monitor = RemoteMonitor("http://127.0.0.1:9")
    with pytest.warns(UserWarning, match="could not reach the server at http://127.0.0.1:9"):
        compiled().fit(X, Y, verbose=0, callbacks=[monitor])


# -- loops of one's own ------------------------------------------------------------------------------------------------
def test_callback_list_in_a_loop_of_ones_own(tmp_path: Path) -> None:
    calls: list[Any] = []

    class Look(Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            calls.append(("epoch", epoch, self.params["epochs"], self.model.name))

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            calls.append(("batch", batch, logs["loss"]))

    model = compiled()
    group = CallbackList([Look()], add_history=True, model=model, epochs=2, verbose=0)
    group.append(CSVLogger(tmp_path / "log.csv"))
    group.on_train_begin()
    for epoch in range(2):
        group.on_epoch_begin(epoch)
        group.on_train_batch_begin(0)
        group.on_train_batch_end(0, {"loss": 0.5})
        group.on_epoch_end(epoch, {"loss": 0.25})
    group.on_train_end()
    assert calls == [("epoch", 0, 2, model.name), ("batch", 0, 0.5), ("epoch", 1, 2, model.name), ("batch", 0, 0.5)]
    assert model.history.history == {"loss": [0.25, 0.25]} and model.history.epoch == [0, 1]
    assert (tmp_path / "log.csv").read_text() == "epoch,loss,val_loss\n0,0.25,NA\n1,0.25,NA\n"
    with pytest.raises(AttributeError, match="no attribute 'on_nothing'"):
        group.on_nothing()


def test_base_logger() -> None:
    logger = BaseLogger(stateful_metrics=["last"])
    logger.set_params({"metrics": ["loss", "last", "absent"]})
    logger.on_epoch_begin(0)
    logger.on_batch_end(0, {"size": 3, "loss": 1.0, "last": 5.0})
    logger.on_batch_end(1, {"size": 1, "loss": 5.0, "last": 7.0})
    logs: dict[str, Any] = {}
    logger.on_epoch_end(0, logs)
    assert logs == {"loss": 2.0, "last": 7.0}
