// Pools, all channels of a place at a time. Gradients go the same way and add to what they find, image by image: the order is
// that of the windows.
#include "cpu/isa/kernels.h"
#include "cpu/isa/window_walk.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

constexpr int64_t kPoolWork = 64 * 1024;  // comparisons or additions of a chunk

template <class T>
struct PoolJob {
  const PoolParams* params;
  const T* input;  // or dy of average_gradient
  const T* other;  // values, or dy
  T* result;
  int64_t images;  // of a chunk

  // Calls visit(output place, number of places inside, ranges of the window that are inside).
  template <class Visit>
  void for_each_window(const Visit& visit) const {
    const WindowParams& w = params->at;
    int64_t place = 0, begin[3], end[3];
    const auto clip = [&](int d, int64_t o) {
      const int64_t first = o * w.stride[d] - w.before[d];
      begin[d] = larger<int64_t>(first, 0);
      end[d] = smaller(first + w.window[d], w.input[d]);
    };
    for (int64_t z = 0; z < w.output[0]; z++) {
      clip(0, z);
      for (int64_t y = 0; y < w.output[1]; y++) {
        clip(1, y);
        for (int64_t x = 0; x < w.output[2]; x++, place++) {
          clip(2, x);
          visit(place, begin, end);
        }
      }
    }
  }

  template <class Visit>
  void for_each_place(const int64_t (&begin)[3], const int64_t (&end)[3], const Visit& visit) const {
    const int64_t(&sizes)[3] = params->at.input;
    for (int64_t z = begin[0]; z < end[0]; z++) {
      for (int64_t y = begin[1]; y < end[1]; y++) {
        for (int64_t x = begin[2]; x < end[2]; x++) visit((z * sizes[1] + y) * sizes[2] + x);
      }
    }
  }

  void maximum(const T* from, const T* values, T* to) const {
    const int64_t channels = params->channels;
    for_each_window([&](int64_t place, const int64_t(&begin)[3], const int64_t(&end)[3]) {
      T* const out = to + place * channels;
      int64_t channel = 0;
      for (; channel < channels; channel += kLanes<T>) {
        const int count = static_cast<int>(smaller<int64_t>(kLanes<T>, channels - channel));
        const bool whole = count == kLanes<T>;
        bool first = true;
        Vector<T> best{}, chosen{};
        for_each_place(begin, end, [&](int64_t at) {
          const T* const here = from + at * channels + channel;
          const Vector<T> x = whole ? load(here) : load_first(here, count);
          if (values == from) {
            best = first ? x : (((x > best) | ((x != x) & (best == best))) ? x : best);
          } else {
            const T* const there = values + at * channels + channel;
            const Vector<T> value = whole ? load(there) : load_first(there, count);
            const auto better = (x > best) | ((x != x) & (best == best));
            chosen = first ? value : (better ? value : chosen);
            best = first ? x : (better ? x : best);
          }
          first = false;
        });
        const Vector<T> y = values == from ? best : chosen;
        if (whole)
          store(out + channel, y);
        else
          store_first(out + channel, y, count);
      }
    });
  }

  void maximum_gradient(const T* from, const T* dy, T* to) const {
    const int64_t channels = params->channels;
    set_zero(to, product(params->at.input) * channels);
    for_each_window([&](int64_t place, const int64_t(&begin)[3], const int64_t(&end)[3]) {
      for (int64_t channel = 0; channel < channels; channel++) {
        int64_t best = -1;
        T most{};
        for_each_place(begin, end, [&](int64_t at) {
          const T x = from[at * channels + channel];
          if (best >= 0 && !(x > most) && !(x != x && most == most)) return;
          best = at;
          most = x;
        });
        if (best >= 0) to[best * channels + channel] += dy[place * channels + channel];
      }
    });
  }

  void average(const T* from, T* to) const {
    const int64_t channels = params->channels;
    for_each_window([&](int64_t place, const int64_t(&begin)[3], const int64_t(&end)[3]) {
      const T share = T{1} / static_cast<T>((end[0] - begin[0]) * (end[1] - begin[1]) * (end[2] - begin[2]));
      for (int64_t channel = 0; channel < channels; channel += kLanes<T>) {
        const int count = static_cast<int>(smaller<int64_t>(kLanes<T>, channels - channel));
        Vector<T> sum{};
        for_each_place(begin, end, [&](int64_t at) {
          const T* const here = from + at * channels + channel;
          sum += count == kLanes<T> ? load(here) : load_first(here, count);
        });
        T* const out = to + place * channels + channel;
        if (count == kLanes<T>)
          store(out, sum * share);
        else
          store_first(out, sum * share, count);
      }
    });
  }

  void average_gradient(const T* dy, T* to) const {
    const int64_t channels = params->channels;
    set_zero(to, product(params->at.input) * channels);
    for_each_window([&](int64_t place, const int64_t(&begin)[3], const int64_t(&end)[3]) {
      const T share = T{1} / static_cast<T>((end[0] - begin[0]) * (end[1] - begin[1]) * (end[2] - begin[2]));
      const T* const error = dy + place * channels;
      for_each_place(begin, end, [&](int64_t at) {
        T* const out = to + at * channels;
        NNSTACK_NO_LOOP_DEPENDENCE
        for (int64_t channel = 0; channel < channels; channel++) out[channel] += error[channel] * share;
      });
    });
  }

  static void run(void* arg, int64_t chunk) {
    const PoolJob& job = *static_cast<const PoolJob*>(arg);
    const PoolParams& p = *job.params;
    const int64_t inputs = product(p.at.input) * p.channels, outputs = product(p.at.output) * p.channels;
    for (int64_t n = chunk * job.images; n < smaller((chunk + 1) * job.images, p.at.batch); n++) {
      switch (p.op) {
        case PoolOp::maximum: job.maximum(job.input + n * inputs, job.other + n * inputs, job.result + n * outputs); break;
        case PoolOp::maximum_gradient:
          job.maximum_gradient(job.input + n * inputs, job.other + n * outputs, job.result + n * inputs);
          break;
        case PoolOp::average: job.average(job.input + n * inputs, job.result + n * outputs); break;
        case PoolOp::average_gradient: job.average_gradient(job.input + n * outputs, job.result + n * inputs); break;
      }
    }
  }
};

template <class T>
void pool_images(void* const* operands, const PoolParams& p, const KernelContext& context) {
  const bool maximum = p.op == PoolOp::maximum || p.op == PoolOp::maximum_gradient;
  const int64_t work = larger<int64_t>(1, product(p.at.output) * product(p.at.window) * p.channels);
  PoolJob<T> job{&p, static_cast<const T*>(operands[0]), static_cast<const T*>(operands[maximum ? 1 : 0]),
                 static_cast<T*>(operands[maximum ? 2 : 1]), divide_up(kPoolWork, work)};
  context.parallel(context.pool, divide_up(p.at.batch, job.images), PoolJob<T>::run, &job);
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
