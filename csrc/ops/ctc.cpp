// ctc_loss: the loss of connectionist temporal classification (Graves et al. 2006) and, as a second result, its gradient.
// Both come from one kernel. The derivative of the second result is that of the composition below.
#include "ops/build.h"
#include "ops/lowering.h"

namespace nnstack {
namespace {

void check_logs(const Inference& i) {
  const TensorType& logs = i.inputs[0];
  i.require(logs.dtype == DType::f32 || logs.dtype == DType::f64,
            [&] { return std::string("needs float32 or float64, got ") + name_of(logs.dtype); });
  i.require(logs.shape.rank() == 3,
            [&] { return "log probabilities must be (samples, steps, classes), got " + text(logs.shape); });
  i.require(logs.shape[2] != 0, [&] { return "needs at least the blank's class; log probabilities " + text(logs.shape); });
}

std::vector<TensorType> infer(const Inference& i) {
  const TensorType &logs = i.inputs[0], &labels = i.inputs[1];
  check_logs(i);
  const auto integers = [&](const TensorType& type, int rank, const char* what) {
    const Dim samples = type.shape.rank() > 0 ? type.shape[0] : 0;
    const bool fits = samples == logs.shape[0] || samples < 0 || logs.shape[0] < 0;
    i.require(type.dtype == DType::i32 && type.shape.rank() == rank && fits, [&] {
      return std::string(what) + " must be int32 of " + std::to_string(rank) + " axes, the first the samples; got " +
             text(type) + " beside log probabilities " + text(logs.shape);
    });
  };
  integers(labels, 2, "labels");
  integers(i.inputs[2], 1, "numbers of steps");
  integers(i.inputs[3], 1, "numbers of labels");
  return {{logs.dtype, {logs.shape[0]}}, logs};
}

void lower(Lowering& l) {
  const Shape& in = l.inputs[0].shape;
  l.call(KernelId::ctc, CtcParams{l.inputs[0].dtype, in[0], in[1], in[2], l.inputs[1].shape[1]}, {0, 1, 2, 3}, {0, 1});
}

constexpr double kNever = -1e30;  // a logarithm whose differences are finite

Value expand(const Value& x, int64_t axis) { return emit("expand_dims", {x}, {{"axes", std::vector<int64_t>{axis}}}); }
Value columns(const Value& x, int64_t begin, int64_t end) {
  return emit("slice", {x},
              {{"begins", std::vector<int64_t>{0, begin}},
               {"ends", std::vector<int64_t>{kNone, end}},
               {"steps", std::vector<int64_t>{1, 1}}});
}
// x[:, s - by], `value` where there is none.
Value moved(const Value& x, int64_t by, double value) {
  const Value padded = emit("pad", {x}, {{"paddings", std::vector<int64_t>{0, 0, by, 0}}, {"value", value}});
  return columns(padded, 0, -by);
}
Value log_sum(const Values& logs) {
  Value high = logs[0];
  for (size_t k = 1; k < logs.size(); k++) high = emit("maximum", {high, logs[k]});
  high = emit("stop_gradient", {high});
  Value sum;
  for (const Value& log : logs) {
    const Value part = emit("exp", {log - high});
    sum = sum ? sum + part : part;
  }
  return high + emit("log", {sum});
}
Value numbers(int64_t count, DType dtype) {
  Dims values;
  for (int64_t k = 0; k < count; k++) values.push_back(k);
  return cast(constant(values), dtype);
}

// The loss step by step: what the kernel computes, to differentiate twice.
Value composition(const Values& inputs) {
  const Shape& shape = inputs[0]->type.shape;
  const int64_t steps = shape[1], classes = shape[2], labels = inputs[1]->type.shape[1];
  if (steps < 0 || classes < 0 || labels < 0) {
    throw ValueError("ctc_loss: second derivatives need known numbers of steps, classes and labels; log probabilities " +
                     text(shape) + ", labels " + text(inputs[1]->type.shape));
  }
  const DType dtype = inputs[0]->type.dtype;
  const Value never = constant(dtype, kNever);
  const Value logs = emit("maximum", {inputs[0], never});
  const double blank = static_cast<double>(classes - 1);
  // Blanks before every label and at the end.
  const Value between =
      emit("pad", {expand(inputs[1], 2)}, {{"paddings", std::vector<int64_t>{0, 0, 0, 0, 1, 0}}, {"value", blank}});
  const Value samples = emit("count", {inputs[1]}, {{"axes", std::vector<int64_t>{0}}, {"dtype", std::string("int64")}});
  const Value flat_shape =
      emit("concat", {emit("reshape", {samples, constant(Dims{1})}), constant(Dims{2 * labels})}, {{"axis", int64_t{0}}});
  const Value flat = emit("reshape", {between, flat_shape});
  const Value spelled = emit("pad", {flat}, {{"paddings", std::vector<int64_t>{0, 0, 0, 1}}, {"value", blank}});
  const Value state = numbers(2 * labels + 1, DType::i32);
  const Value one_hot = cast(emit("equal", {expand(spelled, 2), numbers(classes, DType::i32)}), dtype);
  const Value seen = emit("matmul", {logs, one_hot}, {{"transpose_b", true}});  // samples, steps, states
  const Value may_skip = emit("logical_and", {emit("not_equal", {spelled, moved(spelled, 2, blank)}),
                                              emit("greater", {state, constant(DType::i32, 1)})});

  Value ways = select(emit("less", {state, constant(DType::i32, 1)}), scalar_like(never, 0), never);  // before the first step
  ways = emit("broadcast_to", {ways, shape_of(spelled)});
  for (int64_t t = 0; t < steps; t++) {
    const Value here = emit("squeeze",
                            {emit("slice", {seen},
                                  {{"begins", std::vector<int64_t>{0, t, 0}},
                                   {"ends", std::vector<int64_t>{kNone, t + 1, kNone}},
                                   {"steps", std::vector<int64_t>{1, 1, 1}}})},
                            {{"axes", std::vector<int64_t>{1}}});
    const Value next = log_sum({ways, moved(ways, 1, kNever), select(may_skip, moved(ways, 2, kNever), never)}) + here;
    const Value counts = emit("greater", {expand(inputs[2], 1), constant(DType::i32, static_cast<double>(t))});
    ways = select(counts, next, ways);
  }
  const Value last = expand(inputs[3] + inputs[3], 1);
  const Value ends = emit("logical_or", {emit("equal", {state, last}), emit("equal", {state, last - constant(DType::i32, 1)})});
  const Value final = select(ends, ways, never);
  const Attributes row{{"axes", std::vector<int64_t>{1}}, {"keepdims", true}};
  const Value high = emit("stop_gradient", {emit("max", {final}, row)});
  const Value total = high + emit("log", {emit("sum", {emit("exp", {final - high})}, row)});
  return -emit("squeeze", {total}, {{"axes", std::vector<int64_t>{1}}});
}

Values gradient(const GradientQuery& q) {
  const Value& logs = q.input(0);
  Value sum;
  if (q.gradients[0]) sum = expand(expand(q.gradients[0], 1), 2) * emit_all("ctc_loss", q.node.inputs)[1];
  if (q.gradients.size() > 1 && q.gradients[1]) {
    const Values first = q.differentiate({composition(q.node.inputs)}, {logs}, {});
    const Value second = q.differentiate(first, {logs}, {q.gradients[1]})[0];
    sum = sum ? sum + second : second;
  }
  return {sum, nullptr, nullptr, nullptr};
}

std::vector<TensorType> infer_beams(const Inference& i) {
  check_logs(i);
  const TensorType &logs = i.inputs[0], &steps = i.inputs[1];
  i.require(steps.dtype == DType::i32 && steps.shape.rank() == 1,
            [&] { return "numbers of steps must be int32 of one axis, got " + text(steps); });
  const int64_t beams = i.attributes.integer("beam_width"), paths = i.attributes.integer("top_paths");
  i.require(1 <= paths && paths <= beams, [&] {
    return "needs 1 <= top_paths <= beam_width, got top_paths=" + std::to_string(paths) +
           ", beam_width=" + std::to_string(beams);
  });
  return {{DType::i64, {logs.shape[0], paths, logs.shape[1]}}, {logs.dtype, {logs.shape[0], paths}}};
}

void lower_beams(Lowering& l) {
  const Shape& in = l.inputs[0].shape;
  l.call(KernelId::ctc_beams,
         CtcBeamsParams{l.inputs[0].dtype, l.attributes.flag("merge_repeated"), in[0], in[1], in[2],
                        l.attributes.integer("beam_width"), l.attributes.integer("top_paths")},
         {0, 1}, {0, 1});
}

}  // namespace

std::vector<Op> ctc_ops() {
  return {{.name = "ctc_loss", .least_inputs = 4, .most_inputs = 4, .infer = infer, .gradient = gradient, .lower = lower},
          {.name = "ctc_beam_search",
           .least_inputs = 2,
           .most_inputs = 2,
           .attributes = {{"beam_width", int64_t{100}}, {"top_paths", int64_t{1}}, {"merge_repeated", false}},
           .infer = infer_beams,
           .lower = lower_beams}};
}

}  // namespace nnstack
