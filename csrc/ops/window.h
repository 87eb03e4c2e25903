// What convolutions and pools share: windows of some size, stride, dilation and padding over 1 to 3 spatial dimensions.
#pragma once
#include "graph/op.h"

namespace nnstack {

// The attributes "strides", "dilations" (where there are any) and "padding" of a node, one entry per spatial dimension.
struct Windows {
  std::vector<int64_t> strides, dilations;
  std::string padding;

  int rank() const { return static_cast<int>(strides.size()); }
};

Windows windows_of(const Inference& i);            // checks them
Windows windows_of(const Attributes& attributes);  // checked before

// Places along dimension d for a window of `size` over `input`; unknown where one of them is. ValueError where the window is
// larger than the input. 'same': ceil(input / stride); 'valid': whole windows alone; 'causal': 'same', all padding before.
Dim places(const Inference& i, const Windows& w, int d, Dim input, Dim size);

// On known sizes, [spatial] each.
WindowParams window_params(const Windows& w, int64_t batch, const Dims& input, const Dims& size, const Dims& output);

// The spatial dimensions of [batch, *spatial, channels].
inline Dims spatial_of(const Shape& shape) { return Dims(shape.begin() + 1, shape.end() - 1); }

}  // namespace nnstack
