// Convolutions in 1 to 3 spatial dimensions. x: [n, *input, channels], kernel: [*window, channels / groups, filters],
// y: [n, *output, filters]. A convolution is bilinear in x and the kernel, so it and its two transposes are each other's
// gradients, and derivatives of any order are again one of the three. A transposed convolution is convolution_input_gradient.
#include "ops/build.h"
#include "ops/lowering.h"
#include "ops/window.h"

namespace nnstack {
namespace {

// What the three have in common: the types of x, the kernel and y, of which one is the result.
struct Parts {
  Shape x, kernel, y;
};

Dim known_or(Dim a, Dim b) { return a < 0 ? b : a; }

std::string sizes(const Parts& p) {
  return "; input shape " + text(p.x) + ", kernel shape " + text(p.kernel) + ", output shape " + text(p.y);
}

constexpr const char* kDifferent[] = {"spatial dimension 0 of the output is not what the input gives",
                                      "spatial dimension 1 of the output is not what the input gives",
                                      "spatial dimension 2 of the output is not what the input gives"};

// Checks that the three agree, as far as they are known, and fills in what follows from the others.
void agree(const Inference& i, Parts& p) {
  const Windows w = windows_of(i);
  const int rank = w.rank();
  const auto has_rank = [&](const Shape& shape, const char* what) {
    i.require(shape.rank() == rank + 2, [&] {
      return std::string("expected ") + what + " of " + std::to_string(rank + 2) + " dimensions for " + std::to_string(rank) +
             " strides, got shape " + text(shape);
    });
  };
  has_rank(p.x, "an input");
  has_rank(p.kernel, "a kernel");
  has_rank(p.y, "an output");
  const int64_t groups = i.attributes.integer("groups");
  i.require(groups >= 1, [&] { return "groups must be at least 1, got " + std::to_string(groups); });
  const auto same = [&](Dim a, Dim b, const char* what) {
    i.require(a < 0 || b < 0 || a == b,
              [&] { return std::string(what) + ": " + std::to_string(a) + " and " + std::to_string(b) + sizes(p); });
    return known_or(a, b);
  };
  p.x[0] = p.y[0] = same(p.x[0], p.y[0], "batch sizes of the input and the output differ");
  const Dim channels = p.x[rank + 1], per_group = p.kernel[rank];
  if (channels >= 0 && per_group >= 0) {
    i.require(channels == checked_multiply(per_group, groups), [&] {
      return "input has " + std::to_string(channels) + " channels, kernel expects " + std::to_string(per_group * groups) +
             (groups > 1 ? " (" + std::to_string(groups) + " groups)" : "") + sizes(p);
    });
  } else if (per_group >= 0) {
    p.x[rank + 1] = per_group * groups;
  } else if (channels >= 0) {
    i.require(channels % groups == 0, [&] {
      return std::to_string(channels) + " channels cannot be split into " + std::to_string(groups) + " groups" + sizes(p);
    });
    p.kernel[rank] = channels / groups;
  }
  const Dim filters = same(p.kernel[rank + 1], p.y[rank + 1], "filters of the kernel and channels of the output differ");
  p.kernel[rank + 1] = p.y[rank + 1] = filters;
  i.require(filters < 0 || filters % groups == 0, [&] {
    return std::to_string(filters) + " filters cannot be split into " + std::to_string(groups) + " groups" + sizes(p);
  });
  for (int d = 0; d < rank; d++) {
    p.y[d + 1] = same(p.y[d + 1], places(i, w, d, p.x[d + 1], p.kernel[d]), kDifferent[d]);
  }
}

Shape unknown_shape(int rank) { return Shape(Dims(static_cast<size_t>(rank), kUnknown)); }

// A shape given as an int64 vector that may be computed in the graph.
Shape shape_value(const Inference& i, size_t input) {
  const TensorType& shape = i.inputs[input];
  i.require(shape.dtype == DType::i64 && shape.shape.rank() == 1 && shape.shape.known(),
            [&] { return "the shape must be an int64 vector, got " + text(shape); });
  if (!i.contents[input].any) return unknown_shape(static_cast<int>(shape.shape[0]));
  return Shape(i.contents[input].values);
}

void check_types(const Inference& i) {
  const DType a = i.inputs[0].dtype, b = i.inputs[1].dtype;
  i.require(a == b, [&] {
    return std::string("inputs have different dtypes: ") + name_of(a) + " and " + name_of(b) + "; cast one of them";
  });
  i.require(a == DType::f32 || a == DType::f64, [&] { return std::string("needs float32 or float64, got ") + name_of(a); });
}

std::vector<TensorType> infer_forward(const Inference& i) {
  check_types(i);
  Parts p{i.inputs[0].shape, i.inputs[1].shape, unknown_shape(i.inputs[0].shape.rank())};
  agree(i, p);
  return {{i.inputs[0].dtype, p.y}};
}
std::vector<TensorType> infer_input_gradient(const Inference& i) {
  check_types(i);
  Parts p{shape_value(i, 2), i.inputs[1].shape, i.inputs[0].shape};
  agree(i, p);
  return {{i.inputs[0].dtype, p.x}};
}
std::vector<TensorType> infer_kernel_gradient(const Inference& i) {
  check_types(i);
  Parts p{i.inputs[0].shape, shape_value(i, 2), i.inputs[1].shape};
  agree(i, p);
  return {{i.inputs[0].dtype, p.kernel}};
}

bool all_are(const int64_t (&values)[3], int64_t wanted) {
  return values[0] == wanted && values[1] == wanted && values[2] == wanted;
}
int64_t product(const int64_t (&values)[3]) { return values[0] * values[1] * values[2]; }

// Where every place is a row of a matrix of its own, or the whole input is one window, it is a matrix product.
bool is_matmul(const ConvolutionParams& c) {
  if (c.groups != 1 || !all_are(c.at.before, 0)) return false;
  if (all_are(c.at.window, 1)) return all_are(c.at.stride, 1);
  if (!all_are(c.at.output, 1) || !all_are(c.at.dilation, 1)) return false;
  return c.at.window[0] == c.at.input[0] && c.at.window[1] == c.at.input[1] && c.at.window[2] == c.at.input[2];
}

void lower_matmul(Lowering& l, const ConvolutionParams& c) {
  const int64_t rows = c.at.batch * product(c.at.output), inner = product(c.at.window) * c.channels;
  MatmulParams p{};
  p.type = c.type;
  p.batch = 1;
  switch (c.pass) {
    case ConvolutionPass::forward: p.m = rows, p.k = inner, p.n = c.filters; break;
    case ConvolutionPass::input_gradient: p.m = rows, p.k = c.filters, p.n = inner, p.transpose_b = true; break;
    case ConvolutionPass::kernel_gradient: p.m = inner, p.k = rows, p.n = c.filters, p.transpose_a = true; break;
  }
  p.a_batch_stride = p.m * p.k;
  l.call(KernelId::matmul, p, {0, 1});
}

void lower(Lowering& l, ConvolutionPass pass, const Shape& x, const Shape& kernel, const Shape& y) {
  ConvolutionParams p{};
  p.type = l.inputs[0].dtype;
  p.pass = pass;
  const Dims window(kernel.begin(), kernel.end() - 2);
  p.at = window_params(windows_of(l.attributes), x[0], spatial_of(x), window, spatial_of(y));
  p.channels = x.back();
  p.filters = y.back();
  p.groups = l.attributes.integer("groups");
  if (is_matmul(p)) return lower_matmul(l, p);
  l.call(KernelId::convolution, p, {0, 1});
}

Values forward_gradient(const GradientQuery& q) {
  const Value &x = q.input(0), &kernel = q.input(1), &dy = q.gradients[0];
  return {emit("convolution_input_gradient", {dy, kernel, shape_of(x)}, q.node.attributes),
          emit("convolution_kernel_gradient", {x, dy, shape_of(kernel)}, q.node.attributes)};
}
Values input_gradient_gradient(const GradientQuery& q) {
  const Value &dy = q.input(0), &kernel = q.input(1), &g = q.gradients[0];
  return {emit("convolution", {g, kernel}, q.node.attributes),
          emit("convolution_kernel_gradient", {g, dy, shape_of(kernel)}, q.node.attributes), nullptr};
}
Values kernel_gradient_gradient(const GradientQuery& q) {
  const Value &x = q.input(0), &dy = q.input(1), &g = q.gradients[0];
  return {emit("convolution_input_gradient", {dy, g, shape_of(x)}, q.node.attributes),
          emit("convolution", {x, g}, q.node.attributes), nullptr};
}

const std::vector<std::pair<std::string, Attribute>> kAttributes = {{"strides", std::vector<int64_t>{}},
                                                                    {"dilations", std::vector<int64_t>{}},
                                                                    {"padding", std::string("valid")},
                                                                    {"groups", int64_t{1}}};

}  // namespace

std::vector<Op> convolution_ops() {
  return {
      {.name = "convolution",
       .least_inputs = 2,
       .most_inputs = 2,
       .attributes = kAttributes,
       .infer = infer_forward,
       .gradient = forward_gradient,
       .lower =
           [](Lowering& l) { lower(l, ConvolutionPass::forward, l.inputs[0].shape, l.inputs[1].shape, l.outputs[0].shape); }},
      {.name = "convolution_input_gradient",
       .least_inputs = 3,
       .most_inputs = 3,
       .attributes = kAttributes,
       .infer = infer_input_gradient,
       .gradient = input_gradient_gradient,
       .lower =
           [](Lowering& l) {
             lower(l, ConvolutionPass::input_gradient, l.outputs[0].shape, l.inputs[1].shape, l.inputs[0].shape);
           }},
      {.name = "convolution_kernel_gradient",
       .least_inputs = 3,
       .most_inputs = 3,
       .attributes = kAttributes,
       .infer = infer_kernel_gradient,
       .gradient = kernel_gradient_gradient,
       .lower = [](Lowering& l) {
         lower(l, ConvolutionPass::kernel_gradient, l.inputs[0].shape, l.outputs[0].shape, l.inputs[1].shape);
       }}};
}

}  // namespace nnstack
