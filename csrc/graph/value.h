// The graph: nodes (an op applied to values) and values (one output of a node). Both are immutable once made and shared by
// reference; a value may carry data, then it is concrete.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/tensor.h"
#include "graph/attributes.h"
#include "graph/variable.h"

namespace nnstack {

struct Op;
struct Node;
struct ValueData;
using Value = std::shared_ptr<ValueData>;
using Values = std::vector<Value>;

// What is known of a small integer value before anything runs: kUnknown per element; `any` is false where nothing is.
struct Content {
  bool any = false;
  Dims values;
};

struct ValueData {
  std::shared_ptr<Node> node;
  int index = 0;  // which output of the node
  TensorType type;
  Tensor data;      // concrete values only
  Content content;  // of a symbolic value: what its op's rule said when it was made
};

struct Node {
  const Op* op = nullptr;
  Attributes attributes;
  Values inputs;
  std::string name;                          // of a placeholder
  std::shared_ptr<const std::string> layer;  // whose call made it; may be null
  std::shared_ptr<Variable> variable;        // leaf "variable" only
  ~Node();
};

// Leaves.
Value placeholder(const TensorType& type, const std::string& name);
Value constant(Tensor data);
Value constant(DType dtype, double value);                       // a scalar
Value constant(const Dims& values);                              // int64 vector
Value variable_leaf(const std::shared_ptr<Variable>& variable);  // the same value each time, while somebody holds it
Value learning_phase();                                          // the one symbolic bool scalar

// Checks the arguments, infers the types and records. Computes nothing.
Values emit_all(const std::string& op, Values inputs, Attributes attributes = {});
Value emit(const std::string& op, Values inputs, Attributes attributes = {});

Content content(const Value& value);

// TypeError where one is missing, as None from Python is; `what` says which list: "gradients: y".
void require_values(const Values& values, const std::string& what);

// The layer whose call is being recorded in this thread; returns the previous one.
std::shared_ptr<const std::string> set_layer(std::shared_ptr<const std::string> layer);
const std::string& layer_of(const Node& node);
bool is_leaf(const Node& node, const char* leaf_op);

}  // namespace nnstack
