// copy, fill, gather and scatter_add.
#include "kernels/support.h"

namespace nnstack_test {
namespace {

void for_each_table(void (*test)(const KernelTable&)) {
  for (const KernelTable* table : available_cpu_kernels()) test(*table);
}

int64_t elements_of(const CopyParams& p) {
  int64_t elements = 1;
  for (int i = 0; i < p.rank; i++) elements *= p.dims[i];
  return elements;
}

void compare_copy(const KernelTable& table, const CopyParams& p, int64_t source, int64_t destination, const std::string& what) {
  const Array from = random_array(DType::u8, source * p.element_size);
  Array found(destination * p.element_size), wanted(destination * p.element_size);
  ThreadPool pool(3);
  run(table, KernelId::copy, {from.address(), found.address()}, &p, pool);
  run(reference_kernels(), KernelId::copy, {from.address(), wanted.address()}, &p, pool);
  check(found == wanted && found.guards_intact(),
        std::string(table.name) + " copy " + what + ", element size " + std::to_string(p.element_size));
}

// Every order of the dimensions of some shapes.
void permutations(const KernelTable& table) {
  for (const auto& dims : std::vector<std::vector<int64_t>>{
           {1}, {0, 3}, {3, 5}, {16, 16}, {33, 65}, {700, 650}, {2, 3, 4}, {5, 17, 33}, {64, 30, 70}, {2, 3, 17, 20}}) {
    std::vector<int> order(dims.size());
    for (size_t i = 0; i < order.size(); i++) order[i] = static_cast<int>(i);
    do {
      for (int32_t element_size : {1, 2, 4, 8}) {
        CopyParams p{};
        p.element_size = element_size;
        p.rank = static_cast<int32_t>(dims.size());
        std::vector<int64_t> strides(dims.size());
        int64_t stride = 1;
        for (size_t i = dims.size(); i-- > 0; stride *= dims[i]) strides[i] = stride;
        for (size_t i = 0; i < dims.size(); i++) {
          p.dims[i] = dims[static_cast<size_t>(order[i])];
          p.source_strides[i] = strides[static_cast<size_t>(order[i])];
        }
        stride = 1;
        for (size_t i = dims.size(); i-- > 0; stride *= p.dims[i]) p.destination_strides[i] = stride;
        compare_copy(table, p, elements_of(p), elements_of(p), "transpose " + text_of(dims));
      }
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

void slices(const KernelTable& table) {
  for (int32_t size : {1, 2, 4, 8}) {
    compare_copy(table, {size, 0, {}, {}, {}, 3, 2}, 5, 5, "of one element");
    compare_copy(table, {size, 1, {300}, {-1}, {1}, 299, 0}, 300, 300, "reversed");
    compare_copy(table, {size, 1, {100}, {3}, {1}, 1, 0}, 300, 100, "with steps");
    compare_copy(table, {size, 1, {300000}, {0}, {1}, 7, 0}, 10, 300000, "one element for all");
    compare_copy(table, {size, 2, {40, 50}, {100, 1}, {50, 1}, 25, 0}, 4000, 2000, "of columns");
    compare_copy(table, {size, 2, {40, 50}, {0, 1}, {50, 1}, 0, 0}, 50, 2000, "of a row to all rows");
    compare_copy(table, {size, 2, {40, 50}, {1, 0}, {50, 1}, 0, 0}, 40, 2000, "of a column to all columns");
    compare_copy(table, {size, 3, {10, 20, 30}, {600, 30, 1}, {1200, 60, 2}, 0, 1}, 6000, 12000, "to every second element");
    compare_copy(table, {size, 2, {30, 40}, {-40, -1}, {40, 1}, 1199, 0}, 1200, 1200, "reversed in two dimensions");
    compare_copy(table, {size, 1, {600000}, {1}, {1}, 0, 0}, 600000, 600000, "of a long run");
  }
}

void fills(const KernelTable& table) {
  for (int32_t element_size : {1, 2, 4, 8}) {
    for (int64_t size : {0, 1, 3, 17, 1000, 400001}) {
      const FillParams p{element_size, size, 0x123456789abcdef0};
      Array found(size * element_size), wanted(size * element_size);
      run(table, KernelId::fill, {found.address()}, &p, one_thread());
      run(reference_kernels(), KernelId::fill, {wanted.address()}, &p, one_thread());
      check(found == wanted && found.guards_intact(), std::string(table.name) + " fill " + text_of({element_size, size}));
    }
  }
}

template <class Index>
Array random_index(int64_t count, int64_t rows) {
  Array index(count * static_cast<int64_t>(sizeof(Index)));
  for (int64_t i = 0; i < count; i++) index.data<Index>()[i] = static_cast<Index>(random_integer(0, rows - 1));
  return index;
}

void gathers(const KernelTable& table) {
  for (int64_t inner : {0, 1, 2, 3, 16, 100}) {
    for (int64_t count : {0, 1, 7, 3000}) {
      for (int32_t element_size : {1, 2, 4, 8}) {
        for (DType index_type : {DType::i32, DType::i64}) {
          for (bool wrong : {false, true}) {
            const GatherParams p{index_type, element_size, 3, 50, inner, count};
            const Array index = index_type == DType::i32 ? random_index<int32_t>(count, 50) : random_index<int64_t>(count, 50);
            if (wrong && count > 0) {
              if (index_type == DType::i32)
                index.data<int32_t>()[0] = -1, index.data<int32_t>()[count - 1] = 50;
              else
                index.data<int64_t>()[0] = -1, index.data<int64_t>()[count - 1] = int64_t{1} << 40;
            }
            const Array source = random_array(DType::u8, 3 * 50 * inner * element_size);
            Array found(3 * count * inner * element_size), wanted(found.bytes());
            ThreadPool pool(3);
            const KernelError error =
                run(table, KernelId::gather, {source.address(), index.address(), found.address()}, &p, pool);
            run(reference_kernels(), KernelId::gather, {source.address(), index.address(), wanted.address()}, &p, pool);
            const std::string what = std::string(table.name) + " gather " + text_of({count, inner, element_size});
            check(found == wanted && found.guards_intact(), what);
            const bool reported = error == KernelError::index_out_of_range;
            if (inner > 0) check_equal(reported, wrong && count > 0, what + ": error");
          }
        }
      }
    }
  }
}

void scatters(const KernelTable& table) {
  for (DType type : {DType::f32, DType::f64, DType::i8, DType::i16, DType::i32, DType::i64, DType::u8}) {
    for (const auto& [rows, inner] :
         std::vector<std::pair<int64_t, int64_t>>{{40, 1}, {40, 3}, {40, 64}, {40, 300}, {3001, 70}}) {
      for (int64_t count : {0, 1, 100, 2000}) {
        for (bool wrong : {false, true}) {
          const ScatterAddParams p{DType::i32, type, rows, inner, count};
          const Array index = random_index<int32_t>(count, rows), updates = random_array(type, count * inner);
          if (wrong && count > 0) index.data<int32_t>()[count / 2] = static_cast<int32_t>(rows);
          Array found(rows * inner * size_of(type)), wanted(found.bytes()), again(found.bytes());
          const KernelError error =
              run(table, KernelId::scatter_add, {index.address(), updates.address(), found.address()}, &p, one_thread());
          run(reference_kernels(), KernelId::scatter_add, {index.address(), updates.address(), wanted.address()}, &p,
              one_thread());
          const std::string what =
              std::string(table.name) + " scatter_add " + name_of(type) + " " + text_of({rows, count, inner});
          check_arrays(type, found, wanted, 0, 0, what);  // the same additions in the same order
          check_equal(error == KernelError::index_out_of_range, wrong && count > 0, what + ": error");
          ThreadPool pool(3);
          run(table, KernelId::scatter_add, {index.address(), updates.address(), again.address()}, &p, pool);
          check(found == again, what + ": bits with 3 threads");
        }
      }
    }
  }
}

const Register kTests[] = {{"copy permutations", [] { for_each_table(permutations); }},
                           {"copy slices", [] { for_each_table(slices); }},
                           {"fill", [] { for_each_table(fills); }},
                           {"gather", [] { for_each_table(gathers); }},
                           {"scatter_add", [] { for_each_table(scatters); }}};

}  // namespace
}  // namespace nnstack_test

int main(int count, char** arguments) { return nnstack_test::run_all(count, arguments); }
