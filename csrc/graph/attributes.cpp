#include "graph/attributes.h"

#include <algorithm>
#include <functional>

#include "base/error.h"

namespace nnstack {
namespace {

template <class T>
const T& require(const Attributes& attributes, const char* name) {
  const Attribute* found = attributes.find(name);
  if (!found) throw ValueError(std::string("attribute \"") + name + "\" is missing");
  const T* value = std::get_if<T>(found);
  if (!value) throw TypeError(std::string("attribute \"") + name + "\" has the wrong type: " + text(*found));
  return *value;
}

}  // namespace

void Attributes::set(const std::string& name, Attribute value) {
  auto at = std::lower_bound(entries_.begin(), entries_.end(), name,
                             [](const auto& entry, const std::string& n) { return entry.first < n; });
  if (at != entries_.end() && at->first == name) {
    at->second = std::move(value);
  } else {
    entries_.emplace(at, name, std::move(value));
  }
}

const Attribute* Attributes::find(const char* name) const {
  for (const auto& [key, value] : entries_)
    if (key == name) return &value;
  return nullptr;
}

bool Attributes::flag(const char* name) const { return require<bool>(*this, name); }
int64_t Attributes::integer(const char* name) const { return require<int64_t>(*this, name); }
double Attributes::number(const char* name) const { return require<double>(*this, name); }
const std::string& Attributes::string(const char* name) const { return require<std::string>(*this, name); }
const std::vector<int64_t>& Attributes::integers(const char* name) const { return require<std::vector<int64_t>>(*this, name); }
const BodyPointer& Attributes::body(const char* name) const { return require<BodyPointer>(*this, name); }

size_t Attributes::hash() const {
  size_t h = 0;
  const auto mix = [&h](size_t v) { h ^= v + 0x9e3779b97f4a7c15 + (h << 6) + (h >> 2); };
  for (const auto& [name, value] : entries_) {
    mix(std::hash<std::string>{}(name));
    if (const auto* list = std::get_if<std::vector<int64_t>>(&value)) {
      for (int64_t v : *list) mix(std::hash<int64_t>{}(v));
    } else {
      mix(std::visit(
          [](const auto& v) -> size_t {
            using T = std::decay_t<decltype(v)>;
            if constexpr (std::is_same_v<T, std::vector<int64_t>>)
              return 0;
            else
              return std::hash<T>{}(v);
          },
          value));
    }
  }
  return h;
}

std::string text(const Attribute& attribute) {
  struct Printer {
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(int64_t v) const { return v == kNone ? "None" : std::to_string(v); }
    std::string operator()(double v) const { return std::to_string(v); }
    std::string operator()(const std::string& v) const { return v; }
    std::string operator()(const std::vector<int64_t>& v) const {
      std::string out = "[";
      for (size_t i = 0; i < v.size(); i++) out += (i ? ", " : "") + (*this)(v[i]);
      return out + "]";
    }
    std::string operator()(const BodyPointer& v) const { return v ? "body" : "None"; }
  };
  return std::visit(Printer{}, attribute);
}

}  // namespace nnstack
