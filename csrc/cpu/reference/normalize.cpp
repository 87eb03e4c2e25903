// Layer and batch normalisation: see base/kernel.h.
#include <cmath>
#include <vector>

#include "cpu/reference/reference.h"

namespace nnstack::reference {
namespace {

// The statistic and the number of elements that element (row, column) belongs to.
struct Groups {
  explicit Groups(const NormalizeParams& p)
      : count(p.statistics()), size(p.by_column ? p.rows : p.columns), by_column(p.by_column) {}
  size_t of(int64_t row, int64_t column) const { return static_cast<size_t>(by_column ? column : row); }

  int64_t count, size;
  bool by_column;
};

template <class Function>  // function(position, row, column)
void each_element(const NormalizeParams& p, Function function) {
  for (int64_t row = 0; row < p.rows; row++)
    for (int64_t column = 0; column < p.columns; column++) function(row * p.columns + column, row, column);
}

template <class T>
void forward(void* const* operands, const NormalizeParams& p) {
  using Wide = typename WideOf<T>::type;
  const Groups groups(p);
  const T *x = static_cast<const T*>(operands[0]), *gamma = static_cast<const T*>(operands[1]);
  const T* beta = static_cast<const T*>(operands[2]);
  std::vector<Wide> mean(static_cast<size_t>(groups.count)), variance(mean.size());
  each_element(p, [&](int64_t at, int64_t row, int64_t column) { mean[groups.of(row, column)] += x[at]; });
  for (Wide& m : mean) m /= static_cast<Wide>(groups.size);
  each_element(p, [&](int64_t at, int64_t row, int64_t column) {
    const Wide d = x[at] - mean[groups.of(row, column)];
    variance[groups.of(row, column)] += d * d;
  });
  for (Wide& v : variance) v /= static_cast<Wide>(groups.size);
  each_element(p, [&](int64_t at, int64_t row, int64_t column) {
    const size_t group = groups.of(row, column);
    const Wide normal = (x[at] - mean[group]) / std::sqrt(variance[group] + static_cast<Wide>(p.epsilon));
    static_cast<T*>(operands[3])[at] = static_cast<T>(normal * gamma[column] + beta[column]);
  });
  for (size_t i = 0; i < mean.size(); i++) {
    static_cast<T*>(operands[4])[i] = static_cast<T>(mean[i]);
    static_cast<T*>(operands[5])[i] = static_cast<T>(variance[i]);
  }
}

template <class T>
void backward(void* const* operands, const NormalizeParams& p) {
  using Wide = typename WideOf<T>::type;
  const Groups groups(p);
  const T *x = static_cast<const T*>(operands[0]), *gamma = static_cast<const T*>(operands[1]);
  const T *mean = static_cast<const T*>(operands[2]), *variance = static_cast<const T*>(operands[3]);
  const T* dy = static_cast<const T*>(operands[4]);
  const auto scale = [&](size_t group) { return 1 / std::sqrt(Wide{variance[group]} + static_cast<Wide>(p.epsilon)); };
  const auto normal = [&](int64_t at, size_t group) { return (Wide{x[at]} - mean[group]) * scale(group); };
  std::vector<Wide> sum(static_cast<size_t>(groups.count)), product(sum.size());
  std::vector<Wide> of_gamma(static_cast<size_t>(p.columns)), of_beta(of_gamma.size());
  each_element(p, [&](int64_t at, int64_t row, int64_t column) {
    const size_t group = groups.of(row, column), j = static_cast<size_t>(column);
    const Wide g = Wide{dy[at]} * gamma[column];
    sum[group] += g / static_cast<Wide>(groups.size);
    product[group] += g * normal(at, group) / static_cast<Wide>(groups.size);
    of_gamma[j] += dy[at] * normal(at, group);
    of_beta[j] += dy[at];
  });
  each_element(p, [&](int64_t at, int64_t row, int64_t column) {
    const size_t group = groups.of(row, column);
    const Wide g = Wide{dy[at]} * gamma[column];
    static_cast<T*>(operands[5])[at] = static_cast<T>((g - sum[group] - normal(at, group) * product[group]) * scale(group));
  });
  for (size_t j = 0; j < of_gamma.size(); j++) {
    static_cast<T*>(operands[6])[j] = static_cast<T>(of_gamma[j]);
    static_cast<T*>(operands[7])[j] = static_cast<T>(of_beta[j]);
  }
}

}  // namespace

void normalize(void* const* operands, const void* raw_params, const KernelContext&) {
  const NormalizeParams& p = *static_cast<const NormalizeParams*>(raw_params);
  p.type == DType::f64 ? forward<double>(operands, p) : forward<float>(operands, p);
}

void normalize_gradient(void* const* operands, const void* raw_params, const KernelContext&) {
  const NormalizeParams& p = *static_cast<const NormalizeParams*>(raw_params);
  p.type == DType::f64 ? backward<double>(operands, p) : backward<float>(operands, p);
}

}  // namespace nnstack::reference
