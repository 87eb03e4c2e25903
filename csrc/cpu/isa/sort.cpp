// Rows sorted, or the first few of each. Elements become unsigned keys of the same order, put before their column: what is
// sorted are such items, so that one sort serves all types and is stable. Short rows by insertion, long ones by radix from the
// lowest byte up, a few of many by keeping the best so far.
#include "cpu/isa/kernels.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

constexpr int64_t kInsertion = 48;   // columns up to which insertion is faster
constexpr int64_t kKeptBest = 64;    // counts up to which the best are kept in order
constexpr int64_t kMostChunks = 16;  // each needs memory for two rows
constexpr int64_t kWorthForking = 8 * 1024;

// Types of up to four bytes: key above, column below, in one word.
struct Word {
  uint64_t bits;
  static Word of(uint64_t key, int64_t column) { return {key << 32 | static_cast<uint64_t>(column)}; }
  int64_t column() const { return static_cast<int64_t>(bits & 0xffffffff); }
  static constexpr int kDigits = 4;
  uint64_t digit(int d) const { return bits >> (32 + 8 * d) & 255; }
  bool before(const Word& other) const { return bits < other.bits; }
};
struct Wide {
  uint64_t key;
  int64_t at;
  static Wide of(uint64_t key, int64_t column) { return {key, column}; }
  int64_t column() const { return at; }
  static constexpr int kDigits = 8;
  uint64_t digit(int d) const { return key >> (8 * d) & 255; }
  bool before(const Wide& other) const { return key < other.key || (key == other.key && at < other.at); }
};
template <int Bytes>
struct ItemOf {
  using type = Word;
};
template <>
struct ItemOf<8> {
  using type = Wide;
};

inline uint64_t key_of(float x) {
  uint32_t bits;
  if (x != x) return 0xffffffff;
  x += 0.0f;  // -0 becomes 0
  __builtin_memcpy(&bits, &x, sizeof bits);
  return bits >> 31 ? ~bits : bits | 0x80000000u;
}
inline uint64_t key_of(double x) {
  uint64_t bits;
  if (x != x) return ~uint64_t{0};
  x += 0.0;
  __builtin_memcpy(&bits, &x, sizeof bits);
  return bits >> 63 ? ~bits : bits | uint64_t{1} << 63;
}
inline uint64_t key_of(int64_t x) {
  return static_cast<uint64_t>(x) ^ uint64_t { 1 } << 63;
}
inline uint64_t key_of(int32_t x) { return static_cast<uint32_t>(x) ^ 0x80000000u; }
inline uint64_t key_of(int16_t x) { return key_of(static_cast<int32_t>(x)); }
inline uint64_t key_of(int8_t x) { return key_of(static_cast<int32_t>(x)); }
inline uint64_t key_of(uint8_t x) { return x; }

template <class T>
inline typename ItemOf<sizeof(T)>::type item_of(T x, int64_t column, bool descending) {
  using Item = typename ItemOf<sizeof(T)>::type;
  const uint64_t key = descending ? ~key_of(x) : key_of(x);
  return Item::of(sizeof(T) == 8 ? key : key & 0xffffffff, column);
}

template <class Item>
void insert(Item* sorted, int64_t n, Item item) {
  int64_t at = n;
  for (; at > 0 && item.before(sorted[at - 1]); at--) sorted[at] = sorted[at - 1];
  sorted[at] = item;
}

// Sorts items[n], with as many others to work in; returns where the result is.
template <class Item>
Item* radix_sort(Item* items, Item* others, int64_t n) {
  int64_t counts[Item::kDigits][256] = {};
  for (int64_t i = 0; i < n; i++)
    for (int d = 0; d < Item::kDigits; d++) counts[d][items[i].digit(d)]++;
  for (int d = 0; d < Item::kDigits; d++) {
    int64_t* count = counts[d];
    if (count[items[0].digit(d)] == n) continue;  // all the same
    int64_t total = 0;
    for (int v = 0; v < 256; v++) {
      const int64_t here = count[v];
      count[v] = total;
      total += here;
    }
    for (int64_t i = 0; i < n; i++) others[count[items[i].digit(d)]++] = items[i];
    Item* const sorted = others;
    others = items;
    items = sorted;
  }
  return items;
}

struct Job {
  const SortParams* params;
  const void* x;
  void* values;
  int64_t* columns;
  char* scratch;
  int64_t chunk;  // rows
};

template <class T>
void run_chunk(void* arg, int64_t chunk) {
  using Item = typename ItemOf<sizeof(T)>::type;
  const Job& job = *static_cast<const Job*>(arg);
  const SortParams& p = *job.params;
  Item* const items = reinterpret_cast<Item*>(job.scratch + chunk * p.columns * 2 * static_cast<int64_t>(sizeof(Item)));
  const int64_t end = smaller((chunk + 1) * job.chunk, p.rows);
  for (int64_t row = chunk * job.chunk; row < end; row++) {
    const T* x = static_cast<const T*>(job.x) + row * p.columns;
    Item* sorted = items;
    if (p.columns <= kInsertion) {
      for (int64_t j = 0; j < p.columns; j++) insert(items, j, item_of(x[j], j, p.descending));
    } else if (p.count <= kKeptBest && p.count < p.columns) {
      for (int64_t j = 0; j < p.count; j++) insert(items, j, item_of(x[j], j, p.descending));
      for (int64_t j = p.count; j < p.columns; j++) {
        const Item item = item_of(x[j], j, p.descending);
        if (item.before(items[p.count - 1])) insert(items, p.count - 1, item);
      }
    } else {
      for (int64_t j = 0; j < p.columns; j++) items[j] = item_of(x[j], j, p.descending);
      sorted = radix_sort(items, items + p.columns, p.columns);
    }
    for (int64_t k = 0; k < p.count; k++) {
      const int64_t column = sorted[k].column();
      job.columns[row * p.count + k] = column;
      static_cast<T*>(job.values)[row * p.count + k] = x[column];
    }
  }
}

int64_t chunks_of(const SortParams& p) { return p.rows * p.columns < 2 * kWorthForking ? 1 : smaller(p.rows, kMostChunks); }

template <class T>
void start(Job& job, const KernelContext& context) {
  context.parallel(context.pool, divide_up(job.params->rows, job.chunk), run_chunk<T>, &job);
}

}  // namespace

int64_t sort_scratch(const void* raw_params) {
  const SortParams& p = *static_cast<const SortParams*>(raw_params);
  const bool wide = p.type == DType::f64 || p.type == DType::i64;
  return chunks_of(p) * p.columns * 2 * static_cast<int64_t>(wide ? sizeof(Wide) : sizeof(Word));
}

void sort(void* const* operands, const void* raw_params, const KernelContext& context) {
  const SortParams& params = *static_cast<const SortParams*>(raw_params);
  if (params.rows * params.count == 0) return;
  Job job{&params,
          operands[0],
          operands[1],
          static_cast<int64_t*>(operands[2]),
          static_cast<char*>(context.scratch),
          divide_up(params.rows, chunks_of(params))};
  switch (params.type) {
    case DType::f32: return start<float>(job, context);
    case DType::f64: return start<double>(job, context);
    case DType::i8: return start<int8_t>(job, context);
    case DType::i16: return start<int16_t>(job, context);
    case DType::i32: return start<int32_t>(job, context);
    case DType::i64: return start<int64_t>(job, context);
    default: return start<uint8_t>(job, context);
  }
}

}  // namespace nnstack::NNSTACK_ISA_NAME
