"""`tf.config` and `tf.test`: devices and threads."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

from nnstack import devices


class PhysicalDevice(NamedTuple):
    """A device, as TensorFlow names it."""

    name: str
    device_type: str


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The devices that nnstack runs on, 'CPU' or 'GPU' ones if told."""
    found = []
    for one in devices.list_devices():
        kind = "GPU" if one.startswith("cuda") else "CPU"
        number = one.rsplit(":", 1)[-1] if ":" in one else "0"
        found.append(PhysicalDevice(f"/physical_device:{kind}:{number}", kind))
    return [one for one in found if device_type in (None, one.device_type)]


def _nothing(*_: Any, **__: Any) -> None:
    """Accepted, and without effect: memory is planned per model, on the device that nnstack.set_device names."""


list_logical_devices = list_physical_devices
set_visible_devices = set_soft_device_placement = set_logical_device_configuration = _nothing
experimental_connect_to_cluster = set_memory_growth = enable_op_determinism = _nothing
experimental_connect_to_host = reset_memory_stats = enable_tensor_float_32_execution = _nothing
set_virtual_device_configuration = set_inter_op_parallelism_threads = _nothing
optimizer = SimpleNamespace(set_jit=_nothing, set_experimental_options=_nothing)


def get_visible_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """All of them."""
    return list_physical_devices(device_type)


class LogicalDeviceConfiguration:
    """Limits of a device; they have no effect."""

    def __init__(self, memory_limit: Any = None, **_: Any) -> None:
        self.memory_limit = memory_limit


VirtualDeviceConfiguration = LogicalDeviceConfiguration


def set_intra_op_parallelism_threads(num_threads: int) -> None:
    """The number of threads that compute; 0: as many as there are processors."""
    if num_threads:
        devices.set_num_threads(int(num_threads))


def get_intra_op_parallelism_threads() -> int:
    """The number of threads that compute."""
    return devices.get_num_threads()


def get_inter_op_parallelism_threads() -> int:
    """One operation runs at a time."""
    return 1


def is_gpu_available(*_: Any, **__: Any) -> bool:
    """Whether there is a GPU to run on."""
    return bool(list_physical_devices("GPU"))


def is_built_with_cuda() -> bool:
    """Whether there is a GPU to run on."""
    return is_gpu_available()


def gpu_device_name() -> str:
    """'/device:GPU:0', or '' where there is none."""
    return "/device:GPU:0" if is_gpu_available() else ""


def get_memory_info(device: str) -> dict[str, int]:
    """Bytes of memory of a device; 0: plans have their own arenas, which are not counted together."""
    return {"current": 0, "peak": 0}


def get_memory_growth(device: Any) -> bool:
    """True: memory is taken as it is needed."""
    return True


def get_device_details(device: Any) -> dict[str, Any]:
    """The device's name."""
    return {"device_name": getattr(device, "name", str(device))}


def get_soft_device_placement() -> bool:
    """True: what a GPU is asked for and cannot do is an error, a GPU that is not there the CPU."""
    return True
