// scan: a body applied along the first axis of sequences, states going from step to step.
//
//   inputs   states before the first step; sequences; constants
//   body     (states, a slice of each sequence, constants) -> (next states, results)
//   outputs  states after the last step; the results stacked; the states before each step stacked
//
// With `reverse` the last slices come first; stacks are in the order of the sequences all the same. Outputs nobody reads
// cost nothing (passes/prune_body.cpp). The gradient is a scan in the other direction over the stacked states, whose body is
// the gradient of the body: docs/decisions/0004-scan.md.
#include "autodiff/gradients.h"
#include "graph/body.h"
#include "ops/build.h"

namespace nnstack {
namespace {

struct Parts {
  const Body& body;
  size_t states, sequences, constants, stacked;
  size_t prior() const { return states + stacked; }  // the first output that stacks states

  explicit Parts(const Attributes& attributes)
      : body(*attributes.body("body")),
        states(static_cast<size_t>(attributes.integer("states"))),
        sequences(static_cast<size_t>(attributes.integer("sequences"))),
        constants(body.parameters.size() - states - sequences),
        stacked(body.results.size() - states) {}
  bool is_sequence(size_t input) const { return input >= states && input < states + sequences; }
};

Shape with_first(Dim first, const Shape& rest) {
  Shape shape{first};
  for (Dim d : rest) shape.push_back(d);
  return shape;
}

Shape without_first(const Shape& shape) { return Shape(std::span<const Dim>(shape.begin() + 1, shape.end())); }

// Whether the two may be one shape, and what both know of it.
bool unify(Shape& a, const Shape& b) {
  if (a.rank() != b.rank()) return false;
  for (int k = 0; k < a.rank(); k++) {
    if (a[k] >= 0 && b[k] >= 0 && a[k] != b[k]) return false;
    if (a[k] < 0) a[k] = b[k];
  }
  return true;
}

void check_attributes(const Inference& i) {
  i.require(i.attributes.body("body") != nullptr, "has no body");
  const Body& body = *i.attributes.body("body");
  const int64_t states = i.attributes.integer("states"), sequences = i.attributes.integer("sequences");
  i.require(states >= 0 && sequences >= 1 && states + sequences <= static_cast<int64_t>(body.parameters.size()) &&
                states <= static_cast<int64_t>(body.results.size()),
            [&] {
              return "a body of " + std::to_string(body.parameters.size()) + " parameters and " +
                     std::to_string(body.results.size()) + " results cannot have " + std::to_string(states) + " states and " +
                     std::to_string(sequences) + " sequences; at least one sequence is needed";
            });
  i.require(i.inputs.size() == body.parameters.size(), [&] {
    return "expected " + std::to_string(body.parameters.size()) + " inputs, as the body has parameters, got " +
           std::to_string(i.inputs.size());
  });
}

std::vector<TensorType> infer(const Inference& i) {
  check_attributes(i);
  const Parts parts(i.attributes);
  Shape length{kUnknown};
  for (size_t k = 0; k < i.inputs.size(); k++) {
    const TensorType& wanted = parts.body.parameters[k]->type;
    Shape given = i.inputs[k].shape;
    if (parts.is_sequence(k)) {
      i.require(given.rank() > 0, [&] { return "a sequence needs an axis to go along, got " + text(i.inputs[k]); });
      i.require(unify(length, {given[0]}), [&] {
        return "sequences of " + std::to_string(length[0]) + " and " + std::to_string(given[0]) +
               " steps; all must have as many";
      });
      given = without_first(given);
    }
    i.require(i.inputs[k].dtype == wanted.dtype && unify(given, wanted.shape),
              [&] { return "input " + std::to_string(k) + " is " + text(i.inputs[k]) + ", the body takes " + text(wanted); });
  }
  std::vector<TensorType> last, prior, stacks;
  for (size_t k = 0; k < parts.states; k++) {
    TensorType state = i.inputs[k];
    const TensorType& next = parts.body.results[k]->type;
    i.require(next.dtype == state.dtype && unify(state.shape, next.shape), [&] {
      return "state " + std::to_string(k) + " is " + text(state) + " before a step and " + text(next) +
             " after it; a state must keep its type. Give an initial state of the type it comes to have";
    });
    last.push_back(state);
    prior.push_back({state.dtype, with_first(length[0], state.shape)});
  }
  for (size_t k = parts.states; k < parts.body.results.size(); k++) {
    const TensorType& result = parts.body.results[k]->type;
    stacks.push_back({result.dtype, with_first(length[0], result.shape)});
  }
  std::vector<TensorType> outputs = last;
  outputs.insert(outputs.end(), stacks.begin(), stacks.end());
  outputs.insert(outputs.end(), prior.begin(), prior.end());
  return outputs;
}

Value zeros_like(const Value& x) { return broadcast_to_shape_of(scalar_like(x, 0), x); }
bool differentiable(const Value& x) { return is_floating(x->type.dtype); }

// Output o of the node, whether somebody has used it or not.
Value output(const GradientQuery& q, const Parts& parts, size_t o) {
  if (o < q.outputs.size() && q.outputs[o]) return q.outputs[o];
  auto value = std::make_shared<ValueData>();
  for (const Value& other : q.outputs)
    if (other) value->node = other->node;
  value->index = static_cast<int>(o);
  const Value& state = q.input(o - parts.prior());
  value->type = {state->type.dtype, with_first(q.input(parts.states)->type.shape[0], state->type.shape)};
  return value;
}

// The body of the gradient, while it is put together: parameters with the values they begin with or go along.
struct Backward {
  Values states, starts, next;        // gradients carried from step to step
  Values slices, sequences, stacked;  // gradients of what is a slice each step
  Value carry(const Value& like, const Value& start) {
    states.push_back(placeholder(like->type, "gradient"));
    starts.push_back(start);
    return states.back();
  }
  Value slice(const Value& sequence, const TensorType& type) {
    slices.push_back(placeholder(type, "gradient"));
    sequences.push_back(sequence);
    return slices.back();
  }
};

Values gradient(const GradientQuery& q) {
  const Parts parts(q.node.attributes);
  const Values &parameters = parts.body.parameters, &results = parts.body.results;
  const auto given = [&](size_t o) { return o < q.gradients.size() ? q.gradients[o] : nullptr; };
  Backward back;

  // What arrives at the end of a step: gradients of the next states and of its results.
  Values ys, grad_ys;
  for (size_t k = 0; k < parts.states; k++) {
    if (!differentiable(parameters[k])) continue;
    ys.push_back(results[k]);
    grad_ys.push_back(back.carry(parameters[k], given(k) ? given(k) : zeros_like(q.input(k))));
  }
  for (size_t k = parts.states; k < results.size(); k++) {
    if (!given(k)) continue;
    ys.push_back(results[k]);
    grad_ys.push_back(back.slice(given(k), results[k]->type));
  }
  Values xs;
  for (const Value& parameter : parameters)
    if (differentiable(parameter)) xs.push_back(parameter);
  const Values found = gradients(ys, xs, grad_ys);

  // What leaves at its beginning; constants add up over the steps.
  std::vector<int64_t> at(parameters.size(), -1);  // which of the backward scan's outputs is whose gradient
  Values sums;
  size_t x = 0;
  for (size_t k = 0; k < parameters.size(); k++) {
    if (!differentiable(parameters[k])) continue;
    Value g = found[x++];
    if (k < parts.states) {
      if (const Value prior = given(parts.prior() + k)) {
        const Value slice = back.slice(prior, parameters[k]->type);
        g = g ? g + slice : slice;
      }
      at[k] = static_cast<int64_t>(back.next.size());
      back.next.push_back(g ? g : zeros_like(parameters[k]));
    } else if (g && parts.is_sequence(k)) {
      at[k] = static_cast<int64_t>(back.stacked.size());  // counted from the first stack
      back.stacked.push_back(g);
    } else if (g) {
      at[k] = static_cast<int64_t>(back.states.size());
      sums.push_back(back.carry(parameters[k], zeros_like(q.input(k))) + g);
    }
  }
  back.next.insert(back.next.end(), sums.begin(), sums.end());

  // The forward step is computed again from the state it began with.
  Values before = back.states, inputs = back.starts;
  for (size_t k = 0; k < parts.sequences; k++) {
    before.push_back(parameters[parts.states + k]);
    inputs.push_back(q.input(parts.states + k));
  }
  for (size_t k = 0; k < parts.states; k++) {
    before.push_back(parameters[k]);
    inputs.push_back(output(q, parts, parts.prior() + k));
  }
  before.insert(before.end(), back.slices.begin(), back.slices.end());
  inputs.insert(inputs.end(), back.sequences.begin(), back.sequences.end());
  for (size_t k = parts.states + parts.sequences; k < parameters.size(); k++) {
    before.push_back(parameters[k]);
    inputs.push_back(q.input(k));
  }
  Values after = back.next;
  after.insert(after.end(), back.stacked.begin(), back.stacked.end());
  const auto body = std::make_shared<const Body>(Body{before, after});
  const Values outputs = emit_all("scan", inputs,
                                  {{"body", BodyPointer(body)},
                                   {"states", static_cast<int64_t>(back.states.size())},
                                   {"sequences", static_cast<int64_t>(parts.sequences + parts.states + back.slices.size())},
                                   {"reverse", !q.node.attributes.flag("reverse")}});
  Values gradients_of_inputs(parameters.size());
  for (size_t k = 0; k < parameters.size(); k++) {
    if (at[k] < 0) continue;
    const size_t o = static_cast<size_t>(at[k]) + (parts.is_sequence(k) ? back.states.size() : 0);
    gradients_of_inputs[k] = outputs[o];
  }
  return gradients_of_inputs;
}

}  // namespace

std::vector<Op> scan_ops() {
  return {{.name = "scan",
           .least_inputs = 1,
           .most_inputs = -1,
           .attributes = {{"body", BodyPointer()}, {"states", int64_t{0}}, {"sequences", int64_t{1}}, {"reverse", false}},
           .infer = infer,
           .gradient = gradient}};
}

}  // namespace nnstack
