#include "ops/window.h"

#include <algorithm>

namespace nnstack {
namespace {

// From the first to the last place that a window looks at; so bounded that sums with a size do not overflow.
Dim extent(const Windows& w, size_t d, Dim size) {
  if (size <= 0) return size;
  const Dim last = checked_multiply(size - 1, w.dilations[d]);
  if (last >= int64_t{1} << 61) throw ValueError("shape arithmetic overflows: a window of " + std::to_string(last) + " places");
  return last + 1;
}

}  // namespace

Windows windows_of(const Attributes& a) {
  Windows w{a.integers("strides"), {}, a.string("padding")};
  if (a.find("dilations")) w.dilations = a.integers("dilations");
  if (w.dilations.empty()) w.dilations.assign(w.strides.size(), 1);
  return w;
}

Windows windows_of(const Inference& i) {
  Windows w = windows_of(i.attributes);
  i.require(w.rank() >= 1 && w.rank() <= 3 && w.dilations.size() == w.strides.size(),
            "needs a stride and a dilation for each of 1 to 3 spatial dimensions");
  for (int64_t n : w.strides) i.require(n >= 1, [&] { return "strides must be at least 1, got " + std::to_string(n); });
  for (int64_t n : w.dilations) i.require(n >= 1, [&] { return "dilations must be at least 1, got " + std::to_string(n); });
  i.require(w.padding == "valid" || w.padding == "same" || w.padding == "causal",
            [&] { return "expected padding 'valid', 'same' or 'causal', got '" + w.padding + "'"; });
  return w;
}

Dim places(const Inference& i, const Windows& w, int d, Dim input, Dim size) {
  const auto at = static_cast<size_t>(d);
  if (input < 0) return kUnknown;
  const int64_t stride = w.strides[at];
  if (w.padding != "valid") return input / stride + (input % stride != 0);
  if (size < 0) return kUnknown;
  const Dim length = extent(w, at, size);
  i.require(length - 1 <= input, [&] {
    return "a window of " + std::to_string(length) + " places does not fit into spatial dimension " + std::to_string(d) +
           " of size " + std::to_string(input) + "; use padding='same', a smaller window or less dilation";
  });
  return length > input ? 0 : (input - length) / stride + 1;
}

WindowParams window_params(const Windows& w, int64_t batch, const Dims& input, const Dims& size, const Dims& output) {
  WindowParams p{};
  p.batch = batch;
  for (int k = 0; k < 3; k++) p.input[k] = p.window[k] = p.output[k] = p.stride[k] = p.dilation[k] = 1;
  for (size_t d = 0; d < w.strides.size(); d++) {
    const size_t at = 3 - w.strides.size() + d;
    p.input[at] = input[d];
    p.window[at] = size[d];
    p.output[at] = output[d];
    p.stride[at] = w.strides[d];
    p.dilation[at] = w.dilations[d];
    const Dim length = extent(w, d, size[d]);
    const Dim missing = std::max<Dim>((output[d] - 1) * w.strides[d] + length - input[d], 0);
    p.before[at] = w.padding == "same" ? missing / 2 : w.padding == "causal" ? std::max<Dim>(length - 1, 0) : 0;
  }
  return p;
}

}  // namespace nnstack
