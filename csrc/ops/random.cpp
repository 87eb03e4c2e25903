// Random numbers are a pure function of a state (int64[2] = seed and counter), the call's stream number and the element's
// index: Philox4x32-10, Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011. See base/kernel.h.
#include "ops/build.h"

namespace nnstack {
namespace {

std::vector<TensorType> infer(const Inference& i) {
  i.require(i.inputs[0] == TensorType{DType::i64, {2}},
            [&] { return "the state must be int64(2,) = (seed, counter), got " + text(i.inputs[0]); });
  i.require(i.inputs[1].dtype == DType::i64 && i.inputs[1].shape.rank() == 1,
            [&] { return "the shape must be an int64 vector, got " + text(i.inputs[1]); });
  const DType dtype = dtype_named(i.attributes.string("dtype"));
  i.require(dtype == DType::f32 || dtype == DType::f64,
            [&] { return std::string("draws float32 or float64, not ") + name_of(dtype); });
  if (i.contents[1].any) return {{dtype, Shape(i.contents[1].values)}};
  i.require(i.inputs[1].shape.known(), "the number of dimensions of the result is not known");
  return {{dtype, Shape(Dims(static_cast<size_t>(i.inputs[1].shape[0]), kUnknown))}};
}

}  // namespace

std::vector<Op> random_ops() {
  return {{.name = "random_uniform",
           .least_inputs = 2,
           .most_inputs = 2,
           .attributes = {{"dtype", std::string("float32")}, {"stream", int64_t{0}}},
           .infer = infer,
           .elementwise = ElementwiseOp::random_uniform}};
}

}  // namespace nnstack
