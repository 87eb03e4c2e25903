// recurrence: all steps of an LSTM, a GRU or a simple recurrent network at once, given the projections of its inputs.
// Its meaning is a scan (compose), which second derivatives use; kernels compute it and its first derivative.
//
//   recurrence           projections, U, bias (gru), first h, first c (lstm), mask (masked)
//                     -> h after each step, last h, h before each step, what the gradient needs, last c (lstm)
//   recurrence_gradient  the same inputs, h before, what was saved, and the gradients of h, last h and last c that are given
//                     -> gradients of the projections, of the product h U + bias, of the first h, of the first c (lstm)
#include <algorithm>

#include "autodiff/gradients.h"
#include "graph/body.h"
#include "ops/build.h"
#include "ops/lowering.h"

namespace nnstack {
namespace {

const std::vector<std::string> kCells = {"simple", "gru", "lstm"};
const std::vector<std::string> kActivations = {"linear", "relu", "tanh", "sigmoid", "hard_sigmoid"};

size_t position(const std::vector<std::string>& names, const std::string& name) {
  return static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
}

struct Form {
  RecurrentCell cell;
  bool gru, lstm, masked, time_major, reverse;
  std::string activation, gate;
  int64_t given;

  explicit Form(const Attributes& a)
      : cell(static_cast<RecurrentCell>(position(kCells, a.string("cell")))),
        gru(cell == RecurrentCell::gru),
        lstm(cell == RecurrentCell::lstm),
        masked(a.flag("masked")),
        time_major(a.flag("time_major")),
        reverse(a.flag("reverse")),
        activation(a.string("activation")),
        gate(a.string("recurrent_activation")),
        given(a.integer("given")) {}

  Dim gates() const { return lstm ? 4 : gru ? 3 : 1; }
  Dim saved() const { return lstm ? 5 : gru ? 4 : 1; }
  // Inputs by position; the originals are those that a forward pass takes.
  size_t bias() const { return 2; }
  size_t first_h() const { return gru ? 3 : 2; }
  size_t first_c() const { return 3; }
  size_t mask() const { return first_h() + (lstm ? 2 : 1); }
  size_t originals() const { return mask() + (masked ? 1 : 0); }
  size_t before() const { return originals(); }
  size_t kept() const { return originals() + 1; }
  size_t gradients() const { return originals() + 2; }
  bool has(int which) const { return (given >> which & 1) != 0; }
  int outputs_given() const { return has(0) + has(1) + has(2); }
};

Shape all_steps(const Shape& like, Dim width) { return {like[0], like[1], width}; }

void check_inputs(const Inference& i, const Form& form, size_t count) {
  i.require(position(kCells, i.attributes.string("cell")) < kCells.size(),
            [&] { return "unknown cell \"" + i.attributes.string("cell") + "\"; known are simple, gru, lstm"; });
  for (const std::string& name : {form.activation, form.gate})
    i.require(position(kActivations, name) < kActivations.size(),
              [&] { return "unknown activation \"" + name + "\"; known are linear, relu, tanh, sigmoid, hard_sigmoid"; });
  i.require(i.inputs.size() == count,
            [&] { return "expected " + std::to_string(count) + " inputs, got " + std::to_string(i.inputs.size()); });
  const DType dtype = i.inputs[0].dtype;
  i.require(dtype == DType::f32 || dtype == DType::f64,
            [&] { return std::string("needs float32 or float64, got ") + name_of(dtype); });
  i.require(i.inputs[0].shape.rank() == 3, [&] { return "projections need three axes, got " + text(i.inputs[0]); });
  const Dim units = i.inputs[1].shape.rank() == 2 ? i.inputs[1].shape[0] : kUnknown;
  i.require(units >= 0 && i.inputs[1].shape[1] == form.gates() * units, [&] {
    return "the recurrent kernel must be (units, " + std::to_string(form.gates()) + " * units), got " + text(i.inputs[1]);
  });
  const auto expect = [&](size_t at, const char* what, DType type, const Shape& shape) {
    const Shape& found = i.inputs[at].shape;
    bool fits = i.inputs[at].dtype == type && found.rank() == shape.rank();
    for (int k = 0; fits && k < shape.rank(); k++) fits = found[k] == shape[k] || found[k] < 0 || shape[k] < 0;
    i.require(fits, [&] {
      return std::string(what) + ": expected " + text(TensorType{type, shape}) + ", got " + text(i.inputs[at]);
    });
  };
  const Dim batch = i.inputs[0].shape[form.time_major ? 1 : 0];
  expect(0, "projections", dtype, all_steps(i.inputs[0].shape, form.gates() * units));
  expect(1, "the recurrent kernel", dtype, i.inputs[1].shape);
  if (form.gru) expect(form.bias(), "the recurrent bias", dtype, {3 * units});
  expect(form.first_h(), "the first state", dtype, {batch, units});
  if (form.lstm) expect(form.first_c(), "the first memory", dtype, {batch, units});
  if (form.masked) expect(form.mask(), "the mask", DType::b8, {i.inputs[0].shape[0], i.inputs[0].shape[1]});
}

std::vector<TensorType> infer(const Inference& i) {
  const Form form(i.attributes);
  check_inputs(i, form, form.originals());
  const TensorType& first = i.inputs[form.first_h()];
  const Shape& steps = i.inputs[0].shape;
  const Dim units = i.inputs[1].shape[0];
  const TensorType state{first.dtype,
                         {steps[form.time_major ? 1 : 0] < 0 ? first.shape[0] : steps[form.time_major ? 1 : 0], units}};
  std::vector<TensorType> outputs{{first.dtype, all_steps(steps, units)},
                                  state,
                                  {first.dtype, all_steps(steps, units)},
                                  {first.dtype, all_steps(steps, form.saved() * units)}};
  if (form.lstm) outputs.push_back(state);
  return outputs;
}

std::vector<TensorType> infer_gradient(const Inference& i) {
  const Form form(i.attributes);
  check_inputs(i, form, form.gradients() + static_cast<size_t>(form.outputs_given()));
  std::vector<TensorType> outputs{i.inputs[0], i.inputs[0], i.inputs[form.first_h()]};
  if (form.lstm) outputs.push_back(i.inputs[form.first_c()]);
  return outputs;
}

RecurrenceParams params_of(const Lowering& l, const Form& form) {
  RecurrenceParams p{};
  p.type = l.inputs[0].dtype;
  p.cell = form.cell;
  p.activation = static_cast<Activation>(position(kActivations, form.activation));
  p.gate = static_cast<Activation>(position(kActivations, form.gate));
  p.reverse = form.reverse;
  p.time_major = form.time_major;
  p.masked = form.masked;
  for (int k = 0; k < 3; k++) p.given[k] = form.has(k);
  p.steps = l.inputs[0].shape[form.time_major ? 0 : 1];
  p.batch = l.inputs[0].shape[form.time_major ? 1 : 0];
  p.units = l.inputs[1].shape[0];
  return p;
}

void lower(Lowering& l) {
  const Form form(l.attributes);
  RecurrenceParams p = params_of(l, form);
  p.saves = l.used(2) || l.used(3);
  std::vector<int> in(form.originals()), out{0, 1};
  for (size_t k = 0; k < in.size(); k++) in[k] = static_cast<int>(k);
  if (form.lstm) out.push_back(4);
  if (p.saves) out.insert(out.end(), {2, 3});
  l.call(KernelId::recurrence, p, in, out);
}

void lower_gradient(Lowering& l) {
  const Form form(l.attributes);
  const RecurrenceParams p = params_of(l, form);
  std::vector<int> in{1}, out{0};
  if (form.gru) in.push_back(static_cast<int>(form.before()));
  in.push_back(static_cast<int>(form.kept()));
  if (form.lstm) in.push_back(static_cast<int>(form.first_c()));
  if (form.masked) in.push_back(static_cast<int>(form.mask()));
  for (int k = 0; k < form.outputs_given(); k++) in.push_back(static_cast<int>(form.gradients()) + k);
  if (form.gru) out.push_back(1);
  out.push_back(2);
  if (form.lstm) out.push_back(3);
  l.call(KernelId::recurrence_gradient, p, in, out);
}

// ---- the meaning -----------------------------------------------------------------------------------------------------

Value activate(const std::string& name, const Value& x) {
  if (name == "linear") return x;
  if (name != "hard_sigmoid") return emit(name, {x});
  const Value y = x / scalar_like(x, 5) + scalar_like(x, 0.5);
  return emit("minimum", {emit("maximum", {y, scalar_like(x, 0)}), scalar_like(x, 1)});
}

Value swap_first_axes(const Value& x) {
  std::vector<int64_t> permutation{1, 0};
  if (x->type.shape.rank() == 3) permutation.push_back(2);
  return emit("transpose", {x}, {{"permutation", permutation}});
}

// What comes of the steps: h after each, last h, h before each, last c (lstm). `extra`, where there is one, is added to the
// product h U + bias: the gradient of the product is its gradient.
struct Composed {
  Value states, last_h, before, last_c;
};

Composed compose(const Form& form, const Values& inputs, const Value& extra) {
  const Dim units = inputs[1]->type.shape[0];
  const auto along = [&](const Value& x) { return form.time_major ? x : swap_first_axes(x); };
  const auto slice_of = [](const Value& x) {
    return placeholder({x->type.dtype, Shape(std::span<const Dim>(x->type.shape.begin() + 1, x->type.shape.end()))}, "slice");
  };
  const auto part = [&](const Value& x, int64_t from, int64_t to) {
    return emit("slice", {x},
                {{"begins", std::vector<int64_t>{kNone, from * units}},
                 {"ends", std::vector<int64_t>{kNone, to * units}},
                 {"steps", std::vector<int64_t>{1, 1}}});
  };
  Values states{inputs[form.first_h()]}, sequences{along(inputs[0])};
  if (form.lstm) states.push_back(inputs[form.first_c()]);
  if (form.masked) sequences.push_back(along(inputs[form.mask()]));
  if (extra) sequences.push_back(along(extra));
  Values parameters;
  for (const Value& state : states) parameters.push_back(placeholder(state->type, "state"));
  for (const Value& sequence : sequences) parameters.push_back(slice_of(sequence));
  const Value &h = parameters[0], &x = parameters[states.size()];
  Value product = emit("matmul", {h, inputs[1]});
  if (form.gru) product = product + inputs[form.bias()];
  if (extra) product = product + parameters.back();
  Values next;
  if (form.gru) {
    const Value z = activate(form.gate, part(x, 0, 1) + part(product, 0, 1));
    const Value r = activate(form.gate, part(x, 1, 2) + part(product, 1, 2));
    const Value g = activate(form.activation, part(x, 2, 3) + r * part(product, 2, 3));
    next = {z * h + (scalar_like(z, 1) - z) * g};
  } else if (form.lstm) {
    const Value sum = x + product;
    const Value i = activate(form.gate, part(sum, 0, 1)), f = activate(form.gate, part(sum, 1, 2));
    const Value g = activate(form.activation, part(sum, 2, 3)), o = activate(form.gate, part(sum, 3, 4));
    const Value c = f * parameters[1] + i * g;
    next = {o * activate(form.activation, c), c};
  } else {
    next = {activate(form.activation, x + product)};
  }
  if (form.masked) {
    const Value on = emit("expand_dims", {parameters[states.size() + 1]}, {{"axes", std::vector<int64_t>{1}}});
    for (size_t k = 0; k < next.size(); k++) next[k] = select(on, next[k], parameters[k]);
  }
  Values results = next;
  results.push_back(next[0]);
  const ClosedBody closed = close_body(parameters, results);
  Values given = states;
  given.insert(given.end(), sequences.begin(), sequences.end());
  given.insert(given.end(), closed.captured.begin(), closed.captured.end());
  const Values outputs = emit_all("scan", given,
                                  {{"body", closed.body},
                                   {"states", static_cast<int64_t>(states.size())},
                                   {"sequences", static_cast<int64_t>(sequences.size())},
                                   {"reverse", form.reverse}});
  return {along(outputs[states.size()]), outputs[0], along(outputs[states.size() + 1]), form.lstm ? outputs[1] : nullptr};
}

Value zeros_like(const Value& x) { return broadcast_to_shape_of(scalar_like(x, 0), x); }

// Gradients of the composition in its first `originals` inputs; sums are over what is given.
Values composed_gradient(const Form& form, const Values& inputs, const Composed& made, const Values& given) {
  Values ys, grads;
  const Value outputs[] = {made.states, made.last_h, made.before, made.last_c};
  for (size_t k = 0; k < 4; k++) {
    if (!given[k]) continue;
    ys.push_back(outputs[k]);
    grads.push_back(given[k]);
  }
  Values xs(inputs.begin(), inputs.begin() + static_cast<int64_t>(form.mask()));
  Values found = gradients(ys, xs, grads);
  found.resize(inputs.size());
  return found;
}

Attributes with_given(Attributes attributes, int64_t given) {
  attributes.set("given", given);
  return attributes;
}

Value as_matrix(const Value& x, Dim columns) { return emit("reshape", {x, constant(Dims{-1, columns})}); }

Values gradient(const GradientQuery& q) {
  const Form form(q.node.attributes);
  const auto given = [&](size_t o) { return o < q.gradients.size() ? q.gradients[o] : nullptr; };
  const Values& inputs = q.node.inputs;
  if (given(2)) {  // of the states before each step: only second derivatives ask
    const Values own = identities(inputs);
    return composed_gradient(form, own, compose(form, own, nullptr), {given(0), given(1), given(2), given(4)});
  }
  const Shape& steps = inputs[0]->type.shape;
  const Dim units = inputs[1]->type.shape[0];
  const Value before = own_output(q, 2, {inputs[0]->type.dtype, all_steps(steps, units)});
  const Value saved = own_output(q, 3, {inputs[0]->type.dtype, all_steps(steps, form.saved() * units)});
  Values all = inputs;
  all.insert(all.end(), {before, saved});
  int64_t bits = 0;
  const size_t sources[] = {0, 1, 4};
  for (size_t k = 0; k < 3; k++) {
    if (!given(sources[k])) continue;
    bits |= int64_t{1} << k;
    all.push_back(given(sources[k]));
  }
  if (bits == 0) return Values(inputs.size());
  const Values back = emit_all("recurrence_gradient", all, with_given(q.node.attributes, bits));
  const Value& product = form.gru ? back[1] : back[0];
  Values found(inputs.size());
  found[0] = back[0];
  found[1] = emit("matmul", {as_matrix(before, units), as_matrix(product, form.gates() * units)}, {{"transpose_a", true}});
  if (form.gru) found[form.bias()] = emit("sum", {product}, {{"axes", std::vector<int64_t>{0, 1}}});
  found[form.first_h()] = back[2];
  if (form.lstm) found[form.first_c()] = back[3];
  return found;
}

// The gradient of the composition, differentiated again. What was saved follows from the other inputs: nothing flows there.
Values gradient_of_gradient(const GradientQuery& q) {
  const Form form(q.node.attributes);
  const auto wanted = [&](size_t o) { return o < q.gradients.size() ? q.gradients[o] : nullptr; };
  const Values own = identities(Values(q.node.inputs.begin(), q.node.inputs.begin() + static_cast<int64_t>(form.originals())));
  const Value extra = zeros_like(own[0]);
  const Composed made = compose(form, own, extra);
  Values ys, xs = own, grads, weights;
  const Value outputs[] = {made.states, made.last_h, made.last_c};
  size_t next = form.gradients();
  std::vector<size_t> at;
  for (size_t k = 0; k < form.originals(); k++) at.push_back(k);
  for (int k = 0; k < 3; k++) {
    if (!form.has(k)) continue;
    at.push_back(next);
    grads.push_back(emit("identity", {q.input(next++)}));
    xs.push_back(grads.back());
    ys.push_back(outputs[k]);
  }
  const Values first = gradients(ys, {own[0], extra, own[form.first_h()], form.lstm ? own[form.first_c()] : own[0]}, grads);
  Values firsts;
  for (size_t o = 0; o < (form.lstm ? 4 : 3); o++) {
    if (!wanted(o) || !first[o]) continue;
    firsts.push_back(first[o]);
    weights.push_back(wanted(o));
  }
  Values found(q.node.inputs.size());
  if (firsts.empty()) return found;
  const Values second = gradients(firsts, xs, weights);
  for (size_t k = 0; k < xs.size(); k++) found[at[k]] = second[k];
  return found;
}

std::vector<std::pair<std::string, Attribute>> attributes() {
  return {{"cell", std::string("lstm")},
          {"activation", std::string("tanh")},
          {"recurrent_activation", std::string("sigmoid")},
          {"reverse", false},
          {"time_major", false},
          {"masked", false},
          {"given", int64_t{0}}};
}

}  // namespace

std::vector<Op> recurrence_ops() {
  return {{.name = "recurrence",
           .least_inputs = 3,
           .most_inputs = 5,
           .attributes = attributes(),
           .infer = infer,
           .gradient = gradient,
           .lower = lower},
          {.name = "recurrence_gradient",
           .least_inputs = 5,
           .most_inputs = 10,
           .attributes = attributes(),
           .infer = infer_gradient,
           .gradient = gradient_of_gradient,
           .lower = lower_gradient}};
}

}  // namespace nnstack
