// Short names to write gradient rules and compositions with.
#pragma once
#include "graph/op.h"

namespace nnstack {

inline Value operator+(const Value& a, const Value& b) { return emit("add", {a, b}); }
inline Value operator-(const Value& a, const Value& b) { return emit("subtract", {a, b}); }
inline Value operator*(const Value& a, const Value& b) { return emit("multiply", {a, b}); }
inline Value operator/(const Value& a, const Value& b) { return emit("divide", {a, b}); }
inline Value operator-(const Value& a) { return emit("negative", {a}); }

inline Value scalar_like(const Value& a, double value) { return constant(a->type.dtype, value); }
inline Value shape_of(const Value& a) { return emit("shape_of", {a}); }
inline Value select(const Value& condition, const Value& a, const Value& b) { return emit("select", {condition, a, b}); }
inline Value cast(const Value& a, DType dtype) {
  return a->type.dtype == dtype ? a : emit("cast", {a}, {{"dtype", std::string(name_of(dtype))}});
}
// x in the shape of `like`: shapes that agree when the graph is made cost nothing.
inline Value sum_to_shape_of(const Value& x, const Value& like) {
  if (x->type.shape == like->type.shape && x->type.shape.known()) return x;
  return emit("sum_to", {x, shape_of(like)});
}
inline Value broadcast_to_shape_of(const Value& x, const Value& like) {
  if (x->type.shape == like->type.shape && x->type.shape.known()) return x;
  return emit("broadcast_to", {x, shape_of(like)});
}
inline Value reshape_to_shape_of(const Value& x, const Value& like) { return emit("reshape", {x, shape_of(like)}); }

// For the rules of ops that a composition stands for. Output `index` of the node, also where nobody has used it yet:
inline Value own_output(const GradientQuery& q, size_t index, const TensorType& type) {
  if (index < q.outputs.size() && q.outputs[index]) return q.outputs[index];
  auto value = std::make_shared<ValueData>();
  for (const Value& other : q.outputs)
    if (other) value->node = other->node;
  value->index = static_cast<int>(index);
  value->type = type;
  return value;
}
// Stand-ins for values, so that the gradient of a composition ends at them.
inline Values identities(const Values& of) {
  Values copies;
  for (const Value& value : of) copies.push_back(emit("identity", {value}));
  return copies;
}

// Arithmetic on what is known of sizes. Where a result does not fit it is no size: it is left unknown, and the kernels'
// wrapping around decides.
inline bool holds_sizes(const TensorType& type) {
  return (type.dtype == DType::i64 || type.dtype == DType::i32) && type.shape.rank() <= 1;
}
inline Dim as_size(Dim value, DType dtype) { return dtype == DType::i32 && value > INT32_MAX ? kUnknown : value; }
inline Dim add_sizes(Dim a, Dim b) {
  Dim sum;
  return __builtin_add_overflow(a, b, &sum) ? kUnknown : sum;
}
inline Dim multiply_sizes(Dim a, Dim b) {
  Dim product;
  return __builtin_mul_overflow(a, b, &product) ? kUnknown : product;
}

// The shape two shapes broadcast to, as numpy has it; unknown where it cannot be told yet.
Shape broadcast_shapes(const Inference& inference, const Shape& a, const Shape& b);

}  // namespace nnstack
