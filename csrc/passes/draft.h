// A plan in the making: kernel calls on concrete shapes, which the passes of this folder rewrite. Values that share memory
// (reshapes) share a root.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "passes/flat_graph.h"

namespace nnstack {

class ScanPlan;

struct PassSwitches {
  bool fold = true, batch_norm = true, transposes = true, keep = true, elementwise = true, epilogue = true, join = true,
       in_place = true, memory = true;
};

enum class Place : uint8_t { none, arena, input, output, variable, constant };

struct DraftValue {
  TensorType type;
  int root;                   // the value whose memory this is; itself where it has its own
  Place place = Place::none;  // of a root
  int64_t at = 0;             // offset in the arena, or slot
  Content content{};
};

// One instruction of an elementwise program, in terms of values.
struct DraftInstruction {
  ElementwiseOp op;
  DType type, result;
  uint32_t stream = 0;
  int destination = -1;
  int sources[3] = {-1, -1, -1};
  bool joins_next = false;  // see ElementwiseInstruction
};

struct ScanDraft;

// Kernels whose third operand is a product that an epilogue may run on.
inline bool is_product(KernelId kernel) { return kernel == KernelId::matmul || kernel == KernelId::convolution; }

struct DraftStep {
  KernelId kernel;
  std::vector<std::byte> params;       // of kernels other than elementwise
  std::vector<int> inputs, outputs;    // values; of a product with epilogue: its two, others; product, others
  std::vector<DraftInstruction> code;  // elementwise, or the epilogue
  Shape space;                         // of the code
  std::vector<int> nodes;              // for explain
  bool product_is_temporary = false;   // of a product: only its epilogue reads it
  bool dead = false;
  bool may_fail = false;  // reads indices that nobody has checked yet
  std::shared_ptr<ScanDraft> scan{};
};

struct Draft {
  explicit Draft(const FlatGraph& flat) : graph(flat) {}
  const FlatGraph& graph;
  std::vector<DraftValue> values;
  std::vector<DraftStep> steps;
  std::vector<Tensor> constants;  // the graph's, then those known by shape
  std::vector<int> outputs;       // root that becomes output k
  std::vector<FlatUpdate> updates;
  int64_t arena_bytes = 0;

  DraftValue& root_of(int value) { return values[static_cast<size_t>(values[static_cast<size_t>(value)].root)]; }
  int root(int value) const { return values[static_cast<size_t>(value)].root; }
  int add_value(const TensorType& type) {
    const int id = static_cast<int>(values.size());
    values.push_back({type, id});
    return id;
  }
};

// A loop in the making. Its step's inputs are those of the body; its outputs the ones in use, then the workspace, whose size
// is known when the body is planned.
struct ScanDraft {
  Draft body;
  const FlatBody* flat;
  int64_t length;
  std::vector<int> outputs;  // of all the scan has: where among the step's outputs, or -1
  std::shared_ptr<const ScanPlan> plan;
};

// Who makes and who reads each root, by position of the step.
struct Uses {
  explicit Uses(const Draft& draft);
  std::vector<int> producer;  // last writing step, -1 for leaves
  std::vector<int> first_writer;
  std::vector<std::vector<int>> consumers;  // ascending, may repeat
  std::vector<bool> kept;                   // an output or an update
};

void remove_dead_steps(Draft& draft);  // those whose results nobody reads

// Infers and lowers. Contents: what is known of integer inputs, may be empty.
Draft make_draft(const FlatGraph& graph, const std::vector<Shape>& input_shapes, const std::vector<Content>& contents = {});
void group_elementwise(Draft& draft);
void attach_epilogues(Draft& draft);
void join_instructions(Draft& draft);  // orders code so that results are used at once
void mark_in_place(
    Draft& draft, bool enabled);  // binds updates to variables; adds copies where that cannot be; finds the steps that may fail
void plan_memory(Draft& draft, bool enabled);  // offsets in the arena; disabled: no memory is used twice

// The kernel's view of a piece of code: which values are its operands, in order, and the program itself.
struct BuiltProgram {
  ElementwiseParams params;
  std::vector<int> inputs, outputs;
};
// `first` (the product of an epilogue) becomes input 0. Values of step.outputs are outputs, the rest temporaries.
BuiltProgram build_elementwise(const Draft& draft, const DraftStep& step, int first = -1);
bool fits_elementwise(const DraftStep& step, int first = -1);  // the kernel's limits

}  // namespace nnstack
