// CRC-32C (Castagnoli), the checksum in TensorFlow's checkpoints: by the instruction for it, or by a table of bytes.
#include <array>
#include <cstring>

#include "bindings/module.h"

namespace nnstack {
namespace {

constexpr std::array<uint32_t, 256> kTable = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t octet = 0; octet < 256; octet++) {
    uint32_t sum = octet;
    for (int bit = 0; bit < 8; bit++) sum = (sum >> 1) ^ (sum & 1 ? 0x82f63b78u : 0u);
    table[octet] = sum;
  }
  return table;
}();

uint32_t by_table(uint32_t sum, const unsigned char* data, size_t size) {
  for (size_t i = 0; i < size; i++) sum = kTable[(sum ^ data[i]) & 0xff] ^ (sum >> 8);
  return sum;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t by_instruction(uint32_t sum, const unsigned char* data, size_t size) {
  uint64_t wide = sum;
  for (; size >= 8; data += 8, size -= 8) {
    uint64_t word;
    std::memcpy(&word, data, 8);
    wide = __builtin_ia32_crc32di(wide, word);
  }
  return by_table(static_cast<uint32_t>(wide), data, size);
}
#endif

uint32_t advance(uint32_t sum, const unsigned char* data, size_t size) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return by_instruction(sum, data, size);
#endif
  return by_table(sum, data, size);
}

}  // namespace

void bind_crc32c(py::module_& m) {
  m.def(
      "crc32c",
      [](const py::buffer& data, uint32_t before) {
        const py::buffer_info info = data.request();
        if (!PyBuffer_IsContiguous(info.view(), 'C')) throw ValueError("crc32c: expected contiguous bytes");
        const size_t bytes = static_cast<size_t>(info.size * info.itemsize);
        const WithoutGil release;
        return ~advance(~before, static_cast<const unsigned char*>(info.ptr), bytes);
      },
      py::arg("data"), py::arg("before") = 0);
}

}  // namespace nnstack
