// The exported model file, version 1. Little-endian; every number is written as it lies in memory.
//
//   header   64 bytes: "NNSTACK\0", u32 version, u32 zero, then u64: file size, graph offset, graph size, graph checksum
//            (FNV-1a), data offset, data size
//   graph    tensors:   u32 count, each: string name, u8 kind, u8 dtype, shape, u64 offset in data
//            functions: u32 count, each:
//              string name
//              inputs  u32 count, each: string name, u8 dtype, shape          values 0, 1, ...
//              leaves  u32 count, each: u32 tensor                            the next values
//              nodes   u32 count, each: string op, string layer, attributes, u32 count of inputs, u32 value each,
//                      u32 count of outputs                                   the next values
//                      of a scan: the body, written as a function is
//              outputs u32 count, each: u32 value
//              updates u32 count, each: u32 tensor (a variable), u32 value
//            samples:   u32 count, each: u32 function, tensors of the inputs, tensors of the outputs (u32 count, u32 each)
//   data     the tensors, each at a multiple of 64 bytes from the start of the file
//
// string: u32 length, bytes. shape: u8 rank, i64 each (-1: unknown). attributes: u32 count, each: string name, u8 type
// (0 bool, 1 integer, 2 number, 3 string, 4 integers), value.
//
// A file is data: ops are looked up by name in the library's own table, and every type is inferred anew.
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "base/shape.h"
#include "graph/attributes.h"

namespace nnstack {

constexpr char kMagic[8] = {'N', 'N', 'S', 'T', 'A', 'C', 'K', '\0'};
constexpr uint32_t kFormatVersion = 1;
constexpr uint64_t kDataAlignment = 64;

struct FileHeader {
  char magic[8];
  uint32_t version, zero;
  uint64_t file_size, graph_offset, graph_size, graph_checksum, data_offset, data_size;
};
static_assert(sizeof(FileHeader) == 64);

enum class TensorKind : uint8_t { constant, variable, random_state, sample };

inline uint64_t checksum(const void* data, size_t size) {
  uint64_t hash = 0xcbf29ce484222325;
  for (size_t i = 0; i < size; i++) hash = (hash ^ static_cast<const unsigned char*>(data)[i]) * 0x100000001b3;
  return hash;
}

class ByteWriter {
 public:
  template <class T>
  void number(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void count(size_t n) { number(static_cast<uint32_t>(n)); }
  void string(const std::string& text) {
    count(text.size());
    bytes_ += text;
  }
  void type(const TensorType& type);
  void attributes(const Attributes& attributes);
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Reads what a stranger may have written: never past the end, never more items than there are bytes for.
class ByteReader {
 public:
  ByteReader(const char* data, size_t size, std::string name) : data_(data), size_(size), name_(std::move(name)) {}

  template <class T>
  T number() {
    T value;
    need(sizeof value);
    std::memcpy(&value, data_ + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  size_t count(size_t bytes_each = 1);
  size_t index(size_t limit, const char* what);  // u32 below limit
  std::string string();
  TensorType type();
  Attributes attributes();
  bool at_end() const { return at_ == size_; }
  [[noreturn]] void fail(const std::string& text) const;

 private:
  void need(size_t bytes) const;
  const char* data_;
  size_t size_, at_ = 0;
  std::string name_;
};

}  // namespace nnstack
