//   before: y = transpose(conv(transpose(relu(transpose(conv(transpose(x))) + b))))        channels_first around each layer
//   after:  y = transpose(conv(relu(conv(transpose(x)) + b)))                              once in, once out
// A transposition moves behind elementwise operations, reductions, padding, slices and concatenations of what it moves, and two
// that meet become one or none. Sums would add their terms in another order: they are passed only by the transpositions of
// channels_first images, so that elsewhere the bits are those of before.
#include <algorithm>
#include <unordered_map>

#include "passes/rewrite.h"

namespace nnstack {
namespace {

using Order = std::vector<int64_t>;  // of a transposition: axis k of the result is axis order[k] of the source

// From channels at the end to channels behind the batch, of images or volumes.
bool is_channels_first(const Order& order) {
  const auto rank = static_cast<int64_t>(order.size());
  return rank >= 4 && order[0] == 0 && order[1] == rank - 1 && std::is_sorted(order.begin() + 2, order.end());
}

bool ascending(const Order& order) { return std::is_sorted(order.begin(), order.end()); }

// The entries of `list`, `width` per axis of the result, in the source's order of axes.
template <class List>
List before(const Order& order, const List& list, size_t width = 1) {
  List result = list;
  for (size_t k = 0; k < order.size(); k++)
    std::copy_n(list.begin() + static_cast<ptrdiff_t>(k * width), width,
                result.begin() + static_cast<ptrdiff_t>(static_cast<size_t>(order[k]) * width));
  return result;
}

class Sinker {
 public:
  explicit Sinker(FlatGraph& graph) : graph_(graph) {}

  void run() {
    std::vector<FlatNode> nodes = std::exchange(graph_.nodes, {});
    for (FlatNode& node : nodes) {
      for (int& id : node.inputs) id = current(id);
      if (!moved_behind(node)) push(std::move(node));
    }
    for (int& id : graph_.outputs) id = current(id);
    for (FlatUpdate& update : graph_.updates) update.value = current(update.value);
    remove_dead(graph_);
  }

 private:
  struct Moved {
    int source;
    Order order;
  };

  int current(int id) const {
    const auto found = same_.find(id);
    return found == same_.end() ? id : found->second;
  }
  const Moved* moved(int id) const {
    const auto found = moved_.find(id);
    return found == moved_.end() ? nullptr : &found->second;
  }
  const TensorType& type(int id) const { return graph_.values[static_cast<size_t>(id)].type; }

  void push(FlatNode node) {
    for (int id : node.outputs)
      if (id >= 0) maker_[id] = graph_.nodes.size();
    graph_.nodes.push_back(std::move(node));
  }
  int emit(const char* op, std::vector<int> inputs, Attributes attributes, const FlatNode& like, int output = -1) {
    const int made = append_node(graph_, op, std::move(inputs), std::move(attributes), like.layer, output);
    maker_[made] = graph_.nodes.size() - 1;
    return made;
  }

  // `id` is `source` with its axes in this order.
  void set_moved(int id, int source, const Order& order, const FlatNode& like) {
    if (ascending(order)) {
      same_[id] = source;
      return;
    }
    emit("transpose", {source}, {{"permutation", order}}, like, id);
    moved_[id] = {source, order};
  }

  bool moved_behind(const FlatNode& node) {
    const std::string& name = node.op->name;
    if (node.inputs.empty() || node.outputs[0] < 0) return false;
    if (name == "transpose") return join(node);
    if (node.op->elementwise && name != "random_uniform") return elementwise(node);
    if (name == "broadcast_to") return broadcast(node);
    const Moved* const x = moved(node.inputs[0]);
    if (!x) return false;
    const Moved of = *x;  // tables grow below
    if (name == "max" || name == "min") return reduction(node, of);
    if (name == "sum" || name == "mean") return is_channels_first(of.order) && reduction(node, of);
    if (name == "sum_to") return is_channels_first(of.order) && sum_to(node, of);
    if (name == "pad") return with_lists(node, of, {"paddings"}, 2);
    if (name == "slice" || name == "unslice") return with_lists(node, of, {"begins", "ends", "steps"}, 1);
    if (name == "concat" || name == "concat_part") return along_axis(node, of);
    return false;
  }

  bool join(const FlatNode& node) {
    const Order& permutation = node.attributes.integers("permutation");
    const Moved* const x = moved(node.inputs[0]);
    Order order;
    for (int64_t axis : permutation) order.push_back(x ? x->order[static_cast<size_t>(axis)] : axis);
    set_moved(node.outputs[0], x ? x->source : node.inputs[0], order, node);
    return true;
  }

  bool elementwise(const FlatNode& node) {
    const int rank = type(node.outputs[0]).shape.rank();
    const Moved* found = nullptr;
    for (int id : node.inputs)
      if (const Moved* const one = moved(id); one && !found && type(id).shape.rank() == rank) found = one;
    if (!found) return false;
    const Order order = found->order;
    for (int id : node.inputs)
      if (!can_move(id, order)) return false;
    std::vector<int> inputs;
    for (int id : node.inputs) inputs.push_back(moved_back(id, order, node));
    result(node, std::move(inputs), node.attributes, order);
    return true;
  }

  // Whether what `id` holds, seen through `order` from behind, costs nothing.
  bool can_move(int id, const Order& order) const {
    if (const Moved* const one = moved(id); one && one->order == order) return true;
    const Shape& shape = type(id).shape;
    if (shape.rank() == 0) return true;
    Order wide;  // the axes that are not 1, in the order behind
    const size_t missing = order.size() - static_cast<size_t>(shape.rank());
    int unknown = 0;
    for (int k = 0; k < shape.rank(); k++) {
      unknown += shape[k] < 0 ? 1 : 0;
      if (shape[k] != 1) wide.push_back(order[missing + static_cast<size_t>(k)]);
    }
    return ascending(wide) && unknown <= 1;
  }

  int moved_back(int id, const Order& order, const FlatNode& like) {
    if (const Moved* const one = moved(id); one && one->order == order) return one->source;
    const Shape shape = type(id).shape;
    if (shape.rank() == 0) return id;
    Dims sizes(order.size() - static_cast<size_t>(shape.rank()), 1);
    sizes.insert(sizes.end(), shape.begin(), shape.end());
    return emit("reshape", {id, append_constant(graph_, before(order, sizes))}, {}, like);
  }

  // The node on what lies before `order`, and its first result seen through it.
  void result(const FlatNode& node, std::vector<int> inputs, Attributes attributes, const Order& order) {
    const int made = emit(node.op->name.c_str(), std::move(inputs), std::move(attributes), node);
    Shape& shape = graph_.values[static_cast<size_t>(made)].type.shape;
    const Shape& seen = type(node.outputs[0]).shape;  // may be known where what it follows from is no longer looked at
    for (int k = 0; k < seen.rank(); k++)
      if (Dim& size = shape[static_cast<int>(order[static_cast<size_t>(k)])]; size < 0) size = seen[k];
    set_moved(node.outputs[0], made, order, node);
  }

  bool reduction(const FlatNode& node, const Moved& x) {
    const size_t rank = x.order.size();
    std::vector<bool> gone(rank, node.attributes.integers("axes").empty());
    for (int64_t axis : node.attributes.integers("axes"))
      gone[static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(rank) : axis)] = true;
    const bool keepdims = node.attributes.flag("keepdims");
    Order axes, left;
    for (size_t k = 0; k < rank; k++) (gone[k] ? axes : left).push_back(x.order[k]);
    std::sort(axes.begin(), axes.end());
    Order ranks = left;  // where the axes that are left lie among themselves
    std::sort(ranks.begin(), ranks.end());
    for (int64_t& axis : left) axis = std::find(ranks.begin(), ranks.end(), axis) - ranks.begin();
    result(node, {x.source}, {{"axes", axes}, {"keepdims", keepdims}}, keepdims ? x.order : left);
    return true;
  }

  // To a known shape, or to that of something.
  bool sum_to(const FlatNode& node, const Moved& x) {
    const std::optional<int> shape = shape_before(node.inputs[1], x.order, node);
    if (!shape) return false;
    const TensorType wanted = type(node.outputs[0]);
    const int made = emit("sum_to", {x.source, *shape}, {}, node);
    if (wanted.shape.rank() == static_cast<int>(x.order.size())) {
      set_moved(node.outputs[0], made, x.order, node);
    } else {
      const int full = emit("transpose", {made}, {{"permutation", x.order}}, node);
      emit("reshape", {full, node.inputs[1]}, {}, node, node.outputs[0]);
    }
    return true;
  }

  // The shape vector `id`, of something seen through `order`, before it; ones in front.
  std::optional<int> shape_before(int id, const Order& order, const FlatNode& like) {
    const FlatValue& value = graph_.values[static_cast<size_t>(id)];
    const int shaped = shape_input(id);
    if (const Moved* const of = moved(shaped); of && of->order == order) return emit("shape_of", {of->source}, {}, like);
    Dims given;
    if (value.source == Source::constant)
      given = integers(graph_.constants[static_cast<size_t>(value.slot)]);
    else if (shaped >= 0 && type(shaped).shape.known())
      given.assign(type(shaped).shape.begin(), type(shaped).shape.end());
    else
      return {};
    if (given.size() > order.size()) return {};
    given.insert(given.begin(), order.size() - given.size(), 1);
    return append_constant(graph_, before(order, given));
  }

  // What `id` is the shape of, or -1.
  int shape_input(int id) const {
    const auto made = maker_.find(id);
    if (made == maker_.end() || graph_.nodes[made->second].op->name != "shape_of") return -1;
    return graph_.nodes[made->second].inputs[0];
  }

  // To the shape of something moved: what is broadcast moves for nothing.
  bool broadcast(const FlatNode& node) {
    const Moved* const of = moved(shape_input(node.inputs[1]));
    if (!of) return false;
    const Order order = of->order;
    if (!can_move(node.inputs[0], order)) return false;
    const int shape = emit("shape_of", {of->source}, {}, node);
    result(node, {moved_back(node.inputs[0], order, node), shape}, {}, order);
    return true;
  }

  bool with_lists(const FlatNode& node, const Moved& x, std::initializer_list<const char*> lists, size_t width) {
    std::vector<int> inputs = {x.source};
    if (node.inputs.size() > 1) {
      const std::optional<int> shape = shape_before(node.inputs[1], x.order, node);
      if (!shape) return false;
      inputs.push_back(*shape);
    }
    Attributes attributes = node.attributes;
    for (const char* list : lists) attributes.set(list, before(x.order, node.attributes.integers(list), width));
    result(node, std::move(inputs), std::move(attributes), x.order);
    return true;
  }

  // concat of what is moved alike; concat_part of it, by shapes of what is.
  bool along_axis(const FlatNode& node, const Moved& x) {
    const bool part = node.op->name == "concat_part";
    std::vector<int> inputs = {x.source};
    for (size_t k = 1; k < node.inputs.size(); k++) {
      const Moved* const other = moved(node.inputs[k]);
      if (!part && !(other && other->order == x.order)) return false;
      std::optional<int> input;
      if (part)
        input = shape_before(node.inputs[k], x.order, node);
      else
        input = other->source;
      if (!input) return false;
      inputs.push_back(*input);
    }
    int64_t axis = node.attributes.integer("axis");
    if (axis < 0) axis += static_cast<int64_t>(x.order.size());
    Attributes attributes = node.attributes;
    attributes.set("axis", x.order[static_cast<size_t>(axis)]);
    result(node, std::move(inputs), std::move(attributes), x.order);
    return true;
  }

  FlatGraph& graph_;
  std::unordered_map<int, Moved> moved_;
  std::unordered_map<int, int> same_;      // values that turned out to be others
  std::unordered_map<int, size_t> maker_;  // the node that makes a value
};

}  // namespace

void sink_transposes(FlatGraph& graph) {
  for (FlatNode& node : graph.nodes) {
    if (!node.body) continue;
    auto body = std::make_shared<FlatBody>(*node.body);
    sink_transposes(body->graph);
    node.body = std::move(body);
  }
  const bool any =
      std::any_of(graph.nodes.begin(), graph.nodes.end(), [](const FlatNode& node) { return node.op->name == "transpose"; });
  if (any) Sinker(graph).run();
}

}  // namespace nnstack
