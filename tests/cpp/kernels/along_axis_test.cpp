// cumulative, sort and ctc.
#include <cmath>
#include <functional>

#include "support.h"

namespace nnstack_test {
namespace {

constexpr DType kNumbers[] = {DType::f32, DType::f64, DType::i8, DType::i16, DType::i32, DType::i64, DType::u8};

void for_each_table(const std::function<void(const KernelTable&)>& test) {
  for (const KernelTable* table : available_cpu_kernels()) test(*table);
}

void recurrences(const KernelTable& table) {
  for (const auto& [outer, n, inner] : std::vector<std::array<int64_t, 3>>{
           {1, 1, 1}, {0, 3, 1}, {3, 0, 2}, {1, 100, 1}, {9, 17, 1}, {2, 5, 3}, {3, 7, 65}, {300, 70, 5}, {2, 900, 64}}) {
    for (DType type : kNumbers) {
      for (int inputs = 0; inputs < 3; inputs++) {
        for (CumulativeOrder order : {CumulativeOrder::before, CumulativeOrder::after, CumulativeOrder::between}) {
          for (bool reverse : {false, true}) {
            const CumulativeParams p{type, inputs != 0, inputs != 1, order, reverse, outer, n, inner};
            const int64_t size = outer * n * inner;
            const Array a = random_array(type, size, -1.1, 1.1), b = random_array(type, size);
            Array found(a.bytes()), wanted(a.bytes());
            std::vector<void*> operands = {a.address(), b.address(), found.address()};
            if (inputs < 2) operands.erase(operands.begin() + 1);
            ThreadPool pool(3);
            run(table, KernelId::cumulative, operands, &p, pool);
            operands.back() = wanted.address();
            run(reference_kernels(), KernelId::cumulative, operands, &p, pool);
            // Terms of size 1 cancel, so that the error is that of their size; products keep their digits.
            check_arrays(type, found, wanted, type == DType::f32 ? 1e-6 : 1e-13, inputs == 1 ? 1e-30 : 1,
                         std::string(table.name) + " cumulative " + name_of(type) + " " + text_of({outer, n, inner}));
          }
        }
      }
    }
  }
}

void sorted_rows(const KernelTable& table) {
  for (const auto& [rows, columns] :
       std::vector<std::array<int64_t, 2>>{{1, 1}, {0, 3}, {3, 0}, {7, 5}, {4, 48}, {4, 49}, {3, 200}, {70, 300}, {2, 5000}}) {
    for (DType type : {DType::f32, DType::f64, DType::i8, DType::i16, DType::i32, DType::i64, DType::u8, DType::b8}) {
      for (int64_t count : {int64_t{0}, int64_t{1}, columns / 2, columns}) {
        if (count > columns) continue;
        for (bool descending : {false, true}) {
          const SortParams p{type, descending, rows, columns, count};
          const Array x = random_array(type, rows * columns, -1000, 1000);
          for (int64_t i = 0; type == DType::f32 && i < rows * columns; i++) {
            float& value = x.data<float>()[i];
            value = std::round(value / 10);  // ties, zeros of both signs
            if (random_integer(0, 29) == 0) value = random_integer(0, 1) ? NAN : -INFINITY;
          }
          Array values(rows * count * size_of(type)), places(rows * count * 8);
          Array wanted_values(values.bytes()), wanted_places(places.bytes());
          ThreadPool pool(3);
          run(table, KernelId::sort, {x.address(), values.address(), places.address()}, &p, pool);
          run(reference_kernels(), KernelId::sort, {x.address(), wanted_values.address(), wanted_places.address()}, &p, pool);
          const std::string what =
              std::string(table.name) + " sort " + name_of(type) + " " + text_of({rows, columns, count, descending});
          check_arrays(DType::i64, places, wanted_places, 0, 0, what);
          check(values == wanted_values, what + ": the bits of the values");
        }
      }
    }
  }
}

void paths_of_labels(const KernelTable& table) {
  for (DType type : {DType::f32, DType::f64}) {
    for (const auto& [samples, steps, classes, labels] : std::vector<std::array<int64_t, 4>>{
             {0, 3, 3, 1}, {1, 1, 1, 0}, {1, 1, 2, 1}, {3, 5, 3, 2}, {20, 7, 4, 3}, {40, 9, 5, 0}, {2, 12, 30, 5}}) {
      const CtcParams p{type, samples, steps, classes, labels};
      const Array logs = random_array(type, samples * steps * classes, -3, 0);
      Array spelled(samples * labels * 4), step_counts(samples * 4), label_counts(samples * 4);
      for (int64_t i = 0; i < samples * labels; i++)
        spelled.data<int32_t>()[i] = static_cast<int32_t>(random_integer(0, classes - 2));
      for (int64_t n = 0; n < samples; n++) {
        step_counts.data<int32_t>()[n] = static_cast<int32_t>(random_integer(n % 3 == 0 ? steps : 0, steps));
        label_counts.data<int32_t>()[n] = static_cast<int32_t>(random_integer(0, labels));
      }
      const int64_t bytes = size_of(type);
      Array loss(samples * bytes), gradient(logs.bytes()), wanted_loss(loss.bytes()), wanted_gradient(gradient.bytes());
      ThreadPool pool(3);
      const auto go = [&](const KernelTable& kernels, const Array& to, const Array& slope) {
        return run(
            kernels, KernelId::ctc,
            {logs.address(), spelled.address(), step_counts.address(), label_counts.address(), to.address(), slope.address()},
            &p, pool);
      };
      const std::string what =
          std::string(table.name) + " ctc " + name_of(type) + " " + text_of({samples, steps, classes, labels});
      check(go(table, loss, gradient) == KernelError::none, what + ": no error");
      go(reference_kernels(), wanted_loss, wanted_gradient);
      const double tolerance = type == DType::f32 ? 2e-6 : 1e-12;
      check_arrays(type, loss, wanted_loss, tolerance, 1, what + " loss");
      check_arrays(type, gradient, wanted_gradient, tolerance, 1e-2, what + " gradient");
    }
  }
  // A label that is the blank, or a length beyond its axis.
  const CtcParams p{DType::f32, 1, 2, 3, 1};
  for (const auto& [label, steps, labels] : std::vector<std::array<int32_t, 3>>{{2, 2, 1}, {-1, 2, 1}, {0, 3, 1}, {0, 2, 2}}) {
    const Array logs = random_array(DType::f32, 6, -3, 0);
    Array numbers(3 * 64), loss(4), gradient(24);
    int32_t* at = numbers.data<int32_t>();
    at[0] = label, at[16] = steps, at[32] = labels;
    const KernelError error =
        run(table, KernelId::ctc, {logs.address(), at, at + 16, at + 32, loss.address(), gradient.address()}, &p, one_thread());
    check(error == KernelError::index_out_of_range, std::string(table.name) + " ctc: out of range");
    check(std::isnan(loss.data<float>()[0]), std::string(table.name) + " ctc: no loss");
  }
}

void prefix_searches(const KernelTable& table) {
  for (DType type : {DType::f32, DType::f64}) {
    for (const auto& [samples, steps, classes, beams, paths] : std::vector<std::array<int64_t, 5>>{{0, 3, 3, 2, 1},
                                                                                                   {2, 0, 3, 2, 2},
                                                                                                   {3, 1, 1, 3, 2},
                                                                                                   {20, 6, 3, 1, 1},
                                                                                                   {9, 8, 4, 5, 3},
                                                                                                   {40, 12, 6, 20, 20},
                                                                                                   {2, 30, 3, 100, 4}}) {
      for (bool merge_repeated : {false, true}) {
        const CtcBeamsParams p{type, merge_repeated, samples, steps, classes, beams, paths};
        const Array logs = random_array(type, samples * steps * classes, -4, 0);
        Array step_counts(samples * 4);
        for (int64_t n = 0; n < samples; n++)
          step_counts.data<int32_t>()[n] = static_cast<int32_t>(random_integer(n % 2 == 0 ? steps : 0, steps));
        Array labels(samples * paths * steps * 8), scores(samples * paths * size_of(type));
        Array wanted_labels(labels.bytes()), wanted_scores(scores.bytes());
        ThreadPool pool(3);
        run(table, KernelId::ctc_beams, {logs.address(), step_counts.address(), labels.address(), scores.address()}, &p, pool);
        run(reference_kernels(), KernelId::ctc_beams,
            {logs.address(), step_counts.address(), wanted_labels.address(), wanted_scores.address()}, &p, pool);
        const std::string what =
            std::string(table.name) + " ctc_beams " + name_of(type) + " " + text_of({samples, steps, classes, beams});
        check_arrays(DType::i64, labels, wanted_labels, 0, 0, what + " labels");
        check_arrays(type, scores, wanted_scores, type == DType::f32 ? 1e-6 : 1e-12, 1, what + " scores");
      }
    }
  }
}

const Register kTests[] = {{"cumulative", [] { for_each_table(recurrences); }},
                           {"sort", [] { for_each_table(sorted_rows); }},
                           {"ctc", [] { for_each_table(paths_of_labels); }},
                           {"ctc_beams", [] { for_each_table(prefix_searches); }}};

}  // namespace
}  // namespace nnstack_test

int main(int count, char** arguments) { return nnstack_test::run_all(count, arguments); }
