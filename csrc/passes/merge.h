// What grouping and epilogues share: moving one step to another's place without breaking the order of the rest.
#pragma once
#include "passes/draft.h"

namespace nnstack {

// Uses that stay true while steps are merged.
class StepMerger {
 public:
  explicit StepMerger(Draft& draft) : draft_(draft), uses_(draft) {}

  int producer(int value) const { return uses_.producer[static_cast<size_t>(draft_.root(value))]; }
  int first_reader(int value, int after) const;  // behind step `after`, or -1

  // Every reader of `step`'s results other than `at` comes after `at`: the step may run there.
  bool can_sink(int step, int at) const;
  // Everything `step` reads, other than what `at` makes, is there before `at`: the step may run there.
  bool can_hoist(int step, int at) const;
  // Replaces the steps `earlier` and `later` by `merged`, at position `at` (one of the two).
  void replace(int earlier, int later, int at, DraftStep merged);
  // `step`'s code with every view of `value` that has its shape replaced by it; false where another view of it is read.
  bool reads_directly(DraftStep& step, int value) const;
  // No other step reads `value`, and the program does not return it.
  bool read_only_by(int value, int step) const;
  // Drops outputs that nobody but the step itself reads.
  void keep_visible_outputs(DraftStep& step, int earlier, int later) const;

 private:
  Draft& draft_;
  Uses uses_;
};

}  // namespace nnstack
