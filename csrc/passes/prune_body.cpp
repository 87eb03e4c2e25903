//   before: scan that stacks every state and accumulates every gradient     after: the same loop over less:
//           but of whose outputs only some are read                         no state, result or input without use
#include "passes/flat_graph.h"

namespace nnstack {
namespace {

// Which values of the graph the live ones of its outputs need.
std::vector<bool> needed_for(const FlatGraph& graph, const std::vector<bool>& live) {
  std::vector<bool> needed(graph.values.size());
  for (size_t k = 0; k < live.size(); k++)
    if (live[k]) needed[static_cast<size_t>(graph.outputs[k])] = true;
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    bool used = false;
    for (int id : node->outputs) used = used || (id >= 0 && needed[static_cast<size_t>(id)]);
    if (!used) continue;
    for (int id : node->inputs) needed[static_cast<size_t>(id)] = true;
  }
  return needed;
}

template <class T>
void keep(std::vector<T>& list, const std::vector<bool>& kept) {
  size_t to = 0;
  for (size_t i = 0; i < list.size(); i++)
    if (kept[i]) std::swap(list[to++], list[i]);
  list.resize(to);
}

}  // namespace

void prune_body(FlatNode& scan, const std::vector<bool>& read) {
  FlatBody body = *scan.body;
  FlatGraph& graph = body.graph;
  const auto states = static_cast<size_t>(body.states), sequences = static_cast<size_t>(body.sequences);
  const size_t stacked = graph.outputs.size() - states;
  scan.outputs.resize(2 * states + stacked, -1);
  for (int& id : scan.outputs)
    if (id >= 0 && !read[static_cast<size_t>(id)]) id = -1;

  std::vector<bool> live(states + stacked);  // a state is live, too, where a later step needs it
  for (size_t k = 0; k < live.size(); k++) live[k] = scan.outputs[k] >= 0;
  for (size_t i = 0; i < states; i++) live[i] = live[i] || scan.outputs[states + stacked + i] >= 0;
  std::vector<bool> needed;
  for (bool grown = true; grown;) {
    grown = false;
    needed = needed_for(graph, live);
    for (size_t i = 0; i < states; i++)
      if (!live[i] && needed[static_cast<size_t>(graph.inputs[i])]) live[i] = grown = true;
  }

  std::vector<bool> inputs(scan.inputs.size()), outputs = live;
  bool sliced = false;
  for (size_t i = 0; i < inputs.size(); i++) {
    inputs[i] = i < states ? live[i] : needed[static_cast<size_t>(graph.inputs[i])];
    sliced = sliced || (i >= states && i < states + sequences && inputs[i]);
  }
  if (!sliced) inputs[states] = true;  // somebody must say how many steps there are
  outputs.insert(outputs.end(), live.begin(), live.begin() + static_cast<int64_t>(states));
  body.states = body.sequences = 0;
  for (size_t i = 0; i < states + sequences; i++) (i < states ? body.states : body.sequences) += inputs[i];
  for (size_t i = 0; i < inputs.size(); i++)
    if (!inputs[i]) graph.values[static_cast<size_t>(graph.inputs[i])].source = Source::computed;  // nobody's any more
  keep(scan.inputs, inputs);
  keep(scan.outputs, outputs);
  keep(graph.inputs, inputs);
  keep(graph.input_names, inputs);
  keep(graph.outputs, live);
  for (size_t i = 0; i < graph.inputs.size(); i++)
    graph.values[static_cast<size_t>(graph.inputs[i])].slot = static_cast<int>(i);
  remove_dead(graph);
  scan.body = std::make_shared<const FlatBody>(std::move(body));
}

}  // namespace nnstack
