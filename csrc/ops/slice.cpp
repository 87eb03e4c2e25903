// slice: Python's begin:end:step per dimension. unslice: its transpose, zeros with the slice put in place. pad.
#include "ops/build.h"
#include "ops/lowering.h"

namespace nnstack {
namespace {

struct Range {
  int64_t begin, step, count;
};

// Python's slice(begin, end, step).indices(size).
Range resolve(int64_t begin, int64_t end, int64_t step, int64_t size) {
  if (step == kNone) step = 1;
  const int64_t low = step > 0 ? 0 : -1, high = step > 0 ? size : size - 1;
  const auto clamp = [&](int64_t i, int64_t fallback) {
    return i == kNone ? fallback : std::min(std::max(i < 0 ? i + size : i, low), high);
  };
  const int64_t first = clamp(begin, step > 0 ? low : high), last = clamp(end, step > 0 ? high : low);
  const int64_t length = step > 0 ? last - first : first - last;  // rounding up would overflow for the largest steps
  return {first, step, length > 0 ? (length - 1) / std::abs(step) + 1 : 0};
}

std::vector<Range> ranges(const Attributes& attributes, const Shape& whole) {
  std::vector<Range> out;
  for (size_t k = 0; k < static_cast<size_t>(whole.rank()); k++) {
    out.push_back(resolve(attributes.integers("begins")[k], attributes.integers("ends")[k], attributes.integers("steps")[k],
                          whole[static_cast<int>(k)]));
  }
  return out;
}

bool takes_all(int64_t begin, int64_t end, int64_t step) {
  return (begin == kNone || begin == 0) && end == kNone && (step == kNone || step == 1);
}

Shape sliced(const Inference& i, const Shape& whole) {
  const auto &begins = i.attributes.integers("begins"), &ends = i.attributes.integers("ends"),
             &steps = i.attributes.integers("steps");
  const auto rank = static_cast<size_t>(whole.rank());
  i.require(begins.size() == rank && ends.size() == rank && steps.size() == rank,
            [&] { return "begins, ends and steps need one entry per dimension of " + text(whole); });
  Shape out;
  for (size_t k = 0; k < rank; k++) {
    i.require(steps[k] != 0, "step 0");
    const Dim size = whole[static_cast<int>(k)];
    if (size >= 0) {
      out.push_back(resolve(begins[k], ends[k], steps[k], size).count);
    } else {
      out.push_back(kUnknown);
    }
  }
  return out;
}

Attributes slice_attributes(const Attributes& a) {
  return {{"begins", a.integers("begins")}, {"ends", a.integers("ends")}, {"steps", a.integers("steps")}};
}

CopyParams strided(const TensorType& type, const std::vector<Range>& parts, const Shape& whole, const Shape& piece,
                   bool whole_is_source) {
  CopyParams p{};
  p.element_size = static_cast<int32_t>(size_of(type.dtype));
  p.rank = piece.rank();
  const auto outer = strides_of(whole), inner = strides_of(piece);
  auto* whole_strides = whole_is_source ? p.source_strides : p.destination_strides;
  auto* piece_strides = whole_is_source ? p.destination_strides : p.source_strides;
  int64_t& offset = whole_is_source ? p.source_offset : p.destination_offset;
  for (int k = 0; k < piece.rank(); k++) {
    const auto at = static_cast<size_t>(k);
    p.dims[k] = piece[k];
    whole_strides[k] = parts[at].step * outer[at];
    piece_strides[k] = inner[at];
    offset += parts[at].begin * outer[at];
  }
  return p;
}

FillParams fill(const TensorType& type, double value) {
  FillParams p{static_cast<int32_t>(size_of(type.dtype)), type.shape.elements(), 0};
  if (value != 0) {
    const Tensor number = scalar_tensor(type.dtype, value);
    std::memcpy(&p.bits, number.data(), number.bytes());
  }
  return p;
}

void lower_slice(Lowering& l) {
  const Shape &in = l.inputs[0].shape, &out = l.outputs[0].shape;
  if (in == out) {
    bool all = true;
    for (const Range& r : ranges(l.attributes, in)) all = all && r.step == 1;
    if (all) return l.alias(0);
  }
  l.call(KernelId::copy, strided(l.inputs[0], ranges(l.attributes, in), in, out, true), {0});
}

Content slice_content(const Inference& i) {
  if (!i.contents[0].any || i.inputs[0].shape.rank() != 1) return {};
  const auto& values = i.contents[0].values;
  const Range r = resolve(i.attributes.integers("begins")[0], i.attributes.integers("ends")[0],
                          i.attributes.integers("steps")[0], static_cast<int64_t>(values.size()));
  Content out{true, {}};
  for (int64_t k = 0; k < r.count; k++) out.values.push_back(values[static_cast<size_t>(r.begin + k * r.step)]);
  return out;
}

std::vector<TensorType> infer_unslice(const Inference& i) {
  i.require(i.inputs[1].dtype == DType::i64 && i.inputs[1].shape.rank() == 1 && i.inputs[1].shape.known(),
            "the shape must be an int64 vector");
  const Shape out(i.contents[1].any ? i.contents[1].values : Dims(static_cast<size_t>(i.inputs[1].shape[0]), kUnknown));
  sliced(i, out);
  return {{i.inputs[0].dtype, out}};
}

void lower_unslice(Lowering& l) {
  const Shape& out = l.outputs[0].shape;
  l.call(KernelId::fill, fill(l.outputs[0], 0), {});
  l.call(KernelId::copy, strided(l.inputs[0], ranges(l.attributes, out), out, l.inputs[0].shape, false), {0});
}

std::vector<TensorType> infer_pad(const Inference& i) {
  Shape out = i.inputs[0].shape;
  const auto& paddings = i.attributes.integers("paddings");
  i.require(paddings.size() == 2 * static_cast<size_t>(out.rank()),
            [&] { return "paddings need a before and an after per dimension of " + text(out); });
  for (int k = 0; k < out.rank(); k++) {
    const int64_t before = paddings[2 * static_cast<size_t>(k)], after = paddings[2 * static_cast<size_t>(k) + 1];
    i.require(before >= 0 && after >= 0, [&] { return "paddings must not be negative; got " + text(Attribute(paddings)); });
    if (out[k] < 0) continue;
    const Dim padding = add_sizes(before, after);
    out[k] = padding < 0 ? kUnknown : add_sizes(out[k], padding);
    i.require(out[k] >= 0, [&] { return "the paddings " + text(Attribute(paddings)) + " overflow 64 bits"; });
  }
  return {{i.inputs[0].dtype, out}};
}

void lower_pad(Lowering& l) {
  const Shape &in = l.inputs[0].shape, &out = l.outputs[0].shape;
  if (in == out) return l.alias(0);
  std::vector<Range> parts;
  for (int k = 0; k < in.rank(); k++)
    parts.push_back({l.attributes.integers("paddings")[2 * static_cast<size_t>(k)], 1, in[k]});
  l.call(KernelId::fill, fill(l.outputs[0], l.attributes.number("value")), {});
  l.call(KernelId::copy, strided(l.inputs[0], parts, out, in, false), {0});
}

Values pad_gradient(const GradientQuery& q) {
  const auto& paddings = q.node.attributes.integers("paddings");
  std::vector<int64_t> begins, ends, steps(paddings.size() / 2, 1);
  for (size_t k = 0; k < paddings.size(); k += 2) {
    begins.push_back(paddings[k]);
    ends.push_back(paddings[k + 1] == 0 ? kNone : -paddings[k + 1]);
  }
  return {emit("slice", {q.gradients[0]}, {{"begins", begins}, {"ends", ends}, {"steps", steps}})};
}

const std::vector<std::pair<std::string, Attribute>> kSliceAttributes = {
    {"begins", std::vector<int64_t>{}}, {"ends", std::vector<int64_t>{}}, {"steps", std::vector<int64_t>{}}};

}  // namespace

std::vector<Op> slice_ops() {
  return {{.name = "slice",
           .attributes = kSliceAttributes,
           .infer = [](const Inference& i) -> std::vector<TensorType> {
             Shape out = sliced(i, i.inputs[0].shape);
             for (int k = 0; k < out.rank(); k++) {
               const auto at = static_cast<size_t>(k);
               if (takes_all(i.attributes.integers("begins")[at], i.attributes.integers("ends")[at],
                             i.attributes.integers("steps")[at]))
                 out[k] = i.inputs[0].shape[k];
             }
             return {{i.inputs[0].dtype, out}};
           },
           .gradient = [](const GradientQuery& q) -> Values {
             return {emit("unslice", {q.gradients[0], shape_of(q.input(0))}, slice_attributes(q.node.attributes))};
           },
           .lower = lower_slice,
           .content = slice_content},
          {.name = "unslice",
           .least_inputs = 2,
           .most_inputs = 2,
           .attributes = kSliceAttributes,
           .infer = infer_unslice,
           .gradient = [](const GradientQuery& q) -> Values {
             return {emit("slice", {q.gradients[0]}, slice_attributes(q.node.attributes)), nullptr};
           },
           .lower = lower_unslice},
          {.name = "pad",
           .attributes = {{"paddings", std::vector<int64_t>{}}, {"value", 0.0}},
           .infer = infer_pad,
           .gradient = pad_gradient,
           .lower = lower_pad}};
}

}  // namespace nnstack
