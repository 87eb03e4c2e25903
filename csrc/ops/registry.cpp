#include <algorithm>
#include <unordered_map>

#include "graph/op.h"

namespace nnstack {

#define NNSTACK_OPS(family) std::vector<Op> family##_ops();
#include "ops/ops.def"
#undef NNSTACK_OPS

namespace {

struct Registry {
  std::vector<Op> ops;
  std::vector<const Op*> pointers;
  std::unordered_map<std::string, const Op*> by_name;

  Registry() {
#define NNSTACK_OPS(family) \
  for (Op & op : family##_ops()) ops.push_back(std::move(op));
#include "ops/ops.def"
#undef NNSTACK_OPS
    for (const Op& op : ops) {
      pointers.push_back(&op);
      by_name.emplace(op.name, &op);
    }
  }
};

const Registry& registry() {
  static const Registry instance;
  return instance;
}

constexpr size_t kLongestName = 64;  // of what may be a slip of the pen; a file's name may have gigabytes

size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); j++) row[j] = j;
  for (size_t i = 1; i <= a.size(); i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); j++) {
      const size_t substituted = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

}  // namespace

const Op& op_named(const std::string& name) {
  const auto found = registry().by_name.find(name);
  if (found != registry().by_name.end()) return *found->second;
  if (name.size() > kLongestName) throw ValueError("unknown op \"" + name.substr(0, kLongestName) + "...\"");
  const auto nearest = std::min_element(all_ops().begin(), all_ops().end(), [&](const Op* a, const Op* b) {
    return edit_distance(name, a->name) < edit_distance(name, b->name);
  });
  throw ValueError("unknown op \"" + name + "\"; the nearest name is \"" + (*nearest)->name + "\"");
}

const std::vector<const Op*>& all_ops() { return registry().pointers; }

}  // namespace nnstack
