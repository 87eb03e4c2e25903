// Layer and batch normalisation. Sums over rows or columns are kept in double, by teams of threads (device/lanes.h) that take
// a segment each; a second launch adds the segments up in their order, a third one writes what has the size of x. The
// statistics are sums of distances from each group's first element, so that a large mean costs no digits.
#include "cuda/device/indexing.h"
#include "cuda/device/lanes.h"
#include "cuda/device/nn_cuda.h"
#include "cuda/kernels/kernels.h"
#include "cuda/runtime/launch.h"

namespace nnstack::cuda {
namespace {

struct Plus {
  __device__ double operator()(double a, double b) const { return a + b; }
};

// One pair of sums for every column, or for every row.
struct Sums {
  bool by_column;
  int64_t outputs, length, columns;
  Teams teams;
  int64_t segments, segment;

  __device__ int64_t place(int64_t output, int64_t i) const { return by_column ? i * columns + output : output * columns + i; }
};

Sums sums_of(const NormalizeParams& p, bool by_column) {
  Sums sums = {by_column, by_column ? p.columns : p.rows, by_column ? p.rows : p.columns, p.columns, {}, 1, 0};
  int32_t lanes = lanes_for((sums.length + 3) / 4);
  if (by_column) lanes = std::min(lanes, kTeamThreads / std::min(lanes_for(sums.outputs), 32));
  sums.teams = {lanes, !by_column};
  int64_t groups = (sums.outputs + kTeamThreads / lanes - 1) / (kTeamThreads / lanes);
  int64_t per_lane = (sums.length + lanes - 1) / lanes;
  if (groups > 0) sums.segments = std::max<int64_t>(1, std::min(per_lane / 32, 1024 / groups));
  sums.segment = (sums.length + sums.segments - 1) / sums.segments;
  return sums;
}

int64_t doubles_of(const Sums& sums) { return 2 * sums.outputs * (sums.segments + 1); }  // segments, then totals

struct Pair {
  double first, second;
};

template <class T>
struct Given {  // what the terms of sums and the last launch look at
  const T *x, *gamma, *beta, *mean, *variance, *dy;
  int64_t columns;
  double epsilon;
  bool by_column;

  __device__ int64_t group(int64_t at) const { return by_column ? at % columns : at / columns; }
  __device__ double scale(int64_t group) const { return 1.0 / ::sqrt(static_cast<double>(variance[group]) + epsilon); }
  __device__ double normal(int64_t at) const {
    return (static_cast<double>(x[at]) - static_cast<double>(mean[group(at)])) * scale(group(at));
  }
  __device__ double scaled(int64_t at) const { return static_cast<double>(dy[at]) * static_cast<double>(gamma[at % columns]); }
};

template <class T>
struct Spread {  // distances from the first element of the group, and their squares
  __device__ Pair operator()(const Given<T>& given, int64_t at, int64_t first) const {
    double d = static_cast<double>(given.x[at]) - static_cast<double>(given.x[first]);
    return {d, d * d};
  }
};
template <class T>
struct OfWeights {
  __device__ Pair operator()(const Given<T>& given, int64_t at, int64_t) const {
    double d = static_cast<double>(given.dy[at]);
    return {d * given.normal(at), d};
  }
};
template <class T>
struct OfGroups {
  __device__ Pair operator()(const Given<T>& given, int64_t at, int64_t) const {
    return {given.scaled(at) * given.normal(at), given.scaled(at)};
  }
};

template <class T, class Term>
__global__ void __launch_bounds__(kTeamThreads)
    add_segments(const __grid_constant__ Sums sums, const __grid_constant__ Given<T> given, double* result) {
  Term term;
  const Teams& teams = sums.teams;
  int64_t items = (sums.outputs + teams.outputs() - 1) / teams.outputs() * sums.segments;
  for (int64_t item = blockIdx.x; item < items; item += gridDim.x) {
    int64_t output = item / sums.segments * teams.outputs() + teams.output();
    int64_t part = item % sums.segments;
    Pair sum = {0, 0};
    if (output < sums.outputs) {
      int64_t end = (part + 1) * sums.segment < sums.length ? (part + 1) * sums.segment : sums.length;
      for (int64_t i = part * sums.segment + teams.lane(); i < end; i += teams.lanes) {
        Pair more = term(given, sums.place(output, i), sums.place(output, 0));
        sum.first += more.first;
        sum.second += more.second;
      }
    }
    sum.first = team_reduce(teams, sum.first, Plus());
    sum.second = team_reduce(teams, sum.second, Plus());
    if (teams.lane() == 0 && output < sums.outputs) {
      result[2 * (output * sums.segments + part)] = sum.first;
      result[2 * (output * sums.segments + part) + 1] = sum.second;
    }
  }
}

template <class T>
__global__ void __launch_bounds__(kThreads)
    add_up(int64_t outputs, int64_t segments, const double* parts, double* totals, T* first, T* second) {
  for (int64_t i = first_item(); i < outputs; i += item_step()) {
    Pair sum = {0, 0};
    for (int64_t part = 0; part < segments; ++part) {
      sum.first += parts[2 * (i * segments + part)];
      sum.second += parts[2 * (i * segments + part) + 1];
    }
    totals[2 * i] = sum.first;
    totals[2 * i + 1] = sum.second;
    if (first != nullptr) first[i] = static_cast<T>(sum.first);
    if (second != nullptr) second[i] = static_cast<T>(sum.second);
  }
}

template <class T>
__global__ void __launch_bounds__(kThreads)
    statistics(const __grid_constant__ Sums sums, const T* x, const double* totals, T* mean, T* variance) {
  for (int64_t i = first_item(); i < sums.outputs; i += item_step()) {
    double count = static_cast<double>(sums.length), distance = totals[2 * i] / count;
    double spread = totals[2 * i + 1] / count - distance * distance;
    mean[i] = static_cast<T>(sums.length > 0 ? static_cast<double>(x[sums.place(i, 0)]) + distance : distance);
    variance[i] = static_cast<T>(spread < 0 ? 0.0 : spread);
  }
}

template <class T>
__global__ void __launch_bounds__(kThreads) forward(int64_t size, const __grid_constant__ Given<T> given, T* y) {
  for (int64_t i = first_item(); i < size; i += item_step()) {
    int64_t column = i % given.columns;
    y[i] = static_cast<T>(given.normal(i) * static_cast<double>(given.gamma[column]) + static_cast<double>(given.beta[column]));
  }
}

template <class T>
__global__ void __launch_bounds__(kThreads)
    backward(int64_t size, int64_t length, const __grid_constant__ Given<T> given, const double* totals, T* dx) {
  for (int64_t i = first_item(); i < size; i += item_step()) {
    int64_t group = given.group(i);
    double product = totals[2 * group], sum = totals[2 * group + 1];
    if (given.by_column) {  // sums of dy so far
      product *= static_cast<double>(given.gamma[group]);
      sum *= static_cast<double>(given.gamma[group]);
    }
    double count = static_cast<double>(length);
    dx[i] = static_cast<T>((given.scaled(i) - sum / count - given.normal(i) * product / count) * given.scale(group));
  }
}

// The sums of a term; first and second, if they are not null, get them in T. Gives the totals.
template <class T, class Term>
const double* total(const KernelContext& context, const Sums& sums, const Given<T>& given, T* first, T* second) {
  auto parts = static_cast<double*>(context.scratch);
  double* totals = parts + 2 * sums.outputs * sums.segments;
  int64_t outputs = kTeamThreads / sums.teams.lanes;
  int64_t items = (sums.outputs + outputs - 1) / outputs * sums.segments;
  launch_on(context, add_segments<T, Term>, blocks(grid_for(context, items, 1)), kTeamThreads, sums, given, parts);
  launch_on(context, add_up<T>, blocks(grid_for(context, sums.outputs, kThreads)), kThreads, sums.outputs, sums.segments, parts,
            totals, first, second);
  return totals;
}

template <class T>
void run_forward(void* const* operands, const NormalizeParams& p, const KernelContext& context) {
  auto at = [&](int i) { return static_cast<T*>(operands[i]); };
  Given<T> given = {at(0), at(1), at(2), at(4), at(5), nullptr, p.columns, p.epsilon, p.by_column};
  Sums sums = sums_of(p, p.by_column);
  if (sums.outputs == 0) return;
  T* none = nullptr;
  const double* totals = total<T, Spread<T>>(context, sums, given, none, none);
  launch_on(context, statistics<T>, blocks(grid_for(context, sums.outputs, kThreads)), kThreads, sums, at(0), totals, at(4),
            at(5));
  int64_t size = p.rows * p.columns;
  if (size > 0) launch_on(context, forward<T>, blocks(grid_for(context, size, kThreads)), kThreads, size, given, at(3));
}

template <class T>
void run_backward(void* const* operands, const NormalizeParams& p, const KernelContext& context) {
  auto at = [&](int i) { return static_cast<T*>(operands[i]); };
  Given<T> given = {at(0), at(1), nullptr, at(2), at(3), at(4), p.columns, p.epsilon, p.by_column};
  if (p.columns == 0) return;
  const double* totals = total<T, OfWeights<T>>(context, sums_of(p, true), given, at(6), at(7));
  int64_t size = p.rows * p.columns;
  if (size == 0) return;
  T* none = nullptr;
  if (!p.by_column) totals = total<T, OfGroups<T>>(context, sums_of(p, false), given, none, none);
  launch_on(context, backward<T>, blocks(grid_for(context, size, kThreads)), kThreads, size, p.by_column ? p.rows : p.columns,
            given, totals, at(5));
}

}  // namespace

void run_normalize(void* const* operands, const void* params, const KernelContext& context) {
  const auto& p = *static_cast<const NormalizeParams*>(params);
  p.type == DType::f64 ? run_forward<double>(operands, p, context) : run_forward<float>(operands, p, context);
}

void run_normalize_gradient(void* const* operands, const void* params, const KernelContext& context) {
  const auto& p = *static_cast<const NormalizeParams*>(params);
  p.type == DType::f64 ? run_backward<double>(operands, p, context) : run_backward<float>(operands, p, context);
}

int64_t normalize_scratch(const void* params) {
  const auto& p = *static_cast<const NormalizeParams*>(params);
  return std::max(doubles_of(sums_of(p, true)), doubles_of(sums_of(p, false))) * static_cast<int64_t>(sizeof(double));
}

}  // namespace nnstack::cuda
