// The contract between plans and kernels, shared by csrc/cpu and cuda/.
//
// A kernel is a pure function of pointers, a parameter struct and a context. A plan fills the structs once per input shape;
// kernels read nothing else, keep no state, allocate nothing and never throw. Arrays are contiguous in row-major order and
// 64-byte aligned unless a field says otherwise. Outputs never overlap inputs, with one exception: an output of an
// elementwise program (also as an epilogue) may be the same array as an input of the same type that is not broadcast.
//
// No standard headers and no code that is not constexpr: nvcc and the per-instruction-set kernel files include this.
#pragma once
#include <stdint.h>

#include "base/dtype.h"

namespace nnstack {

constexpr int kMaxRank = 8;

// What went wrong inside a kernel. The runner turns it into an exception that names the layer.
enum class KernelError : int32_t { none, index_out_of_range };

struct KernelContext {
  // Runs body(arg, chunk) for every chunk in [0, chunks), on the caller and perhaps on other threads, in any order; returns
  // when all are done. Results must not depend on who ran what: borders of chunks depend on shapes alone.
  void (*parallel)(void* pool, int64_t chunks, void (*body)(void* arg, int64_t chunk), void* arg);
  void* pool;
  void* scratch;       // as many bytes as the kernel's scratch_bytes() asked for, 64-byte aligned
  KernelError* error;  // written on bad data (the first error wins); host memory on the CPU, device memory on CUDA
  void* stream;        // CUDA only: what the plug-in's make_stream() returned
};

// Inputs first, then outputs.
using KernelFunction = void (*)(void* const* operands, const void* params, const KernelContext& context);

enum class KernelId : int32_t {
  elementwise,          // ElementwiseParams
  matmul,               // MatmulParams
  reduce,               // ReduceParams
  arg_reduce,           // ArgReduceParams
  copy,                 // CopyParams
  fill,                 // FillParams
  gather,               // GatherParams
  scatter_add,          // ScatterAddParams
  softmax,              // SoftmaxParams
  convolution,          // ConvolutionParams
  pool,                 // PoolParams
  cumulative,           // CumulativeParams
  sort,                 // SortParams
  ctc,                  // CtcParams
  ctc_beams,            // CtcBeamsParams
  recurrence,           // RecurrenceParams
  recurrence_gradient,  // RecurrenceParams
  normalize,            // NormalizeParams
  normalize_gradient,   // NormalizeParams
  count,
  scan = count  // no kernel: a loop over calls of kernels, which the runtime runs
};
constexpr int kKernels = static_cast<int>(KernelId::count);

struct KernelEntry {
  KernelFunction run;
  int64_t (*scratch_bytes)(const void* params);                 // null: none needed
  const char* (*implementation)(const void* params) = nullptr;  // which of several it chooses; null: there is one
};

struct KernelTable {
  const char* name;  // "avx512", "avx2", "sse", "reference", "cuda"
  KernelEntry entries[kKernels];
};

// ---- elementwise -----------------------------------------------------------------------------------------------------
// A short straight-line program applied to every element of an iteration space of `size` elements. A slot is an operand
// (inputs, then outputs) or a temporary; every slot but a `raw` one means "one element of the iteration space".
// Each output is written by exactly one instruction and may be read by later ones.

enum class ElementwiseOp : uint8_t {
  // no operand
  random_uniform,  // [0, 1): Philox4x32-10, see below; a = slot of a raw input
  // one operand
  copy,
  cast,
  negative,
  abs,
  sign,
  square,
  reciprocal,
  sqrt,
  rsqrt,
  exp,
  expm1,
  log,
  log1p,
  sin,
  cos,
  tanh,
  sigmoid,
  softplus,
  erf,
  floor,
  ceil,
  round /* half to even */,
  relu,
  logical_not,
  is_nan,
  is_inf,
  is_finite,
  // two operands
  add,
  subtract,
  multiply,
  divide,
  floor_divide,
  modulo /* both as in Python */,
  power,
  maximum,
  minimum /* NaN wins */,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  logical_and,
  logical_or,
  logical_xor,
  // three operands
  select,  // a ? b : c, a is b8
  count
};

// Arithmetic is done in `type`. Comparisons, is_* and logical_* write b8; cast writes `result`; everything else writes
// `type`. logical_* read b8 (type = b8). Integers: wrap around; division by zero gives zero; float-only ops (exp ...) are
// never asked of integer types. f16 and bf16 appear only as source or result of cast.
struct ElementwiseInstruction {
  ElementwiseOp op;
  DType type;                    // of the operands; of b and c for select; of the result for random_uniform
  DType result;                  // of the destination
  uint8_t joins_next;            // 1: a temporary that only the next instruction reads, once; a kernel may do both in one pass
  int16_t destination, a, b, c;  // slots; -1 where there is none
  uint32_t stream;               // random_uniform only
};

// Philox4x32-10 as random_uniform uses it. The raw operand is int64[2] = {seed, counter}.
//   key     = {low32(seed), high32(seed) ^ high32(counter)}
//   counter = {low32(block), high32(block), low32(counter), stream}
// float32: element i is word i % 4 of block i / 4, value (word >> 8) * 2^-24.
// float64: element i is words w0 = 2 * (i % 2), w1 = w0 + 1 of block i / 2, value ((word1 << 32 | word0) >> 11) * 2^-53.
// i is the row-major index in the iteration space.

enum class Access : uint8_t {
  contiguous,  // element i of the iteration space is element i of the array
  scalar,      // one element for all
  broadcast,   // strides say where; some are zero
  raw          // not an element at all: the pointer itself is handed to the instruction
};

struct ElementwiseOperand {
  int64_t strides[kMaxRank];  // in elements, per dimension of the iteration space
  DType type;
  Access access;  // outputs are always contiguous
};

constexpr int kMaxElementwiseOperands = 24;
constexpr int kMaxElementwiseInstructions = 48;
constexpr int kMaxElementwiseTemporaries = 16;

struct ElementwiseParams {
  int64_t size;
  int64_t dims[kMaxRank];  // of the iteration space, merged where all operands allow it; product is size
  int32_t rank;            // 1 where nothing is broadcast
  int32_t inputs, outputs, temporaries, instructions;
  ElementwiseOperand operands[kMaxElementwiseOperands];  // inputs, then outputs; temporaries follow as slots
  ElementwiseInstruction code[kMaxElementwiseInstructions];
};
static_assert(sizeof(ElementwiseParams) < 4000, "must travel as one CUDA kernel argument");

// ---- matmul ----------------------------------------------------------------------------------------------------------
// product[i] = op(a[i]) op(b[i]) for i in [0, batch), then, where there is one, an elementwise program on the product.
// Operands: a, b, product, then the epilogue's other operands. So `operands + 2` are the epilogue's operands: its input 0
// is the product, whose iteration space is the whole batch * m * n. Sums run over k in an order that depends on
// (m, n, k) alone. Types f32 and f64.
struct MatmulParams {
  DType type;
  bool transpose_a;  // a is stored [k, m]
  bool transpose_b;  // b is stored [n, k]
  int64_t batch, m, n, k;
  int64_t a_batch_stride, b_batch_stride;  // in elements; 0: the same matrix for all
  const ElementwiseParams* epilogue;       // null: none
  bool product_is_temporary;               // only the epilogue reads the product: its memory need not be written
};

// ---- reduce ----------------------------------------------------------------------------------------------------------
enum class ReduceOp : uint8_t { sum, product, maximum, minimum };  // on b8: maximum is any, minimum is all; NaN wins
// Kept and reduced dimensions alternate (neighbours of one kind are merged, dimensions of 1 dropped). Sums are pairwise or
// in several partial sums whose borders depend on the shape alone: error grows like log(n), not n. An empty reduction gives
// 0, 1, lowest, highest of the type (infinities for floating types).
struct ReduceParams {
  ReduceOp op;
  DType type;
  int32_t rank;
  int64_t dims[kMaxRank];
  bool reduced[kMaxRank];
  double scale;  // floating sum only: multiplies the result (1 / n makes a mean)
};

// Index (int64) of the first largest or smallest along n in [outer, n, inner]; NaN counts as the extreme one.
struct ArgReduceParams {
  DType type;
  bool minimum;
  int64_t outer, n, inner;
};

// ---- moving data -----------------------------------------------------------------------------------------------------
// destination[destination_offset + i . destination_strides] = source[source_offset + i . source_strides] for every index i
// of dims: transpose, broadcast, slice, reverse (negative strides), concatenate, pad, tile. Strides in elements.
struct CopyParams {
  int32_t element_size;  // bytes: 1, 2, 4 or 8
  int32_t rank;
  int64_t dims[kMaxRank];
  int64_t source_strides[kMaxRank], destination_strides[kMaxRank];
  int64_t source_offset, destination_offset;
};

struct FillParams {  // no inputs; the first element_size bytes of `bits` into every element
  int32_t element_size;
  int64_t size;
  uint64_t bits;
};

// result[o, j, i] = source[o, index[j], i] for a source of [outer, rows, inner]; index is i32 or i64, negative or too
// large gives a row of zeros and KernelError::index_out_of_range.
struct GatherParams {
  DType index_type;
  int32_t element_size;
  int64_t outer, rows, inner, count;
};

// result[rows, inner] = 0, then result[index[j], :] += updates[j, :] in ascending j. Operands: index, updates, result.
struct ScatterAddParams {
  DType index_type;
  DType type;
  int64_t rows, inner, count;
};

// Over the last dimension of [rows, columns]; f32 and f64. `logarithm` gives log_softmax. Subtracts the maximum first.
struct SoftmaxParams {
  DType type;
  bool logarithm;
  int64_t rows, columns;
};

// Normalisation of x [rows, columns] by the mean and the variance of each row (layer normalisation) or of each column (batch
// normalisation): y = (x - mean) / sqrt(variance + epsilon) * gamma + beta, gamma and beta [columns]. The variance is the
// biased one. Statistics lose no digits to a mean that is large beside the spread; sums over rows are in parts whose borders
// depend on the shape alone.
//   normalize           x, gamma, beta -> y, mean, variance [rows] or [columns]
//   normalize_gradient  x, gamma, mean, variance, gradient of y -> gradients of x, of gamma, of beta
// Types f32 and f64. Of nothing the mean and variance are NaN, and gradients of gamma and beta zero.
struct NormalizeParams {
  DType type;
  bool by_column;
  int64_t rows, columns;
  double epsilon;

  constexpr int64_t statistics() const { return by_column ? columns : rows; }
};

// ---- windows over images ---------------------------------------------------------------------------------------------
// Three spatial dimensions everywhere; those that are missing come first, with size 1. Channels are last. Output place o
// looks at input places o * stride - before + k * dilation for k in [0, window); what lies outside of the input is zero for
// a convolution, and not there for a pool.
struct WindowParams {
  int64_t batch;
  int64_t input[3], window[3], output[3], stride[3], dilation[3], before[3];
};

// With g the group of filter f, which sees the channels c of [g * channels / groups, (g + 1) * channels / groups):
//   forward          y[n, o, f] = sum over k, c of x[n, o * stride - before + k * dilation, c] w[k, c - first of g, f]
//   input_gradient   dx[n, i, c]: the transpose of forward in x, given dy
//   kernel_gradient  dw[k, c, f]: the transpose of forward in w, given dy
// Operands: x, w, y; dy, w, dx; x, dy, dw; the third is the product, and an epilogue runs on it as on a matmul's. Each sum
// is done in an order that depends on the sizes alone. Types f32 and f64.
enum class ConvolutionPass : uint8_t { forward, input_gradient, kernel_gradient };
struct ConvolutionParams {
  DType type;
  ConvolutionPass pass;
  WindowParams at;
  int64_t channels, filters, groups;  // of the input, of the output; w is [window, channels / groups, filters]
  const ElementwiseParams* epilogue;  // null: none
  bool product_is_temporary;          // only the epilogue reads the product: its memory need not be written
};

// maximum: x, values, y: the value that stands where the window's first maximum of x is (NaN wins); x and values may be the
// same array. maximum_gradient: x, dy, dx: the transpose in values. average: x, y: over the places that are inside of the
// input. average_gradient: dy, dx: its transpose. Types f32 and f64.
enum class PoolOp : uint8_t { maximum, maximum_gradient, average, average_gradient };
struct PoolParams {
  DType type;
  PoolOp op;
  WindowParams at;  // dilation 1
  int64_t channels;
};

// ---- along one axis --------------------------------------------------------------------------------------------------
// When the element is given out, in the loop over n that keeps one number c: with a the factor and b the term at k,
//   before:  out = c,      c = a c + b
//   after:   c = a c + b,  out = c
//   between: out = c + b,  c = a out
// The derivatives of each are others of the three, so that all are differentiable any number of times.
enum class CumulativeOrder : uint8_t { before, after, between };

// The linear recurrence along n in [outer, n, inner], from the other end if `reverse`. Operands: the factors where there are
// any (otherwise all are 1), the terms where there are any (otherwise c starts at 1, not 0: a product), the result. Floating
// types keep c in double, integers wrap around.
struct CumulativeParams {
  DType type;
  bool has_factor, has_term;
  CumulativeOrder order;
  bool reverse;
  int64_t outer, n, inner;
};

// The first `count` of every row of [rows, columns], sorted. Results: values [rows, count] and their columns, int64. Stable;
// NaN is larger than everything, the two zeros are equal. Less than 2^32 columns.
struct SortParams {
  DType type;
  bool descending;
  int64_t rows, columns, count;
};

// Connectionist temporal classification (Graves et al. 2006): -log of the probability that the `steps` independent
// distributions spell the labels, repeats merged and blanks dropped; the blank is the last class.
// Operands: log probabilities [samples, steps, classes], labels [samples, labels], number of steps and of labels that count
// [samples] (all three i32); results: the loss [samples] and its gradient with respect to the log probabilities. Where no path
// spells the labels the loss is infinite and the gradient zero. A label that is no class, or a number beyond its axis, gives
// KernelError::index_out_of_range and NaN.
struct CtcParams {
  DType type;
  int64_t samples, steps, classes, labels;
};

// The most probable spellings, by a search that keeps `beams` prefixes per step. Operands: log probabilities as above, the
// number of steps that count; results: labels [samples, paths, steps], int64, -1 after the end, best first, and the logarithms
// of their probabilities [samples, paths], minus infinity where there is no further spelling. A number of steps beyond its axis
// gives KernelError::index_out_of_range.
struct CtcBeamsParams {
  DType type;
  bool merge_repeated;  // equal labels that follow each other are written once
  int64_t samples, steps, classes, beams, paths;
};

// ---- recurrence ------------------------------------------------------------------------------------------------------
// All steps of an LSTM, a GRU (the form whose reset gate comes after the product) or a simple recurrent network, given the
// projections x W + b of its inputs. A row of the batch depends on itself alone, and its bits do not depend on the others.
//   simple  h' = activation(p + h U)
//   gru     z, r = gate(p + h U + b);  q = h U + b;  g = activation(p + r q);  h' = z h + (1 - z) g      gates z, r, g
//   lstm    i, f, o = gate(p + h U);  g = activation(p + h U);  c' = f c + i g;  h' = o activation(c')   gates i, f, g, o
enum class RecurrentCell : uint8_t { simple, gru, lstm };
enum class Activation : uint8_t { linear, relu, tanh, sigmoid, hard_sigmoid /* min(max(x / 5 + 1 / 2, 0), 1) */ };

// Arrays of all steps are [batch, steps, n], or [steps, batch, n]. Where the mask is 0 a row's states stay as they are.
//   recurrence           projections [gates * units], U [units, gates * units], b [3 * units] (gru), first h [batch, units],
//                        first c (lstm), mask b8 (masked)
//                     -> h after each step [units], last h [batch, units], last c (lstm), and if it saves: h before each step
//                        [units], what the gradient needs [saved * units]
//   recurrence_gradient  U, h before each step (gru), what was saved, first c (lstm), mask (masked), gradients of h after
//                        each step, last h, last c (those given)
//                     -> gradients of the projections, of the product h U + b [3 * units] (gru; elsewhere it is the same), of
//                        the first h, of the first c (lstm)
// Types f32 and f64. Without steps the last states are the first ones.
struct RecurrenceParams {
  DType type;
  RecurrentCell cell;
  Activation activation, gate;
  bool reverse, time_major, masked, saves;
  bool given[3];
  int64_t steps, batch, units;

  constexpr int64_t gates() const { return cell == RecurrentCell::lstm ? 4 : cell == RecurrentCell::gru ? 3 : 1; }
  // simple: h; gru: z, r, g, q; lstm: i, f, g, o, c
  constexpr int64_t saved() const { return cell == RecurrentCell::lstm ? 5 : cell == RecurrentCell::gru ? 4 : 1; }
  constexpr int64_t time(int64_t step) const { return reverse ? steps - 1 - step : step; }
  constexpr int64_t at(int64_t row, int64_t t) const { return time_major ? t * batch + row : row * steps + t; }
};

}  // namespace nnstack
