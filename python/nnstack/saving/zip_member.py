"""A member of a zip archive as a file: where it is stored as it is, it is read and written in its place, and never held
whole.
"""

from __future__ import annotations

import contextlib
import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from nnstack.saving import pieces


class StoredMember(io.RawIOBase):
    """The bytes of a member that is not compressed, as a file to read; `file` is the archive's own open file."""

    def __init__(self, file: Any, start: int, size: int) -> None:
        super().__init__()
        self._file, self._start, self._size, self._position = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = max(0, {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence] + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        part = memoryview(buffer).cast("B")[: max(0, self._size - self._position)]
        self._file.seek(self._start + self._position)
        count: int = self._file.readinto(part)
        self._position += count
        return count

    def checksum(self) -> int:
        """CRC-32 of all."""
        self.seek(0)
        found, buffer = 0, memoryview(bytearray(pieces.SIZE))
        while count := self.readinto(buffer):
            found = zlib.crc32(buffer[:count], found)
        self.seek(0)
        return found


def stored(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> StoredMember | None:
    """The member in its place, None for one that is compressed, encrypted or lies behind the end.

    Raises `zipfile.BadZipFile` where its checksum is wrong, or where there is no member.
    """
    file: Any = archive.fp
    if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1 or not hasattr(file, "readinto"):
        return None
    file.seek(entry.header_offset)
    header = file.read(30)
    if header[:4] != b"PK\x03\x04" or len(header) < 30:
        raise zipfile.BadZipFile("its header is broken")
    start = entry.header_offset + 30 + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    if start + entry.file_size > file.seek(0, io.SEEK_END):
        return None
    member = StoredMember(file, start, entry.file_size)
    if member.checksum() != entry.CRC:
        raise zipfile.BadZipFile("its checksum is wrong")
    return member


class NewMember(StoredMember):
    """The last member of an archive that is being written, as a file of any order of writing."""

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self._file.seek(self._start + self._position)
        count: int = self._file.write(content)
        self._position += count
        self._size = max(self._size, self._position)
        return count

    def truncate(self, size: int | None = None) -> int:
        self._size = self._position if size is None else size
        return int(self._file.truncate(self._start + self._size)) - self._start

    def flush(self) -> None:
        if not self.closed:
            self._file.flush()


@contextlib.contextmanager
def adding(archive: zipfile.ZipFile, name: str) -> Iterator[NewMember]:
    """A file to fill, which then is a stored member of an archive that is open for writing.

    `ZipFile.open` takes bytes in their order alone, which HDF5 does not write in: here the bytes come first, then the
    checksum is taken of them where they lie, and the header is written into the place that was left for it.
    """
    file: Any = archive.fp
    entry = zipfile.ZipInfo(name)
    entry.header_offset, entry.CRC = archive.start_dir, 0
    start = entry.header_offset + len(entry.FileHeader(zip64=True))
    member = NewMember(file, start, 0)
    yield member
    entry.file_size = entry.compress_size = member.seek(0, io.SEEK_END)
    entry.CRC = member.checksum()
    file.seek(entry.header_offset)
    file.write(entry.FileHeader(zip64=True))
    archive.start_dir = start + entry.file_size
    archive.filelist.append(entry)
    archive.NameToInfo[name] = entry
