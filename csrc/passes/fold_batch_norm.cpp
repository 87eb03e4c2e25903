//   before: y = (conv(x, w) + bias - mean) * (rsqrt(variance + e) * gamma) + beta
//   after:  y = conv(x, w) * scale + shift;   scale = rsqrt(variance + e) * gamma;   shift = (bias - mean) * scale + beta
// Scale and shift are fixed: keep_fixed takes them out of the run, and the two operations left are the product's epilogue, done
// in one pass over its rows. Folding the scale into the kernel would save nothing more and need a second kernel in memory.
// Results differ by rounding alone.
#include "passes/rewrite.h"

namespace nnstack {
namespace {

// y = x op fixed, of x's own type; x = -1: it is not of this kind.
struct AffineStep {
  char kind = 0;  // '+', '-', '*'
  int x = -1, operand = -1;
};

class Folder {
 public:
  explicit Folder(FlatGraph& graph) : graph_(graph), known_(graph), readers_(graph.values.size()), only_(graph.values.size()) {
    for (size_t n = 0; n < graph.nodes.size(); n++)
      for (int id : graph.nodes[n].inputs) read(id, static_cast<int>(n));
    for (int id : graph.outputs) read(id, -1);
    for (const FlatUpdate& update : graph.updates) read(update.value, -1);
  }

  void run() {
    std::vector<FlatNode> before = std::exchange(graph_.nodes, {});
    std::vector<std::vector<AffineStep>> chains(before.size());  // by the node that ends them
    std::vector<bool> inside(before.size());
    for (size_t n = 0; n < before.size(); n++) {
      if (inside[n]) continue;
      std::vector<AffineStep> chain;
      size_t last = n;
      for (size_t at = n;;) {
        const AffineStep step = step_of(before[at]);
        if (step.x < 0 || (!chain.empty() && inside[at])) break;
        chain.push_back(step);
        inside[at] = true;
        last = at;
        const auto made = static_cast<size_t>(before[at].outputs[0]);
        if (readers_[made] != 1 || only_[made] < 0) break;
        at = static_cast<size_t>(only_[made]);
        if (step_of(before[at]).x != static_cast<int>(made)) break;
      }
      if (worth_it(chain)) chains[last] = std::move(chain);
    }
    for (size_t n = 0; n < before.size(); n++) {
      if (chains[n].empty())
        graph_.nodes.push_back(std::move(before[n]));
      else
        emit_folded(chains[n], before[n]);
    }
    remove_dead(graph_);
  }

 private:
  void read(int id, int node) {
    readers_[static_cast<size_t>(id)]++;
    only_[static_cast<size_t>(id)] = node;
  }

  const TensorType& type(int id) const { return graph_.values[static_cast<size_t>(id)].type; }
  bool fixed(int id) const { return known_.fixed[static_cast<size_t>(id)]; }

  AffineStep step_of(const FlatNode& node) const {
    const std::string& name = node.op->name;
    const char kind = name == "add" ? '+' : name == "subtract" ? '-' : name == "multiply" ? '*' : 0;
    if (!kind || node.outputs[0] < 0) return {};
    const int a = node.inputs[0], b = node.inputs[1];
    const TensorType& result = type(node.outputs[0]);
    if (result.dtype != DType::f32 && result.dtype != DType::f64) return {};
    if (!fixed(a) && fixed(b) && type(a) == result) return {kind, a, b};
    if (kind != '-' && fixed(a) && !fixed(b) && type(b) == result) return {kind, b, a};
    return {};
  }

  // Fewer operations, and a scale among them that is a weight: sums of constants may be meant to round.
  bool worth_it(const std::vector<AffineStep>& chain) const {
    bool weight = false, shift = false;
    for (const AffineStep& step : chain) {
      weight = weight || (step.kind == '*' && known_.bytes[static_cast<size_t>(step.operand)] > 0);
      shift = shift || step.kind != '*';
    }
    return weight && chain.size() > (shift ? 2u : 1u);
  }

  void emit_folded(const std::vector<AffineStep>& chain, const FlatNode& last) {
    int scale = -1, shift = -1;
    const auto emit = [&](const char* op, int a, int b) { return append_node(graph_, op, {a, b}, {}, last.layer); };
    for (const AffineStep& step : chain) {
      if (step.kind == '*') {
        scale = scale < 0 ? step.operand : emit("multiply", scale, step.operand);
        if (shift >= 0) shift = emit("multiply", shift, step.operand);
      } else if (shift < 0) {
        shift = step.kind == '+' ? step.operand : append_node(graph_, "negative", {step.operand}, {}, last.layer);
      } else {
        shift = emit(step.kind == '+' ? "add" : "subtract", shift, step.operand);
      }
    }
    const int y = last.outputs[0];
    if (shift < 0) {
      append_node(graph_, "multiply", {chain[0].x, scale}, {}, last.layer, y);
      return;
    }
    const int scaled = append_node(graph_, "multiply", {chain[0].x, scale}, {}, last.layer);
    append_node(graph_, "add", {scaled, shift}, {}, last.layer, y);
  }

  FlatGraph& graph_;
  const FixedValues known_;
  std::vector<int> readers_, only_;  // how many, and the node where it is one (-1: the program's result)
};

}  // namespace

void fold_batch_norm(FlatGraph& graph) { Folder(graph).run(); }

}  // namespace nnstack
