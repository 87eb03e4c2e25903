// cumulative, sort and ctc.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <tuple>
#include <type_traits>
#include <vector>

#include "cpu/reference/reference.h"

namespace nnstack::reference {
namespace {

template <class T>
void cumulative_typed(const T* factors, const T* terms, T* out, const CumulativeParams& p) {
  using Carry = std::conditional_t<std::is_floating_point_v<T>, typename WideOf<T>::type, uint64_t>;
  for (int64_t line = 0; line < p.outer * p.inner; line++) {
    Carry carry = terms != nullptr ? 0 : 1;
    for (int64_t k = 0; k < p.n; k++) {
      const int64_t step = p.reverse ? p.n - 1 - k : k;
      const int64_t at = (line / p.inner * p.n + step) * p.inner + line % p.inner;
      const Carry a = factors != nullptr ? static_cast<Carry>(factors[at]) : Carry(1);
      const Carry b = terms != nullptr ? static_cast<Carry>(terms[at]) : Carry(0);
      if (p.order == CumulativeOrder::before) out[at] = static_cast<T>(carry);
      if (p.order == CumulativeOrder::between) {
        carry += b;
        out[at] = static_cast<T>(carry);
        carry *= a;
      } else {
        carry = a * carry + b;
      }
      if (p.order == CumulativeOrder::after) out[at] = static_cast<T>(carry);
    }
  }
}

// The sum over all paths: each is walked to its end. States are (step, position in the labels, class before).
class Paths {
 public:
  Paths(std::function<double(int64_t, int64_t)> probability, std::vector<int32_t> labels, int64_t steps, int64_t blank)
      : probability_(std::move(probability)), labels_(std::move(labels)), steps_(steps), blank_(blank) {}

  // Probability of spelling labels[spelled:] from `step` on after the class `before`.
  double from(int64_t step, int64_t spelled, int64_t before) {
    const int64_t count = static_cast<int64_t>(labels_.size());
    if (step == steps_) return spelled == count ? 1 : 0;
    const auto [at, is_new] = known_.try_emplace({step, spelled, before}, 0);
    if (!is_new) return at->second;
    double total = probability_(step, blank_) * from(step + 1, spelled, blank_);
    if (before != blank_ && before >= 0) total += probability_(step, before) * from(step + 1, spelled, before);
    if (spelled < count && labels_[static_cast<size_t>(spelled)] != before) {
      const int64_t next = labels_[static_cast<size_t>(spelled)];
      total += probability_(step, next) * from(step + 1, spelled + 1, next);
    }
    return known_[{step, spelled, before}] = total;
  }

 private:
  std::function<double(int64_t, int64_t)> probability_;
  std::vector<int32_t> labels_;
  int64_t steps_, blank_;
  std::map<std::tuple<int64_t, int64_t, int64_t>, double> known_;
};

// Probabilities instead of logarithms, and as the gradient for one class of one step the share of what remains when all
// others of that step are impossible: right for short sequences, and written without any of the kernel's recursions.
template <class T>
void ctc_sample(const T* y, const std::vector<int32_t>& labels, int64_t steps, T& loss, T* gradient, const CtcParams& p) {
  const auto given = [&](int64_t t, int64_t c) { return std::exp(static_cast<double>(y[t * p.classes + c])); };
  const double total = Paths(given, labels, steps, p.classes - 1).from(0, 0, -1);
  loss = static_cast<T>(-std::log(total));
  for (int64_t t = 0; t < steps && total > 0; t++) {
    for (int64_t c = 0; c < p.classes; c++) {
      const auto only = [&](int64_t step, int64_t k) { return step == t && k != c ? 0 : given(step, k); };
      gradient[t * p.classes + c] = static_cast<T>(-Paths(only, labels, steps, p.classes - 1).from(0, 0, -1) / total);
    }
  }
}

using Prefix = std::vector<int64_t>;
struct Ends {
  double blank = 0, label = 0;  // probabilities of the paths that spell a prefix
  double total() const { return blank + label; }
};

// All prefixes of one step in a map; then the best ones of it.
std::vector<std::pair<Prefix, Ends>> best_prefixes(const std::function<double(int64_t, int64_t)>& probability, int64_t steps,
                                                   const CtcBeamsParams& p) {
  std::vector<std::pair<Prefix, Ends>> beams = {{{}, {1, 0}}};
  for (int64_t t = 0; t < steps; t++) {
    std::map<Prefix, Ends> next;
    for (const auto& [prefix, ends] : beams) {
      next[prefix].blank += ends.total() * probability(t, p.classes - 1);
      for (int64_t c = 0; c < p.classes - 1; c++) {
        const bool again = !prefix.empty() && prefix.back() == c;
        if (again) next[prefix].label += ends.label * probability(t, c);
        Prefix longer = prefix;
        longer.push_back(c);
        next[longer].label += (again ? ends.blank : ends.total()) * probability(t, c);
      }
    }
    std::erase_if(next, [](const auto& entry) { return !(entry.second.total() > 0); });
    beams.assign(next.begin(), next.end());
    std::stable_sort(beams.begin(), beams.end(),
                     [](const auto& a, const auto& b) { return a.second.total() > b.second.total(); });
    if (beams.size() > static_cast<size_t>(p.beams)) beams.resize(static_cast<size_t>(p.beams));
  }
  return beams;
}

}  // namespace

void cumulative(void* const* operands, const void* raw_params, const KernelContext&) {
  const CumulativeParams& p = *static_cast<const CumulativeParams*>(raw_params);
  with_type(p.type, [&](auto zero) {
    using T = decltype(zero);
    int next = 0;
    const T* factors = p.has_factor ? static_cast<const T*>(operands[next++]) : nullptr;
    const T* terms = p.has_term ? static_cast<const T*>(operands[next++]) : nullptr;
    cumulative_typed(factors, terms, static_cast<T*>(operands[next]), p);
  });
}

void sort(void* const* operands, const void* raw_params, const KernelContext&) {
  const SortParams& p = *static_cast<const SortParams*>(raw_params);
  with_type(p.type, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t row = 0; row < p.rows; row++) {
      const T* x = static_cast<const T*>(operands[0]) + row * p.columns;
      std::vector<int64_t> order(static_cast<size_t>(p.columns));
      std::iota(order.begin(), order.end(), 0);
      const auto less = [&](T a, T b) { return a == a && (b != b || a < b); };
      std::stable_sort(order.begin(), order.end(),
                       [&](int64_t a, int64_t b) { return p.descending ? less(x[b], x[a]) : less(x[a], x[b]); });
      for (int64_t k = 0; k < p.count; k++) {
        static_cast<T*>(operands[1])[row * p.count + k] = x[order[static_cast<size_t>(k)]];
        static_cast<int64_t*>(operands[2])[row * p.count + k] = order[static_cast<size_t>(k)];
      }
    }
  });
}

void ctc(void* const* operands, const void* raw_params, const KernelContext& context) {
  const CtcParams& p = *static_cast<const CtcParams*>(raw_params);
  const auto numbers = [operands](int i) { return static_cast<const int32_t*>(operands[i]); };
  const auto run = [&](auto zero) {
    using T = decltype(zero);
    for (int64_t n = 0; n < p.samples; n++) {
      T& loss = static_cast<T*>(operands[4])[n];
      T* gradient = static_cast<T*>(operands[5]) + n * p.steps * p.classes;
      std::fill(gradient, gradient + p.steps * p.classes, T(0));
      const int64_t steps = numbers(2)[n], count = numbers(3)[n];
      bool good = steps >= 0 && steps <= p.steps && count >= 0 && count <= p.labels;
      const int32_t* first = numbers(1) + n * p.labels;
      good = good && std::all_of(first, first + count, [&](int32_t label) { return label >= 0 && label < p.classes - 1; });
      if (good) {
        ctc_sample(static_cast<const T*>(operands[0]) + n * p.steps * p.classes, {first, first + count}, steps, loss, gradient,
                   p);
      } else {
        *context.error = KernelError::index_out_of_range;
        loss = std::numeric_limits<T>::quiet_NaN();
      }
    }
  };
  p.type == DType::f64 ? run(double{}) : run(float{});
}

void ctc_beams(void* const* operands, const void* raw_params, const KernelContext& context) {
  const CtcBeamsParams& p = *static_cast<const CtcBeamsParams*>(raw_params);
  const auto run = [&](auto zero) {
    using T = decltype(zero);
    for (int64_t n = 0; n < p.samples; n++) {
      const T* y = static_cast<const T*>(operands[0]) + n * p.steps * p.classes;
      int64_t* labels = static_cast<int64_t*>(operands[2]) + n * p.paths * p.steps;
      T* scores = static_cast<T*>(operands[3]) + n * p.paths;
      std::fill(labels, labels + p.paths * p.steps, -1);
      int64_t steps = static_cast<const int32_t*>(operands[1])[n];
      if (steps < 0 || steps > p.steps) {
        *context.error = KernelError::index_out_of_range;
        steps = 0;
      }
      const auto beams =
          best_prefixes([&](int64_t t, int64_t c) { return std::exp(static_cast<double>(y[t * p.classes + c])); }, steps, p);
      for (size_t path = 0; path < static_cast<size_t>(p.paths); path++) {
        const bool exists = path < beams.size();
        scores[path] = exists ? static_cast<T>(std::log(beams[path].second.total())) : -std::numeric_limits<T>::infinity();
        if (!exists) continue;
        int64_t* to = labels + static_cast<int64_t>(path) * p.steps;
        const Prefix& prefix = beams[path].first;
        for (size_t k = 0; k < prefix.size(); k++)
          if (!p.merge_repeated || k == 0 || prefix[k] != prefix[k - 1]) *to++ = prefix[k];
      }
    }
  };
  p.type == DType::f64 ? run(double{}) : run(float{});
}

}  // namespace nnstack::reference
