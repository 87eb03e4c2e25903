// Pools, all channels of a place at a time. Gradients go the same way, image by image: where windows share places they add to
// what they find, in the order of the windows, and otherwise every place is written once.
#include "cpu/isa/kernels.h"
#include "cpu/isa/window_walk.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

constexpr int64_t kPoolWork = 64 * 1024;  // comparisons or additions of a chunk

// The lanes' integers: what comparisons of vectors give.
template <class T>
using LaneIndices = decltype(Vector<T>{} < Vector<T>{});

template <class T>
bool whole_vectors(int count) {
  return count == kLanes<T>;
}
template <class T>
Vector<T> get(const T* at, int count) {
  return whole_vectors<T>(count) ? load(at) : load_first(at, count);
}
template <class T>
void put(T* at, Vector<T> value, int count) {
  whole_vectors<T>(count) ? store(at, value) : store_first(at, value, count);
}

// NaN is larger than everything, and the first of equals stays.
template <class V>
auto is_better(V x, V best) {
  return ~(x <= best) & (best == best);
}

template <int Count>
struct Vectors {
  static constexpr int count = Count;
};

struct Window {
  int64_t begin[3], end[3];  // of the places inside
  int64_t place;             // of the output

  int64_t count() const { return (end[0] - begin[0]) * (end[1] - begin[1]) * (end[2] - begin[2]); }
  template <class Visit>
  void for_each_place(const int64_t (&sizes)[3], const Visit& visit) const {
    for (int64_t z = begin[0]; z < end[0]; z++) {
      for (int64_t y = begin[1]; y < end[1]; y++) {
        const int64_t row = (z * sizes[1] + y) * sizes[2];
        for (int64_t x = begin[2]; x < end[2]; x++) visit(row + x);
      }
    }
  }
};

template <class T>
struct PoolJob {
  const PoolParams* params;
  const T* input;  // or dy of average_gradient
  const T* other;  // values, or dy
  T* result;
  int64_t rows;  // of places, of a chunk; gradients take whole images, because windows may share places

  // The windows of some rows of places, rows of all images numbered on.
  template <class Visit>
  void for_each_window(int64_t first, int64_t last, const Visit& visit) const {
    const WindowParams& w = params->at;
    Window at;
    const auto clip = [&](int d, int64_t o) {
      const int64_t from = o * w.stride[d] - w.before[d];
      at.begin[d] = larger<int64_t>(from, 0);
      at.end[d] = smaller(from + w.window[d], w.input[d]);
    };
    for (int64_t row = first; row < last; row++) {
      clip(0, row / w.output[1]);
      clip(1, row % w.output[1]);
      for (int64_t x = 0; x < w.output[2]; x++) {
        clip(2, x);
        at.place = row * w.output[2] + x;
        visit(at);
      }
    }
  }

  // All channels by vectors, several at a time where there are as many: visit(number of vectors, channel, lanes of the last).
  template <class Visit>
  void for_each_vector(const Visit& visit) const {
    const int64_t channels = params->channels;
    int64_t channel = 0;
    if constexpr (sizeof(T) == 4) {
      for (; channel + 4 * kLanes<T> <= channels; channel += 4 * kLanes<T>) visit(Vectors<4>{}, channel, kLanes<T>);
      for (; channel + 2 * kLanes<T> <= channels; channel += 2 * kLanes<T>) visit(Vectors<2>{}, channel, kLanes<T>);
    }
    for (; channel < channels; channel += kLanes<T>)
      visit(Vectors<1>{}, channel, static_cast<int>(smaller<int64_t>(kLanes<T>, channels - channel)));
  }

  // Finds the first of the largest; calls add(place's number in the window, where it is better).
  template <int Count, class Add>
  void find_maximum(const Window& w, const T* from, int count, Vector<T> (&best)[Count], const Add& add) const {
#pragma GCC unroll 4
    for (int i = 0; i < Count; i++) best[i] = splat(-static_cast<T>(__builtin_inf()));
    w.for_each_place(params->at.input, [&](int64_t at) {
#pragma GCC unroll 4
      for (int i = 0; i < Count; i++) {
        const Vector<T> x = get(from + at * params->channels + i * kLanes<T>, count);
        const auto better = is_better(x, best[i]);
        best[i] = better ? x : best[i];
        add(i, at, better);
      }
    });
  }

  void maximum(const T* from, const T* values, T* to, int64_t first, int64_t last) const {
    const int64_t channels = params->channels;
    const bool own = values == from;
    for_each_window(first, last, [&](const Window& w) {
      for_each_vector([&](auto vectors, int64_t channel, int count) {
        constexpr int kVectors = decltype(vectors)::count;
        Vector<T> best[kVectors], chosen[kVectors];
        if (own) {
          find_maximum(w, from + channel, count, best, [](int, int64_t, const auto&) {});
        } else {
          const int64_t(&sizes)[3] = params->at.input;
          const T* const start = values + ((w.begin[0] * sizes[1] + w.begin[1]) * sizes[2] + w.begin[2]) * channels + channel;
          for (int i = 0; i < kVectors; i++) chosen[i] = get(start + i * kLanes<T>, count);
          find_maximum(w, from + channel, count, best, [&](int i, int64_t at, const auto& better) {
            chosen[i] = better ? get(values + at * channels + channel + i * kLanes<T>, count) : chosen[i];
          });
        }
        for (int i = 0; i < kVectors; i++)
          put(to + w.place * channels + channel + i * kLanes<T>, own ? best[i] : chosen[i], count);
      });
    });
  }

  // Windows that share no place.
  bool disjoint() const {
    const WindowParams& w = params->at;
    return w.stride[0] >= w.window[0] && w.stride[1] >= w.window[1] && w.stride[2] >= w.window[2];
  }
  // Such windows that leave no place out.
  bool tiled() const {
    const WindowParams& w = params->at;
    for (int d = 0; d < 3; d++) {
      if (w.stride[d] != w.window[d] || w.output[d] * w.stride[d] - w.before[d] < w.input[d]) return false;
    }
    return true;
  }

  // Zeros for the rows of an image as the windows reach them, so that these find them in the cache.
  struct Cleared {
    int64_t rows = 0;
    void reach(const PoolJob& job, T* image, int64_t row) {
      const WindowParams& w = job.params->at;
      int64_t end = w.input[0] * w.input[1];
      if (row + 1 < w.output[0] * w.output[1]) {
        const int d = w.input[0] == 1 ? 1 : 0;  // whole planes of volumes
        const int64_t o = d == 1 ? row : row / w.output[1];
        end = smaller(o * w.stride[d] - w.before[d] + w.window[d], w.input[d]) * (d == 1 ? 1 : w.input[1]);
      }
      const int64_t row_size = w.input[2] * job.params->channels;
      set_zero(image + rows * row_size, (end - rows) * row_size);
      rows = larger(rows, end);
    }
  };

  template <bool Add>
  void maximum_gradient(const T* from, const T* dy, T* to) const {
    using Indices = LaneIndices<T>;
    const int64_t channels = params->channels, image_rows = params->at.output[0] * params->at.output[1];
    const bool clear = Add || !tiled();
    Cleared cleared;
    for (int64_t row = 0; row < image_rows; row++) {
      if (clear) cleared.reach(*this, to, row);
      for_each_window(row, row + 1, [&](const Window& w) {
        for_each_vector([&](auto vectors, int64_t channel, int count) {
          constexpr int kVectors = decltype(vectors)::count;
          Vector<T> best[kVectors], error[kVectors];
          Indices chosen[kVectors];
          for (int i = 0; i < kVectors; i++) {
            chosen[i] = Indices{};
            error[i] = get(dy + w.place * channels + channel + i * kLanes<T>, count);
          }
          Indices number{};
          find_maximum(w, from + channel, count, best, [&](int i, int64_t, const auto& better) {
            chosen[i] = better ? number : chosen[i];
            if (i == kVectors - 1) number += 1;
          });
          number = Indices{};
          w.for_each_place(params->at.input, [&](int64_t at) {
#pragma GCC unroll 4
            for (int i = 0; i < kVectors; i++) {
              T* const out = to + at * channels + channel + i * kLanes<T>;
              const Vector<T> share = chosen[i] == number ? error[i] : Vector<T>{};
              put(out, Add ? get<T>(out, count) + share : share, count);
            }
            number += 1;
          });
        });
      });
    }
  }

  void average(const T* from, T* to, int64_t first, int64_t last) const {
    const int64_t channels = params->channels;
    for_each_window(first, last, [&](const Window& w) {
      const T share = T{1} / static_cast<T>(w.count());
      for_each_vector([&](auto vectors, int64_t channel, int count) {
        constexpr int kVectors = decltype(vectors)::count;
        Vector<T> sum[kVectors];
        for (int i = 0; i < kVectors; i++) sum[i] = Vector<T>{};
        w.for_each_place(params->at.input, [&](int64_t at) {
#pragma GCC unroll 4
          for (int i = 0; i < kVectors; i++) sum[i] += get(from + at * channels + channel + i * kLanes<T>, count);
        });
        for (int i = 0; i < kVectors; i++)
          put(to + w.place * channels + channel + i * kLanes<T>, Vector<T>(sum[i] * share), count);
      });
    });
  }

  void average_gradient(const T* dy, T* to) const {
    const int64_t channels = params->channels, image_rows = params->at.output[0] * params->at.output[1];
    Cleared cleared;
    for (int64_t row = 0; row < image_rows; row++) {
      cleared.reach(*this, to, row);
      for_each_window(row, row + 1, [&](const Window& w) {
        const T share = T{1} / static_cast<T>(w.count());
        const T* const error = dy + w.place * channels;
        w.for_each_place(params->at.input, [&](int64_t at) {
          T* const out = to + at * channels;
          NNSTACK_NO_LOOP_DEPENDENCE
          for (int64_t channel = 0; channel < channels; channel++) out[channel] += error[channel] * share;
        });
      });
    }
  }

  static void run(void* arg, int64_t chunk) {
    const PoolJob& job = *static_cast<const PoolJob*>(arg);
    const PoolParams& p = *job.params;
    const int64_t inputs = product(p.at.input) * p.channels, outputs = product(p.at.output) * p.channels;
    const int64_t image_rows = p.at.output[0] * p.at.output[1], end = smaller((chunk + 1) * job.rows, p.at.batch * image_rows);
    for (int64_t row = chunk * job.rows; row < end;) {
      const int64_t n = row / image_rows, first = row % image_rows, last = smaller(image_rows, first + end - row);
      row += last - first;
      switch (p.op) {
        case PoolOp::maximum:
          job.maximum(job.input + n * inputs, job.other + n * inputs, job.result + n * outputs, first, last);
          break;
        case PoolOp::maximum_gradient:
          if (job.disjoint())
            job.template maximum_gradient<false>(job.input + n * inputs, job.other + n * outputs, job.result + n * inputs);
          else
            job.template maximum_gradient<true>(job.input + n * inputs, job.other + n * outputs, job.result + n * inputs);
          break;
        case PoolOp::average: job.average(job.input + n * inputs, job.result + n * outputs, first, last); break;
        case PoolOp::average_gradient: job.average_gradient(job.input + n * outputs, job.result + n * inputs); break;
      }
    }
  }
};

template <class T>
void pool_images(void* const* operands, const PoolParams& p, const KernelContext& context) {
  const bool maximum = p.op == PoolOp::maximum || p.op == PoolOp::maximum_gradient;
  const bool gradient = p.op == PoolOp::maximum_gradient || p.op == PoolOp::average_gradient;
  const int64_t image_rows = p.at.output[0] * p.at.output[1], rows = p.at.batch * image_rows;
  T* const result = static_cast<T*>(operands[maximum ? 2 : 1]);
  if (rows == 0) {
    if (gradient) set_zero(result, p.at.batch * product(p.at.input) * p.channels);
    return;
  }
  const int64_t work = larger<int64_t>(1, p.at.output[2] * product(p.at.window) * p.channels);
  const int64_t rows_of_chunk = divide_up(kPoolWork, work);
  PoolJob<T> job{&p, static_cast<const T*>(operands[0]), static_cast<const T*>(operands[maximum ? 1 : 0]), result,
                 gradient ? round_up(rows_of_chunk, image_rows) : rows_of_chunk};
  context.parallel(context.pool, divide_up(rows, job.rows), PoolJob<T>::run, &job);
}

}  // namespace

void pool(void* const* operands, const void* raw_params, const KernelContext& context) {
  const PoolParams& params = *static_cast<const PoolParams*>(raw_params);
  if (params.at.batch == 0 || params.channels == 0) return;
  if (params.type == DType::f64)
    pool_images<double>(operands, params, context);
  else
    pool_images<float>(operands, params, context);
}

}  // namespace nnstack::NNSTACK_ISA_NAME
