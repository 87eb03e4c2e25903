// Places every value without a home in one arena: first fit among the holes, a value's hole opens after its last reader.
// An elementwise result takes over the memory of an operand that dies in the same step.
#include <algorithm>
#include <map>

#include "passes/in_place.h"

namespace nnstack {
namespace {

constexpr int64_t kAlignment = 64;
int64_t aligned(int64_t bytes) { return std::max<int64_t>((bytes + kAlignment - 1) / kAlignment * kAlignment, kAlignment); }

class Arena {
 public:
  int64_t take(int64_t bytes) {
    auto best = holes_.end();
    for (auto hole = holes_.begin(); hole != holes_.end(); ++hole)
      if (hole->second >= bytes && (best == holes_.end() || hole->second < best->second)) best = hole;
    if (best == holes_.end()) {
      int64_t at = size_;
      if (!holes_.empty()) {  // grow the hole at the end, if there is one
        const auto last = std::prev(holes_.end());
        if (last->first + last->second == size_) {
          at = last->first;
          holes_.erase(last);
        }
      }
      size_ = at + bytes;
      return at;
    }
    const auto [at, space] = *best;
    holes_.erase(best);
    if (space > bytes) holes_.emplace(at + bytes, space - bytes);
    return at;
  }

  void give_back(int64_t at, int64_t bytes) {
    const auto hole = holes_.emplace(at, bytes).first;
    const auto next = std::next(hole);
    if (next != holes_.end() && hole->first + hole->second == next->first) {
      hole->second += next->second;
      holes_.erase(next);
    }
    if (hole != holes_.begin()) {
      const auto previous = std::prev(hole);
      if (previous->first + previous->second == hole->first) {
        previous->second += hole->second;
        holes_.erase(hole);
      }
    }
  }

  int64_t size() const { return size_; }

 private:
  std::map<int64_t, int64_t> holes_;  // offset -> bytes
  int64_t size_ = 0;
};

}  // namespace

void plan_memory(Draft& draft, bool enabled) {
  Arena arena;
  std::vector<int> last(draft.values.size(), -1);  // that makes or reads a root
  for (size_t s = 0; s < draft.steps.size(); s++) {
    for (const std::vector<int>* ids : {&draft.steps[s].inputs, &draft.steps[s].outputs})
      for (int id : *ids) last[static_cast<size_t>(draft.root(id))] = static_cast<int>(s);
  }
  std::vector<std::vector<int>> dying(draft.steps.size());
  for (size_t r = 0; r < draft.values.size(); r++)
    if (last[r] >= 0 && draft.values[r].root == static_cast<int>(r))
      dying[static_cast<size_t>(last[r])].push_back(static_cast<int>(r));

  std::vector<bool> taken_over(draft.values.size());
  for (size_t s = 0; s < draft.steps.size(); s++) {
    const DraftStep& step = draft.steps[s];
    for (int id : step.outputs) {
      DraftValue& value = draft.root_of(id);
      const int root = draft.root(id);
      if (value.place != Place::none) continue;
      value.place = Place::arena;
      const int64_t bytes = aligned(value.type.bytes());
      bool placed = false;
      // The product of a matmul may die into its program's result.
      for (int dead : dying[s]) {
        DraftValue& old = draft.values[static_cast<size_t>(dead)];
        if (!enabled || old.place != Place::arena || taken_over[static_cast<size_t>(dead)] || dead == root) continue;
        if (aligned(old.type.bytes()) != bytes || !may_overwrite(draft, step, root, dead)) continue;
        value.at = old.at;
        taken_over[static_cast<size_t>(dead)] = true;
        placed = true;
        break;
      }
      if (!placed) value.at = arena.take(bytes);
    }
    if (!enabled) continue;
    for (int dead : dying[s]) {
      const DraftValue& old = draft.values[static_cast<size_t>(dead)];
      if (old.place == Place::arena && !taken_over[static_cast<size_t>(dead)])
        arena.give_back(old.at, aligned(old.type.bytes()));
    }
  }
  draft.arena_bytes = arena.size();
}

}  // namespace nnstack
