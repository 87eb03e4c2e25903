// normalize and its gradient, of every instruction set against the reference.
#include <cmath>

#include "kernels/support.h"

namespace nnstack_test {
namespace {

struct Arrays {  // of one pass, forward or backward
  std::vector<Array> in, out;

  std::vector<void*> operands() const {
    std::vector<void*> all;
    for (const Array& array : in) all.push_back(array.address());
    for (const Array& array : out) all.push_back(array.address());
    return all;
  }
};

NormalizeParams make(DType type, bool by_column, int64_t rows, int64_t columns) {
  return {type, by_column, rows, columns, 1e-3};
}

// x around `centre`; of the backward pass the statistics are those of x.
Arrays draw(const NormalizeParams& p, bool backward, double centre = 0.5) {
  const int64_t bytes = p.rows * p.columns * size_of(p.type), narrow = p.columns * size_of(p.type);
  Arrays forward{{random_array(p.type, p.rows * p.columns, centre - 1, centre + 1), random_array(p.type, p.columns),
                  random_array(p.type, p.columns)},
                 {Array(bytes), Array(p.statistics() * size_of(p.type)), Array(p.statistics() * size_of(p.type))}};
  if (!backward) return forward;
  run(reference_kernels(), KernelId::normalize, forward.operands(), &p, one_thread());
  return {{forward.in[0], forward.in[1], forward.out[1], forward.out[2], random_array(p.type, p.rows * p.columns)},
          {Array(bytes), Array(narrow), Array(narrow)}};
}

std::string title(const KernelTable& table, const NormalizeParams& p, bool backward) {
  return std::string(table.name) + (backward ? " backward " : " forward ") + name_of(p.type) +
         (p.by_column ? " by column " : " by row ") + text_of({p.rows, p.columns});
}

KernelId kernel(bool backward) { return backward ? KernelId::normalize_gradient : KernelId::normalize; }

void compare(const KernelTable& table, const NormalizeParams& p, bool backward, Arrays arrays, double tolerance) {
  Arrays wanted = arrays;
  ThreadPool pool(3);
  run(table, kernel(backward), arrays.operands(), &p, pool);
  run(reference_kernels(), kernel(backward), wanted.operands(), &p, one_thread());
  const double sums = backward ? std::sqrt(static_cast<double>(p.rows) + 1) : 1;  // the last two are sums over rows
  for (size_t k = 0; k < wanted.out.size(); k++) {
    check_arrays(p.type, arrays.out[k], wanted.out[k], tolerance, k == 0 ? 4 : 4 * sums,
                 title(table, p, backward) + " result " + std::to_string(k));
  }
}

void every_size(const KernelTable& table) {
  for (const auto& [rows, columns] : std::vector<std::pair<int64_t, int64_t>>{
           {0, 3}, {3, 0}, {1, 1}, {1, 7}, {7, 1}, {2, 16}, {5, 17}, {64, 65}, {65, 64}, {130, 33}, {3, 1025}, {700, 130}}) {
    for (DType type : {DType::f32, DType::f64}) {
      for (bool by_column : {false, true}) {
        for (bool backward : {false, true}) {
          const NormalizeParams p = make(type, by_column, rows, columns);
          compare(table, p, backward, draw(p, backward), type == DType::f64 ? 1e-13 : 2e-5);
        }
      }
    }
  }
}

// A mean a thousand times the spread: the textbook formula, mean of squares less square of mean, has no digit left.
void a_large_mean_costs_no_digits(const KernelTable& table) {
  for (bool by_column : {false, true}) {
    const NormalizeParams p = make(DType::f32, by_column, 300, 200);
    Arrays arrays = draw(p, false, 4096);
    Arrays wanted = arrays;
    run(table, KernelId::normalize, arrays.operands(), &p, one_thread());
    run(reference_kernels(), KernelId::normalize, wanted.operands(), &p, one_thread());
    check_arrays(DType::f32, arrays.out[2], wanted.out[2], 2e-5, 0, title(table, p, false) + " variance");
  }
}

void nan_and_infinity_flow(const KernelTable& table) {
  for (bool by_column : {false, true}) {
    const NormalizeParams p = make(DType::f32, by_column, 20, 40);
    Arrays arrays = draw(p, false);
    arrays.in[0].data<float>()[3 * 40 + 5] = NAN;
    arrays.in[0].data<float>()[7 * 40 + 9] = INFINITY;
    run(table, KernelId::normalize, arrays.operands(), &p, one_thread());
    for (int64_t row = 0; row < p.rows; row++) {
      for (int64_t column = 0; column < p.columns; column++) {
        const bool touched = by_column ? column == 5 || column == 9 : row == 3 || row == 7;
        check_equal(std::isnan(arrays.out[0].data<float>()[row * 40 + column]), touched,
                    title(table, p, false) + " at " + text_of({row, column}));
      }
    }
  }
}

void same_bits_for_any_threads(const KernelTable& table) {
  for (const auto& [rows, columns] : std::vector<std::pair<int64_t, int64_t>>{{1000, 130}, {5000, 30}, {40, 4000}}) {
    for (bool by_column : {false, true}) {
      for (bool backward : {false, true}) {
        const NormalizeParams p = make(DType::f32, by_column, rows, columns);
        const Arrays one = draw(p, backward);
        run(table, kernel(backward), one.operands(), &p, one_thread());
        for (int threads : {2, 3, 7}) {
          ThreadPool pool(threads);
          const Arrays many = one;
          run(table, kernel(backward), many.operands(), &p, pool);
          for (size_t k = 0; k < one.out.size(); k++)
            check(one.out[k] == many.out[k], title(table, p, backward) + " on " + std::to_string(threads) + " threads");
        }
      }
    }
  }
}

template <void (*test)(const KernelTable&)>
void on_each_table() {
  for (const KernelTable* table : available_cpu_kernels()) test(*table);
}

const Register kTests[] = {{"normalize every size", on_each_table<every_size>},
                           {"normalize a large mean costs no digits", on_each_table<a_large_mean_costs_no_digits>},
                           {"normalize NaN and infinity flow", on_each_table<nan_and_infinity_flow>},
                           {"normalize same bits for any threads", on_each_table<same_bits_for_any_threads>}};

}  // namespace
}  // namespace nnstack_test

int main(int count, char** arguments) { return nnstack_test::run_all(count, arguments); }
