// Matrix products. a: [..., m, k] (or [..., k, m] transposed), b: [k, n] or the same leading dimensions as a.
#include <algorithm>
#include <numeric>

#include "ops/build.h"
#include "ops/lowering.h"

namespace nnstack {
namespace {

std::vector<TensorType> infer(const Inference& i) {
  const TensorType &a = i.inputs[0], &b = i.inputs[1];
  const bool ta = i.attributes.flag("transpose_a"), tb = i.attributes.flag("transpose_b");
  i.require(a.dtype == b.dtype, [&] {
    return std::string("inputs have different dtypes: ") + name_of(a.dtype) + " and " + name_of(b.dtype) + "; cast one of them";
  });
  i.require(a.dtype == DType::f32 || a.dtype == DType::f64,
            [&] { return std::string("needs float32 or float64, got ") + name_of(a.dtype); });
  const int ra = a.shape.rank(), rb = b.shape.rank();
  i.require(ra >= 2 && (rb == 2 || rb == ra), [&] {
    return "expected matrices, or batches of the same rank; got shapes " + text(a.shape) + " and " + text(b.shape);
  });
  const Dim m = a.shape[ta ? ra - 1 : ra - 2], ka = a.shape[ta ? ra - 2 : ra - 1];
  const Dim kb = b.shape[tb ? rb - 1 : rb - 2], n = b.shape[tb ? rb - 2 : rb - 1];
  i.require(ka == kb || ka < 0 || kb < 0, [&] {
    return "inner dimensions differ: " + text(a.shape) + (ta ? " transposed" : "") + " times " + text(b.shape) +
           (tb ? " transposed" : "");
  });
  Shape out;
  for (int d = 0; d < ra - 2; d++) {
    const Dim x = a.shape[d], y = rb == ra ? b.shape[d] : x;
    i.require(x == y || x < 0 || y < 0, [&] { return "batch dimensions differ: " + text(a.shape) + " and " + text(b.shape); });
    out.push_back(x < 0 ? y : x);
  }
  out.push_back(m);
  out.push_back(n);
  return {{a.dtype, out}};
}

void lower(Lowering& l) {
  const Shape &a = l.inputs[0].shape, &b = l.inputs[1].shape, &c = l.outputs[0].shape;
  MatmulParams p{};
  p.type = l.inputs[0].dtype;
  p.transpose_a = l.attributes.flag("transpose_a");
  p.transpose_b = l.attributes.flag("transpose_b");
  p.batch = 1;
  p.m = c[c.rank() - 2];
  p.n = c[c.rank() - 1];
  p.k = a[p.transpose_a ? a.rank() - 2 : a.rank() - 1];
  for (int d = 0; d < c.rank() - 2; d++) p.batch *= c[d];
  if (b.rank() == 2 && !p.transpose_a) {  // one tall matrix
    p.m *= p.batch;
    p.batch = 1;
  }
  p.a_batch_stride = p.m * p.k;
  p.b_batch_stride = b.rank() == 2 ? 0 : p.k * p.n;
  l.call(KernelId::matmul, p, {0, 1});
}

Value product(const Value& a, const Value& b, bool ta, bool tb) {
  return emit("matmul", {a, b}, {{"transpose_a", ta}, {"transpose_b", tb}});
}

Value as_matrix(const Value& x) {
  if (x->type.shape.rank() == 2) return x;
  return emit("reshape", {x, constant(Dims{-1, x->type.shape.back()})});
}

Value swap_last_axes(const Value& x) {
  std::vector<int64_t> permutation(static_cast<size_t>(x->type.shape.rank()));
  std::iota(permutation.begin(), permutation.end(), int64_t{0});
  std::iter_swap(permutation.end() - 1, permutation.end() - 2);
  return emit("transpose", {x}, {{"permutation", permutation}});
}

Values gradient(const GradientQuery& q) {
  const bool ta = q.node.attributes.flag("transpose_a"), tb = q.node.attributes.flag("transpose_b");
  const Value &a = q.input(0), &b = q.input(1), &g = q.gradients[0];
  const bool shared = b->type.shape.rank() == 2 && a->type.shape.rank() > 2;  // one matrix for the whole batch
  const Value da = !ta      ? product(g, b, false, !tb)
                   : shared ? swap_last_axes(product(g, b, false, !tb))
                            : product(b, g, tb, true);
  if (shared && !ta && a->type.shape.back() >= 0 && g->type.shape.back() >= 0) {
    const Value rows = as_matrix(a), g_rows = as_matrix(g);
    return {da, tb ? product(g_rows, rows, true, false) : product(rows, g_rows, true, false)};
  }
  const Value db = tb ? product(g, a, true, ta) : product(a, g, !ta, false);
  return {da, sum_to_shape_of(db, b)};
}

}  // namespace

std::vector<Op> matmul_ops() {
  return {{.name = "matmul",
           .least_inputs = 2,
           .most_inputs = 2,
           .attributes = {{"transpose_a", false}, {"transpose_b", false}},
           .infer = infer,
           .gradient = gradient,
           .lower = lower}};
}

}  // namespace nnstack
