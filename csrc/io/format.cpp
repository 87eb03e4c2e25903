#include "io/format.h"

namespace nnstack {

void ByteWriter::type(const TensorType& type) {
  number(static_cast<uint8_t>(type.dtype));
  number(static_cast<uint8_t>(type.shape.rank()));
  for (Dim d : type.shape) number(static_cast<int64_t>(d));
}

void ByteWriter::attributes(const Attributes& attributes) {
  size_t plain = 0;  // a body is written with its node
  for (const auto& [name, value] : attributes.entries()) plain += !std::holds_alternative<BodyPointer>(value);
  count(plain);
  for (const auto& [name, value] : attributes.entries()) {
    if (std::holds_alternative<BodyPointer>(value)) continue;
    string(name);
    number(static_cast<uint8_t>(value.index()));
    switch (value.index()) {
      case 0: number(static_cast<uint8_t>(std::get<bool>(value))); break;
      case 1: number(std::get<int64_t>(value)); break;
      case 2: number(std::get<double>(value)); break;
      case 3: string(std::get<std::string>(value)); break;
      default: {
        const auto& list = std::get<std::vector<int64_t>>(value);
        count(list.size());
        for (int64_t item : list) number(item);
      }
    }
  }
}

void ByteReader::fail(const std::string& text) const {
  throw ValueError("model file \"" + name_ + "\": " + text + " (at byte " + std::to_string(at_) + " of the graph)");
}

void ByteReader::need(size_t bytes) const {
  if (size_ - at_ < bytes) fail("the graph ends too early");
}

size_t ByteReader::count(size_t bytes_each) {
  const size_t n = number<uint32_t>();
  if (n > (size_ - at_) / bytes_each) fail("a list of " + std::to_string(n) + " entries does not fit in the file");
  return n;
}

size_t ByteReader::index(size_t limit, const char* what) {
  const size_t i = number<uint32_t>();
  if (i >= limit) fail(std::string(what) + " " + std::to_string(i) + " does not exist; there are " + std::to_string(limit));
  return i;
}

std::string ByteReader::string() {
  const size_t length = count();
  std::string text(data_ + at_, length);
  at_ += length;
  return text;
}

TensorType ByteReader::type() {
  const auto dtype = number<uint8_t>();
  if (dtype >= kDTypes) fail("unknown dtype number " + std::to_string(dtype));
  const auto rank = number<uint8_t>();
  if (rank > kMaxRank)
    fail("a tensor of " + std::to_string(rank) + " dimensions; at most " + std::to_string(kMaxRank) + " are possible");
  TensorType type{static_cast<DType>(dtype), {}};
  for (int k = 0; k < rank; k++) {
    const auto d = number<int64_t>();
    if (d < kUnknown) fail("a dimension of " + std::to_string(d));
    type.shape.push_back(d);
  }
  return type;
}

Attributes ByteReader::attributes() {
  Attributes attributes;
  const size_t n = count(6);
  for (size_t k = 0; k < n; k++) {
    const std::string key = string();
    switch (number<uint8_t>()) {
      case 0: attributes.set(key, number<uint8_t>() != 0); break;
      case 1: attributes.set(key, number<int64_t>()); break;
      case 2: attributes.set(key, number<double>()); break;
      case 3: attributes.set(key, string()); break;
      case 4: {
        std::vector<int64_t> list(count(sizeof(int64_t)));
        for (int64_t& item : list) item = number<int64_t>();
        attributes.set(key, std::move(list));
        break;
      }
      default: fail("attribute \"" + key + "\" has an unknown type");
    }
  }
  return attributes;
}

}  // namespace nnstack
