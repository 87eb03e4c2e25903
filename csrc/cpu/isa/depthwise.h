// Convolutions of one channel in, one out: vectors of channels for several places at once.
#pragma once
#include "cpu/isa/pack.h"
#include "cpu/isa/window_walk.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

struct Range {
  int64_t begin, end;
};

// The taps that look into an image of `size` from one grid place.
inline Range taps_inside(const Axis& a, int64_t place, int64_t size) {
  const int64_t at = a.first + place * a.pixel_step;
  const int64_t end = at < size ? smaller(a.taps, divide_up(size - at, a.tap_step)) : 0;
  return {smaller(end, at < 0 ? divide_up(-at, a.tap_step) : 0), end};
}

// The grid places whose taps all look into an image of `size`.
inline Range places_inside(const Axis& a, int64_t size) {
  const int64_t begin = smaller(a.count, a.first < 0 ? divide_up(-a.first, a.pixel_step) : 0);
  const int64_t room = size - a.first - (a.taps - 1) * a.tap_step;  // for the first tap
  return {begin, larger(begin, smaller(a.count, room > 0 ? divide_up(room, a.pixel_step) : 0))};
}

template <int Value>
struct Count {
  static constexpr int value = Value;
};

// One row of places of a phase, forward or the gradient of the input. Pointers: to what tap 0 sees from place 0 (which may lie
// outside), to tap 0's weights, to place 0 of the result.
template <class T>
struct DepthwiseRow {
  const T* image;
  const T* kernel;
  T* out;
  int64_t pixel, out_pixel;                      // from place to place
  int64_t plane_pitch, row_pitch, tap_pitch;     // from tap to tap in the image
  int64_t kernel_plane, kernel_row, kernel_tap;  // and in the kernel
  Range z, y;                                    // the taps inside
  Axis along;
  int64_t size, channels;

  // Several places, by `Taps` neighbouring taps (which share what they see) in all rows of the kernel. At an edge, what lies
  // outside counts as zero. Pointers to every third place, and the empty asm, keep g++ from holding an offset for each.
  template <int Places, int Taps, bool Edge, bool Whole>
  __attribute__((noinline)) void tile(const T* image_at, const T* w, int64_t position, T* to, bool start, int count) const {
    constexpr int kSeen = Places + Taps - 1, kGroups = (kSeen + 2) / 3;
    const bool whole = Whole || count == kLanes<T>;
    const auto get = [&](const T* at) { return whole ? load(at) : load_first(at, count); };
    const int64_t step = pixel, out_step = out_pixel, down = row_pitch, weight_step = kernel_tap, weight_down = kernel_row;
    Vector<T> sum[Places];
#pragma GCC unroll 14
    for (int i = 0; i < Places; i++) {
      sum[i] = start ? Vector<T>{} : get(to + i * out_step);
    }
    const T* at[kGroups];
#pragma GCC unroll 6
    for (int g = 0; g < kGroups; g++) at[g] = image_at + 3 * g * step;
    for (int64_t row = y.end - y.begin; row > 0; row--) {
      Vector<T> weight[Taps];
#pragma GCC unroll 3
      for (int k = 0; k < Taps; k++) weight[k] = get(w + k * weight_step);
#pragma GCC unroll 16
      for (int i = 0; i < kSeen; i++) {
        const auto here = static_cast<uint64_t>(position + i * along.pixel_step);
        Vector<T> x = !Edge || here < static_cast<uint64_t>(size) ? get(at[i / 3] + i % 3 * step) : Vector<T>{};
        keep_in_register(x);
#pragma GCC unroll 3
        for (int k = 0; k < Taps; k++) {
          if (i >= k && i - k < Places) sum[i - k] += x * weight[k];
        }
      }
      w += weight_down;
#pragma GCC unroll 6
      for (int g = 0; g < kGroups; g++) {
        at[g] += down;
        asm volatile("" : "+r"(at[g]));
      }
    }
#pragma GCC unroll 14
    for (int i = 0; i < Places; i++) {
      if (whole)
        store(to + i * out_step, sum[i]);
      else
        store_first(to + i * out_step, sum[i], count);
    }
  }

  // All channels of some places. The last vector begins where it ends with the channels: some are made twice.
  template <int Places, bool Edge, bool Whole = true>
  void tiles(int64_t place) const {
    const bool joined = along.tap_step == along.pixel_step;  // then neighbouring places see the same pixels by other taps
    const T* const row = image + place * pixel + y.begin * row_pitch;
    const T* const weights = kernel + y.begin * kernel_row;
    for (int64_t next = 0; next < channels; next += kLanes<T>) {
      const int64_t channel = larger<int64_t>(0, smaller(next, channels - kLanes<T>));
      const int count = static_cast<int>(smaller<int64_t>(kLanes<T>, channels));
      T* const to = out + place * out_pixel + channel;
      bool start = true;
      for (int64_t tz = z.begin; tz < z.end || start; tz++) {
        const T* at = row + tz * plane_pitch + channel;
        const T* w = weights + tz * kernel_plane + channel;
        int64_t position = along.first + place * along.pixel_step, left = tz < z.end ? along.taps : 0;
        for (; joined && left >= 3; left -= 3, start = false) {
          tile<Places, 3, Edge, Whole>(at, w, position, to, start, count);
          at += 3 * tap_pitch, w += 3 * kernel_tap, position += 3 * along.tap_step;
        }
        for (; left > 0; left--, start = false) {
          tile<Places, 1, Edge, Whole>(at, w, position, to, start, count);
          at += tap_pitch, w += kernel_tap, position += along.tap_step;
        }
        if (!start) continue;
        for (int i = 0; i < Places; i++) set_zero(to + i * out_pixel, count);
        start = false;
      }
    }
  }

  // The last tile of many places, too, begins where it ends with the row.
  void run() const {
    const bool many = channels >= kLanes<T>;
    for (int64_t place = 0; place < along.count;) {
      const int64_t left = along.count - place;
      if (many && left > kFewPlaces && along.count >= kMostPlaces)
        place = tiles_at<kMostPlaces>(place);
      else if (many && along.count >= kFewPlaces)
        place = tiles_at<kFewPlaces>(place);
      else
        tiles<1, true, false>(place++);
    }
  }

 private:
  static constexpr int kFewPlaces = 7,
                       kMostPlaces = kVectorBytes == 64 && sizeof(T) == 4 ? 14 : 7;  // rows of images are often multiples of 7

  template <int Places>
  int64_t tiles_at(int64_t place) const {
    place = smaller(place, along.count - Places);
    const int64_t first = along.first + place * along.pixel_step;
    const int64_t last = first + (Places - 1) * along.pixel_step + (along.taps - 1) * along.tap_step;
    first >= 0 && last < size ? tiles<Places, false>(place) : tiles<Places, true>(place);
    return place + Places;
  }
};

template <class T>
__attribute__((noinline)) void add_to(T* to, Vector<T> value, int count) {
  if (count == kLanes<T>)
    store(to, load(to) + value);
  else
    store_first(to, load_first(to, count) + value, count);
}

// The gradient of the kernel: `Taps` taps of one vector of channels, summed over rows of places; several sums of each hide the
// latency of the additions.
template <class T>
struct DepthwiseTaps {
  const T* image;
  int64_t pixel, row_pitch;
  const T* dy;
  int64_t dy_pixel;
  int64_t places, rows;
  int64_t ahead, dy_ahead;  // from what is read to what the next call reads
  int count;

  template <int Taps, int Sums>
  __attribute__((noinline)) void add(const int64_t* taps, T* to, int64_t pitch) const {
    const bool whole = count == kLanes<T>;
    Vector<T> sum[Sums][Taps];
#pragma GCC unroll 4
    for (int i = 0; i < Sums; i++) {
#pragma GCC unroll 9
      for (int k = 0; k < Taps; k++) sum[i][k] = Vector<T>{};
    }
    int64_t tap[Taps];
#pragma GCC unroll 9
    for (int k = 0; k < Taps; k++) tap[k] = taps[k];
    const T* error_at = dy;
    for (int64_t row = 0; row < rows; row++) {
      const T* at = image + row * row_pitch;
      int64_t place = 0;
      for (; place + Sums <= places; place += Sums) {
#pragma GCC unroll 4
        for (int i = 0; i < Sums; i++, error_at += dy_pixel, at += pixel) {
          const Vector<T> error = whole ? load(error_at) : load_first(error_at, count);
          __builtin_prefetch(error_at + dy_ahead, 0, 2);
#pragma GCC unroll 9
          for (int k = 0; k < Taps; k++) sum[i][k] += load(at + tap[k]) * error;
        }
      }
      for (; place < places; place++, error_at += dy_pixel, at += pixel) {
        const Vector<T> error = whole ? load(error_at) : load_first(error_at, count);
#pragma GCC unroll 9
        for (int k = 0; k < Taps; k++) sum[0][k] += load(at + tap[k]) * error;
      }
    }
#pragma GCC unroll 9
    for (int k = 0; k < Taps; k++) {
      Vector<T> all = sum[0][k];
#pragma GCC unroll 4
      for (int i = 1; i < Sums; i++) all += sum[i][k];
      add_to(to + k * pitch, all, count);
    }
  }
};

// The same without stride and dilation: a pixel is read once, and meets the errors of the last
// few places. Whole vectors of channels, straight from the image; errors of places that are not there are zero.
template <class T>
struct DepthwiseShared {
  int64_t pixel, row, tap_row;  // in the image: from column to column, from place to place downwards, from tap to tap
  int64_t dy_pixel, dy_row;
  int64_t size, places;  // columns of the image, and of places
  int64_t to_tap, to_row;

  // `Rows` by `Taps` taps over some rows of places; tap 0 of place 0 is column `first` of the image.
  template <int Rows, int Taps>
  __attribute__((noinline)) void add(const T* image, int64_t first, const T* dy, int64_t rows, T* to) const {
    const int64_t step = pixel, error_step = dy_pixel, below = tap_row;
    const int64_t end = smaller(places + Taps - 1, size - first), outside = smaller(end, -first);
    const int64_t main_end = smaller(places, end);
    Vector<T> sum[Rows][Taps];
    each<Rows, Taps>([&](int r, int k) { sum[r][k] = Vector<T>{}; });
    for (; rows > 0; rows--, image += row, dy += dy_row) {
      Vector<T> error[Taps] = {};
      const auto shift = [&](Vector<T> next) {
#pragma GCC unroll 2
        for (int k = Taps - 1; k > 0; k--) error[k] = error[k - 1];
        error[0] = next;
      };
      const T* at = image + first * step;
      const T* error_at = dy;
      const auto meet = [&] {
#pragma GCC unroll 3
        for (int r = 0; r < Rows; r++) {
          Vector<T> x = load(at + r * below);
          keep_in_register(x);
#pragma GCC unroll 3
          for (int k = 0; k < Taps; k++) sum[r][k] += x * error[k];
        }
      };
      int64_t place = 0;
      for (; place < outside; place++, at += step, error_at += error_step) shift(place < places ? load(error_at) : Vector<T>{});
#pragma GCC unroll 3
      for (; place < main_end; place++, at += step, error_at += error_step) shift(load(error_at)), meet();
      for (; place < end; place++, at += step) shift(Vector<T>{}), meet();
    }
    each<Rows, Taps>([&](int r, int k) {
      T* const result = to + r * to_row + k * to_tap;
      store(result, load(result) + sum[r][k]);
    });
  }

 private:
  template <int Rows, int Taps, class Visit>
  static void each(const Visit& visit) {
#pragma GCC unroll 3
    for (int r = 0; r < Rows; r++) {
#pragma GCC unroll 3
      for (int k = 0; k < Taps; k++) visit(r, k);
    }
  }
};

}  // namespace
}  // namespace nnstack::NNSTACK_ISA_NAME
