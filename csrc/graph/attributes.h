// The constants of an op: a short sorted list of names and values. Equality, hashing, printing, saving and the generic
// Python binding all derive from it.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace nnstack {

struct Body;  // of a loop: graph/body.h
using BodyPointer = std::shared_ptr<const Body>;
using Attribute = std::variant<bool, int64_t, double, std::string, std::vector<int64_t>, BodyPointer>;
constexpr int64_t kNone = INT64_MIN;  // Python's None inside a list of integers

class Attributes {
 public:
  Attributes() = default;
  Attributes(std::initializer_list<std::pair<std::string, Attribute>> entries) {
    for (const auto& [name, value] : entries) set(name, value);
  }
  void set(const std::string& name, Attribute value);
  const Attribute* find(const char* name) const;
  bool flag(const char* name) const;
  int64_t integer(const char* name) const;
  double number(const char* name) const;
  const std::string& string(const char* name) const;
  const std::vector<int64_t>& integers(const char* name) const;
  const BodyPointer& body(const char* name) const;

  const std::vector<std::pair<std::string, Attribute>>& entries() const { return entries_; }
  bool operator==(const Attributes&) const = default;
  size_t hash() const;

 private:
  std::vector<std::pair<std::string, Attribute>> entries_;
};

std::string text(const Attribute& attribute);

}  // namespace nnstack
