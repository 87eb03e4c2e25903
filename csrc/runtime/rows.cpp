#include "runtime/rows.h"

#include <algorithm>
#include <cstring>

#include "base/thread_pool.h"
#include "base/with_type.h"

namespace nnstack {
namespace {

constexpr int64_t kLineBytes = 64;

struct Rows {
  const void* source;
  const int64_t* order;
  int64_t first, count, width;
  void* destination;

  int64_t source_row(int64_t i) const { return order ? order[first + i] : first + i; }
};

// Rows lie anywhere in a set larger than the caches: the next one is asked for while this one is copied.
void copy_rows(const Rows& rows, int64_t bytes, int64_t begin, int64_t end) {
  const auto* from = static_cast<const char*>(rows.source);
  auto* to = static_cast<char*>(rows.destination);
  for (int64_t i = begin; i < end; i++) {
    if (i + 1 < end) {
      const char* next = from + rows.source_row(i + 1) * bytes;
      for (int64_t at = 0; at < bytes; at += kLineBytes) __builtin_prefetch(next + at);
    }
    std::memcpy(to + i * bytes, from + rows.source_row(i) * bytes, static_cast<size_t>(bytes));
  }
}

template <class To, class From>
void cast_rows(const Rows& rows, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i++) {
    const From* from = static_cast<const From*>(rows.source) + rows.source_row(i) * rows.width;
    To* to = static_cast<To*>(rows.destination) + i * rows.width;
    for (int64_t k = 0; k < rows.width; k++) to[k] = static_cast<To>(from[k]);
  }
}

template <class Function>
void dispatch(DType type, Function function) {
  with_type(type, function,
            [type] { return std::string("rows of ") + name_of(type) + " cannot be cast; convert the array first"; });
}

// Calls work(begin, end) for parts of the rows, on several threads where there is enough to move.
template <class Work>
void in_parts(int64_t count, int64_t row_bytes, Work work) {
  constexpr int64_t kPartBytes = 64 * 1024;
  const int64_t part = std::max<int64_t>(1, kPartBytes / std::max<int64_t>(1, row_bytes));
  if (count <= 2 * part) return work(int64_t{0}, count);
  struct Job {
    Work* work;
    int64_t part, count;
  } job{&work, part, count};
  ThreadPool::shared().parallel((count + part - 1) / part,
                                [](void* arg, int64_t chunk) {
                                  const Job& mine = *static_cast<const Job*>(arg);
                                  (*mine.work)(chunk* mine.part, std::min(mine.count, (chunk + 1) * mine.part));
                                },
                                &job);
}

}  // namespace

void gather_rows(const void* source, DType source_type, const int64_t* order, int64_t first, int64_t count, int64_t width,
                 void* destination, DType type) {
  const Rows rows{source, order, first, count, width, destination};
  const int64_t bytes = width * size_of(type);
  if (source_type == type)
    return in_parts(count, bytes, [&](int64_t begin, int64_t end) { copy_rows(rows, bytes, begin, end); });
  dispatch(source_type, [&](auto from) {
    dispatch(type, [&](auto to) {
      in_parts(count, bytes, [&](int64_t begin, int64_t end) { cast_rows<decltype(to), decltype(from)>(rows, begin, end); });
    });
  });
}

}  // namespace nnstack
