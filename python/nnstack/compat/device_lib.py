"""`tensorflow.python.client.device_lib`, which many programs print at their head."""

from __future__ import annotations

from typing import NamedTuple

from nnstack.compat import config


class DeviceAttributes(NamedTuple):
    """What is known of a device."""

    name: str
    device_type: str
    memory_limit: int = 0
    physical_device_desc: str = ""


def list_local_devices(session_config: object = None) -> list[DeviceAttributes]:
    """The processors that nnstack finds."""
    return [
        DeviceAttributes(one.name.replace("physical_device", "device"), one.device_type)
        for one in config.list_physical_devices()
    ]
