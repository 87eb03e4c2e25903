// Infers every type on the given input shapes and turns nodes into kernel calls. What is known from shapes alone becomes a
// constant; reshapes become views.
#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "ops/lowering.h"
#include "passes/draft.h"

namespace nnstack {
namespace {

bool known(const Content& content) {
  if (!content.any) return false;
  for (Dim d : content.values)
    if (d < 0) return false;
  return true;
}

Tensor tensor_of(const TensorType& type, const Dims& values) {
  Tensor tensor(type);
  const auto store = [&](auto zero) {
    for (size_t i = 0; i < values.size(); i++) tensor.as<decltype(zero)>()[i] = static_cast<decltype(zero)>(values[i]);
  };
  switch (type.dtype) {
    case DType::i64: store(int64_t{}); break;
    case DType::i32: store(int32_t{}); break;
    case DType::i16: store(int16_t{}); break;
    case DType::i8: store(int8_t{}); break;
    default: store(uint8_t{}); break;
  }
  return tensor;
}

class Drafter {
 public:
  Drafter(const FlatGraph& graph, const std::vector<Shape>& input_shapes, const std::vector<Content>& contents)
      : draft_(graph), shapes_(input_shapes), contents_(contents) {}

  Draft run() {
    const FlatGraph& graph = draft_.graph;
    draft_.constants = graph.constants;
    draft_.values.reserve(graph.values.size() + graph.values.size() / 8);
    draft_.steps.reserve(graph.nodes.size() + graph.nodes.size() / 8);
    for (const FlatValue& value : graph.values) leaf(value);
    for (size_t n = 0; n < graph.nodes.size(); n++) {
      try {
        node(static_cast<int>(n));
      } catch (const ValueError& error) {
        const FlatNode& at = graph.nodes[n];
        if (!at.layer || at.layer->empty()) throw;
        throw ValueError("layer \"" + *at.layer + "\": " + error.what());
      }
    }
    bind_results();
    return std::move(draft_);
  }

 private:
  void leaf(const FlatValue& value) {
    draft_.add_value(value.type);
    DraftValue& made = draft_.values.back();
    made.at = value.slot;
    switch (value.source) {
      case Source::input:
        made.type.shape = shapes_[static_cast<size_t>(value.slot)];
        made.place = Place::input;
        if (!contents_.empty()) made.content = contents_[static_cast<size_t>(value.slot)];
        break;
      case Source::variable: made.place = Place::variable; break;
      case Source::constant: {
        made.place = Place::constant;
        const Tensor& tensor = draft_.graph.constants[static_cast<size_t>(value.slot)];
        if (is_integer(value.type.dtype) && value.type.shape.elements() <= 4 * kMaxRank)
          made.content = {true, integers(tensor)};
        break;
      }
      case Source::computed: break;
    }
  }

  void node(int index) {
    const FlatNode& node = draft_.graph.nodes[static_cast<size_t>(index)];
    if (node.body) return scan(index, node);
    Inference inference{*node.op, node.attributes, {}, {}};
    for (int id : node.inputs) {
      inference.inputs.push_back(draft_.values[static_cast<size_t>(id)].type);
      inference.contents.push_back(draft_.values[static_cast<size_t>(id)].content);
    }
    const std::vector<TensorType> types = node.op->infer(inference);
    std::vector<int> outputs = node.outputs;
    outputs.resize(types.size(), -1);
    for (size_t k = 0; k < types.size(); k++) {
      if (outputs[k] < 0) outputs[k] = draft_.add_value(types[k]);
      DraftValue& made = draft_.values[static_cast<size_t>(outputs[k])];
      made.type = types[k];
      if (!types[k].shape.known()) {
        throw ValueError(node.op->name + ": the shape of the result depends on data: " + text(types[k].shape));
      }
    }
    if (node.op->content) {
      DraftValue& made = draft_.values[static_cast<size_t>(outputs[0])];
      if (is_integer(made.type.dtype)) made.content = node.op->content(inference);
      if (known(made.content)) return set_known(outputs[0], tensor_of(made.type, made.content.values));
    }
    if (node.op->elementwise) return elementwise(index, node, outputs[0]);
    lower(index, node, outputs, inference, types);
  }

  // A loop: its body is drafted once, on the shapes of one step.
  void scan(int index, const FlatNode& node) {
    const FlatBody& body = *node.body;
    const auto states = static_cast<size_t>(body.states), sequences = static_cast<size_t>(body.sequences);
    std::vector<Shape> shapes;
    std::vector<Content> contents;
    int64_t length = -1;
    for (size_t i = 0; i < node.inputs.size(); i++) {
      const DraftValue& value = draft_.values[static_cast<size_t>(node.inputs[i])];
      const bool sliced = i >= states && i < states + sequences;
      if (sliced && length >= 0 && value.type.shape[0] != length) {
        throw ValueError("scan: sequences of " + std::to_string(length) + " and " + std::to_string(value.type.shape[0]) +
                         " steps");
      }
      if (sliced) length = value.type.shape[0];
      shapes.push_back(sliced ? without_first(value.type.shape) : value.type.shape);
      contents.push_back(i < states + sequences ? Content{} : value.content);
    }
    const auto loop = std::make_shared<ScanDraft>(ScanDraft{make_draft(body.graph, shapes, contents), &body, length, {}, {}});
    const auto result = [&](size_t k) { return loop->body.values[static_cast<size_t>(body.graph.outputs[k])].type; };
    DraftStep step{KernelId::scan, {}, node.inputs, {}, {}, {}, {index}};
    step.scan = loop;
    const size_t stacked = body.graph.outputs.size() - states;
    for (size_t o = 0; o < 2 * states + stacked; o++) {
      const int id = o < node.outputs.size() ? node.outputs[o] : -1;
      loop->outputs.push_back(id < 0 ? -1 : static_cast<int>(step.outputs.size()));
      if (id < 0) continue;
      TensorType type = result(o < states + stacked ? o : o - states - stacked);
      if (o >= states) type.shape = with_first(length, type.shape);
      draft_.values[static_cast<size_t>(id)].type = type;
      step.outputs.push_back(id);
    }
    for (size_t i = 0; i < states; i++) {
      const TensorType& before = draft_.values[static_cast<size_t>(node.inputs[i])].type;
      if (result(i) != before)
        throw ValueError("scan: a state is " + text(before) + " before a step and " + text(result(i)) + " after it");
    }
    step.outputs.push_back(draft_.add_value({DType::u8, {0}}));
    draft_.steps.push_back(std::move(step));
  }

  static Shape without_first(const Shape& shape) { return Shape(std::span<const Dim>(shape.begin() + 1, shape.end())); }
  static Shape with_first(Dim first, const Shape& rest) {
    Shape shape{first};
    for (Dim d : rest) shape.push_back(d);
    return shape;
  }

  void set_known(int id, Tensor tensor) {
    DraftValue& value = draft_.values[static_cast<size_t>(id)];
    value.place = Place::constant;
    value.at = static_cast<int64_t>(draft_.constants.size());
    draft_.constants.push_back(std::move(tensor));
  }

  void alias(int id, int of) { draft_.values[static_cast<size_t>(id)].root = draft_.root(of); }

  void lower(int index, const FlatNode& node, const std::vector<int>& outputs, const Inference& inference,
             const std::vector<TensorType>& types) {
    Lowering lowering(*node.op, node.attributes, inference.inputs, types, inference.contents);
    for (size_t k = 0; k < types.size(); k++) lowering.unused.push_back(k >= node.outputs.size() || node.outputs[k] < 0);
    node.op->lower(lowering);
    if (lowering.result) return set_known(outputs[0], lowering.result);
    if (lowering.alias_of) return alias(outputs[0], node.inputs[static_cast<size_t>(*lowering.alias_of)]);
    if (node.op->name == "broadcast_to") broadcasts_[outputs[0]] = node.inputs[0];
    const bool half =
        std::any_of(inference.inputs.begin(), inference.inputs.end(), [](const TensorType& t) { return is_half(t.dtype); });
    const bool computes = std::any_of(lowering.calls.begin(), lowering.calls.end(), [](const KernelCall& call) {
      return call.kernel != KernelId::copy && call.kernel != KernelId::fill && call.kernel != KernelId::gather;
    });
    if (half && computes) return lower_wide(index, node, outputs, inference, types);
    add_steps(index, lowering, node.inputs, outputs);
  }

  void add_steps(int index, Lowering& lowering, const std::vector<int>& inputs, const std::vector<int>& outputs) {
    for (KernelCall& call : lowering.calls) {
      DraftStep step{call.kernel, std::move(call.params), {}, {}, {}, {}, {index}};
      for (int i : call.inputs) step.inputs.push_back(inputs[static_cast<size_t>(i)]);
      for (int o : call.outputs) step.outputs.push_back(outputs[static_cast<size_t>(o)]);
      draft_.steps.push_back(std::move(step));
    }
  }

  // Sixteen-bit types are for storage: what computes with them does so in float32, between casts.
  void lower_wide(int index, const FlatNode& node, const std::vector<int>& outputs, const Inference& inference,
                  const std::vector<TensorType>& types) {
    const auto wide_type = [](TensorType type) {
      if (is_half(type.dtype)) type.dtype = DType::f32;
      return type;
    };
    std::vector<TensorType> wide_inputs, wide_outputs;
    for (const TensorType& type : inference.inputs) wide_inputs.push_back(wide_type(type));
    for (const TensorType& type : types) wide_outputs.push_back(wide_type(type));
    Lowering lowering(*node.op, node.attributes, wide_inputs, wide_outputs, inference.contents);
    node.op->lower(lowering);
    std::vector<int> from = node.inputs, to = outputs;
    for (size_t k = 0; k < from.size(); k++) {
      if (!is_half(inference.inputs[k].dtype)) continue;
      from[k] = draft_.add_value(wide_inputs[k]);
      add_cast(index, node.inputs[k], from[k]);
    }
    for (size_t k = 0; k < to.size(); k++)
      if (is_half(types[k].dtype)) to[k] = draft_.add_value(wide_outputs[k]);
    add_steps(index, lowering, from, to);
    for (size_t k = 0; k < to.size(); k++)
      if (is_half(types[k].dtype)) add_cast(index, to[k], outputs[k]);
  }

  void add_cast(int index, int from, int to) {
    const DType source = draft_.values[static_cast<size_t>(from)].type.dtype;
    const TensorType& target = draft_.values[static_cast<size_t>(to)].type;
    DraftStep step{KernelId::elementwise, {}, {from}, {to}, {}, target.shape, {index}};
    DraftInstruction instruction{ElementwiseOp::cast, source, target.dtype};
    instruction.destination = to;
    instruction.sources[0] = from;
    step.code.push_back(instruction);
    draft_.steps.push_back(std::move(step));
  }

  void elementwise(int index, const FlatNode& node, int output) {
    const ElementwiseOp op = *node.op->elementwise;
    const TensorType type = draft_.values[static_cast<size_t>(output)].type;
    const DType in = node.inputs.empty()
                         ? type.dtype
                         : draft_.values[static_cast<size_t>(node.inputs[op == ElementwiseOp::select ? 1 : 0])].type.dtype;
    if (op == ElementwiseOp::copy || (op == ElementwiseOp::cast && in == type.dtype)) return alias(output, node.inputs[0]);
    DraftStep step{KernelId::elementwise, {}, {}, {output}, {}, type.shape, {index}};
    const bool random = op == ElementwiseOp::random_uniform;
    DraftInstruction instruction{op, random ? type.dtype : in, type.dtype};
    if (random) instruction.stream = static_cast<uint32_t>(node.attributes.integer("stream"));
    instruction.destination = output;
    const size_t operands = random ? 1 : node.inputs.size();
    for (size_t k = 0; k < operands; k++) instruction.sources[k] = random ? node.inputs[k] : unbroadcast(node.inputs[k]);
    const bool half = is_half(in) || is_half(type.dtype);
    if (half && op != ElementwiseOp::cast) {
      widen(step, instruction, operands);
    } else {
      step.code.push_back(instruction);
    }
    for (size_t k = 0; k < operands; k++) {
      const int source = random ? node.inputs[k] : unbroadcast(node.inputs[k]);
      if (std::find(step.inputs.begin(), step.inputs.end(), source) == step.inputs.end()) step.inputs.push_back(source);
    }
    draft_.steps.push_back(std::move(step));
  }

  static bool is_half(DType type) { return type == DType::f16 || type == DType::bf16; }

  // As lower_wide, inside one program.
  void widen(DraftStep& step, DraftInstruction instruction, size_t operands) {
    for (size_t k = 0; k < operands; k++) {
      const DType from = draft_.values[static_cast<size_t>(instruction.sources[k])].type.dtype;
      if (!is_half(from)) continue;
      const int wide = draft_.add_value({DType::f32, draft_.values[static_cast<size_t>(instruction.sources[k])].type.shape});
      // The temporary stands for the whole space, as every slot does.
      draft_.values[static_cast<size_t>(wide)].type.shape = step.space;
      DraftInstruction up{ElementwiseOp::cast, from, DType::f32};
      up.destination = wide;
      up.sources[0] = instruction.sources[k];
      step.code.push_back(up);
      instruction.sources[k] = wide;
    }
    instruction.type = DType::f32;
    if (!is_half(instruction.result)) {
      step.code.push_back(instruction);
      return;
    }
    const int narrow = instruction.destination, wide = draft_.add_value({DType::f32, step.space});
    DraftInstruction down{ElementwiseOp::cast, DType::f32, instruction.result};
    down.sources[0] = wide;
    down.destination = narrow;
    instruction.destination = wide;
    instruction.result = DType::f32;
    step.code.push_back(instruction);
    step.code.push_back(down);
  }

  // An elementwise program broadcasts by strides: it reads what was broadcast, not the copy.
  int unbroadcast(int id) const {
    for (auto at = broadcasts_.find(id); at != broadcasts_.end(); at = broadcasts_.find(id)) id = at->second;
    return id;
  }

  int copy_of(int id) {
    const DraftValue& from = draft_.values[static_cast<size_t>(id)];
    const int made = draft_.add_value(from.type);
    const TensorType type = draft_.values[static_cast<size_t>(made)].type;
    DraftStep step{KernelId::elementwise, {}, {id}, {made}, {}, type.shape, {}};
    DraftInstruction instruction{ElementwiseOp::copy, type.dtype, type.dtype};
    instruction.destination = made;
    instruction.sources[0] = id;
    step.code.push_back(instruction);
    draft_.steps.push_back(std::move(step));
    return made;
  }

  // Outputs get memory of their own: a leaf, a view shared with another output, or an updated variable is copied.
  void bind_results() {
    std::vector<bool> taken(draft_.values.size());
    const auto own = [&](int id) {
      const DraftValue& root = draft_.values[static_cast<size_t>(draft_.root(id))];
      const bool computed = root.place == Place::none && !taken[static_cast<size_t>(draft_.root(id))];
      const int mine = computed ? draft_.root(id) : draft_.root(copy_of(id));
      taken.resize(draft_.values.size());
      taken[static_cast<size_t>(mine)] = true;
      return mine;
    };
    for (const FlatUpdate& update : draft_.graph.updates) {
      const DraftValue& value = draft_.values[static_cast<size_t>(update.value)];
      const Variable& variable = *draft_.graph.variables[static_cast<size_t>(update.variable)];
      if (value.type != variable.type()) {
        throw ValueError("variable \"" + variable.name + "\": an update of " + text(variable.type()) + " got " +
                         text(value.type));
      }
      draft_.updates.push_back({update.variable, own(update.value)});
    }
    for (size_t k = 0; k < draft_.graph.outputs.size(); k++) {
      const int id = draft_.graph.outputs[k];
      const int mine = own(id);
      draft_.values[static_cast<size_t>(mine)].place = Place::output;
      draft_.values[static_cast<size_t>(mine)].at = static_cast<int64_t>(k);
      draft_.outputs.push_back(mine);
    }
  }

  Draft draft_;
  const std::vector<Shape>& shapes_;
  const std::vector<Content>& contents_;
  std::unordered_map<int, int> broadcasts_;
};

}  // namespace

Draft make_draft(const FlatGraph& graph, const std::vector<Shape>& input_shapes, const std::vector<Content>& contents) {
  Draft draft = Drafter(graph, input_shapes, contents).run();
  remove_dead_steps(draft);  // broadcast copies that nobody reads, and whatever only they needed
  return draft;
}

}  // namespace nnstack
