// The gradient of the kernel: tiles of it (channels by filters) sum over all places. A chunk does one panel of filters for one
// part of the rows of places, a band at a time: the band of the image is copied with its border, in columns as wide as a tile,
// and all taps pass over it. Parts, of which there are few, are added in order.
#pragma once
#include "cpu/isa/depthwise.h"
#include "cpu/isa/elementwise.h"
#include "cpu/isa/pack.h"
#include "cpu/isa/tile.h"
#include "cpu/isa/window_walk.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

template <class T>
class KernelGradient {
 public:
  explicit KernelGradient(const ConvolutionParams& p) : p_(p) {
    const WindowParams& w = p.at;
    channels_ = p.channels / p.groups;
    filters_ = p.filters / p.groups;
    depthwise_ = channels_ == 1 && filters_ == 1;
    rows_ = w.batch * w.output[0] * w.output[1];
    // Few channels: those of neighbouring taps make one longer column, as they lie in the image.
    joined_ = !depthwise_ && p.groups == 1 && w.dilation[2] == 1 && w.window[2] > 1 && channels_ <= kMostJoined;
    for (int d = 0; d < 3; d++) {
      phase_.axes[d] = forward_axis(w, d);
      skip_[d] = !joined_ && w.window[d] == 1 && w.before[d] == 0 ? w.stride[d] : 1;
      sizes_[d] = divide_up(w.input[d], skip_[d]);
      stride_[d] = phase_.axes[d].pixel_step = w.stride[d] / skip_[d];
    }
    height_ = joined_ ? channels_ * w.window[2] : channels_;
    tiles_ = depthwise_ ? 1 : divide_up(height_, kTileRows);
    pixel_ = depthwise_ ? kLanes<T> : joined_ ? channels_ : kPixel;
    shared_ = depthwise_ && w.stride[2] == 1 && w.dilation[2] == 1 && w.window[2] > 1 && p.channels % kLanes<T> == 0 &&
              sizeof(T) == 4;
    choose_band();
    panels_ = depthwise_ ? 1 : p.groups * divide_up(filters_, kPanel);
    const double work = 2.0 * static_cast<double>(elements()) * static_cast<double>(rows_ * w.output[2]);
    const int64_t wanted = smaller(kChunks, static_cast<int64_t>(work / kChunkWorth) + 1);
    const bool small = elements() * static_cast<int64_t>(sizeof(T)) <= kLargestPart;
    const int64_t most_parts = small ? (panels_ == 1 ? wanted : 4) : 1;
    parts_ = larger<int64_t>(1, smaller(smaller(wanted, most_parts), divide_up(rows_, band_)));
    units_ = larger<int64_t>(1, smaller(panels_, divide_up(wanted, parts_)));
  }

  int64_t elements() const { return product(p_.at.window) * channels_ * p_.filters; }
  const char* name() const {
    if (depthwise_) return shared_ ? "depthwise with shared pixels" : "depthwise";
    return joined_ ? "tiles on joined taps" : "tiles";
  }
  int64_t scratch_bytes() const { return parts_bytes() + smaller(parts_ * units_, kSlots) * slot_bytes(); }

  void run(void* const* operands, const KernelContext& context) {
    operands_ = operands;
    parts_at_ = parts_ == 1 ? static_cast<T*>(operands[2]) : static_cast<T*>(context.scratch);
    slots_at_ = static_cast<char*>(context.scratch) + parts_bytes();
    context.parallel(context.pool, parts_ * units_, run_chunk, this);
    if (parts_ > 1 || p_.epilogue != nullptr) context.parallel(context.pool, divide_up(elements(), kFinish), finish, this);
  }

 private:
  static constexpr int64_t kPanel = 2 * kLanes<T>;
  static constexpr int64_t kPixel = round_up(kTileRows, kLanes<T>);  // elements of a pixel in a column of the copy
  static constexpr int64_t kBandPlaces = 256;
  static constexpr int64_t kBandBytes = 256 * 1024;
  static constexpr int64_t kDepthwiseBytes = 32 * 1024;  // each pixel of the copy is read by all taps: first-level cache
  static constexpr int64_t kSharedBytes = 256 * 1024;    // of the rows of places and of pixels before the next channels
  static constexpr int64_t kFinish = 16 * 1024;
  static constexpr int64_t kMostJoined = 64;
  static constexpr int64_t kLargestPart = 1024 * 1024;  // bytes; larger gradients are split by filters alone

  int64_t parts_bytes() const { return parts_ == 1 ? 0 : round_up(parts_ * elements() * static_cast<int64_t>(sizeof(T)), 64); }
  int64_t slot_bytes() const {
    return round_up((copy_elements_ + band_ * p_.at.output[2] * kPanel) * static_cast<int64_t>(sizeof(T)), 64) + 64;
  }
  int64_t copy_elements_of(int64_t rows) const {
    const int64_t from[3] = {0, 0, 0}, to[3] = {1, rows, p_.at.output[2]};
    Region r = kNoRegion;
    r.hold(phase_, from, to);
    if (r.begin[2] == INT64_MAX) return 0;
    return r.size(0) * r.size(1) * r.size(2) * pixel_ * (joined_ || depthwise_ ? 1 : tiles_);
  }
  void choose_band() {
    const int64_t across = larger<int64_t>(p_.at.output[2], 1);
    if (shared_) {
      const int64_t bytes = larger<int64_t>(1, 2 * across * p_.channels * static_cast<int64_t>(sizeof(T)));
      band_ = larger<int64_t>(1, smaller(p_.at.output[1], kSharedBytes / bytes));
      copy_elements_ = 0;
      return;
    }
    const int64_t most = depthwise_ ? kDepthwiseBytes : kBandBytes;
    band_ = larger<int64_t>(1, depthwise_ ? p_.at.output[1] : smaller(p_.at.output[1], divide_up(kBandPlaces, across)));
    while (band_ > 1 && copy_elements_of(band_) * static_cast<int64_t>(sizeof(T)) > most) band_ = divide_up(band_, 2);
    copy_elements_ = copy_elements_of(band_);
  }

  static void run_chunk(void* arg, int64_t chunk) {
    KernelGradient& job = *static_cast<KernelGradient*>(arg);
    const int64_t part = chunk / job.units_, unit = chunk % job.units_;
    const int64_t first = job.rows_ * part / job.parts_, last = job.rows_ * (part + 1) / job.parts_;
    const int64_t slot = job.slots_.take();
    T* const copy = reinterpret_cast<T*>(job.slots_at_ + slot * job.slot_bytes());
    T* const result = job.parts_at_ + part * job.elements();
    if (job.depthwise_) set_zero(result, job.elements());
    bool start = true;
    for (int64_t row = first; row < last;) {
      const int64_t in_plane = row % job.p_.at.output[1];
      const int64_t rows = smaller(smaller(job.band_, last - row), job.p_.at.output[1] - in_plane);
      if (job.depthwise_)
        job.depthwise_band(row, rows, copy, result);
      else
        job.run_band(row, rows, unit, copy, result, start);
      start = false;
      row += rows;
    }
    if (start && !job.depthwise_) job.zero_panels(unit, result);
    job.slots_.give_back(slot);
  }

  int64_t first_panel(int64_t unit) const { return panels_ * unit / units_; }

  void zero_panels(int64_t unit, T* result) const {
    const int64_t panels = divide_up(filters_, kPanel);
    for (int64_t panel = first_panel(unit); panel < first_panel(unit + 1); panel++) {
      const int64_t column = panel % panels * kPanel;
      T* const to = result + panel / panels * filters_ + column;
      for (int64_t i = 0; i < product(p_.at.window) * channels_; i++)
        set_zero(to + i * p_.filters, smaller(kPanel, filters_ - column));
    }
  }

  Region region_of(int64_t row, int64_t rows) const {
    const WindowParams& w = p_.at;
    const int64_t plane = row / w.output[1] % w.output[0], y = row % w.output[1];
    const int64_t from[3] = {plane, y, 0}, to[3] = {plane + 1, y + rows, w.output[2]};
    Region r = kNoRegion;
    r.hold(phase_, from, to);
    return r;
  }
  const T* image_of(int64_t row) const {
    return static_cast<const T*>(operands_[0]) + row / (p_.at.output[0] * p_.at.output[1]) * product(p_.at.input) * p_.channels;
  }

  // A region of some channels: [z][y][x][pixel_], zeros outside. `ahead` from what is read is what the next copy reads.
  T* copy_columns(T* to, const T* image, const Region& r, int64_t channels, int64_t ahead) const {
    const int64_t(&sizes)[3] = p_.at.input;
    for (int64_t z = r.begin[0]; z < r.end[0]; z++) {
      for (int64_t y = r.begin[1]; y < r.end[1]; y++, to += r.size(2) * pixel_) {
        const bool inside = z >= 0 && z < sizes_[0] && y >= 0 && y < sizes_[1];
        const int64_t begin = inside ? smaller(larger<int64_t>(0, r.begin[2]), r.end[2]) : r.end[2];
        const int64_t end = larger(begin, smaller(sizes_[2], r.end[2]));
        set_zero(to, (begin - r.begin[2]) * pixel_);
        if (end > begin) {
          const int64_t pixel = skip_[2] * p_.channels;
          const T* row = image + ((z * skip_[0] * sizes[1] + y * skip_[1]) * sizes[2] + begin * skip_[2]) * p_.channels;
          for (int64_t x = 0; x < end - begin; x++) __builtin_prefetch(row + x * pixel + ahead, 0, 2);
          pack_panel(to + (begin - r.begin[2]) * pixel_, pixel_, row, pixel, end - begin, channels);
        }
        set_zero(to + (end - r.begin[2]) * pixel_, (r.end[2] - end) * pixel_);
      }
    }
    return to;
  }

  // The region as columns of tiles, of one group's channels.
  void copy_tiles(T* to, const T* image, const Region& r, int64_t group) const {
    for (int64_t tile = 0; tile < tiles_; tile++) {
      const int64_t channel = height_ * tile / tiles_, count = height_ * (tile + 1) / tiles_ - channel;
      to = copy_columns(to, image + group * channels_ + channel, r, count, count);
    }
  }

  void run_band(int64_t row, int64_t rows, int64_t unit, T* copy, T* result, bool start) const {
    const Region r = region_of(row, rows);
    int64_t copied = -1;  // the group that lies in the copy
    for (int64_t panel = first_panel(unit); panel < first_panel(unit + 1); panel++) {
      const int64_t group = panel / divide_up(filters_, kPanel);
      if (group != copied && joined_) copy_region(copy, image_of(row), p_.at.input, p_.channels, r);
      if (group != copied && !joined_) copy_tiles(copy, image_of(row), r, group);
      copied = group;
      run_panel(row, rows, r, panel, copy, result, start);
    }
  }

  void run_panel(int64_t row, int64_t rows, const Region& r, int64_t panel, T* copy, T* result, bool start) const {
    const WindowParams& w = p_.at;
    const int64_t panels = divide_up(filters_, kPanel), group = panel / panels, column = panel % panels * kPanel;
    const int64_t columns = smaller(kPanel, filters_ - column), width = round_up(columns, kLanes<T>);
    const T* dy = static_cast<const T*>(operands_[1]) + row * w.output[2] * p_.filters + group * filters_ + column;
    TileArguments<T> t;
    if (columns < width || p_.filters > 2 * kPanel) {
      T* const packed = copy + copy_elements_;
      pack_panel(packed, width, dy, p_.filters, rows * w.output[2], columns);
      t.b = packed;
      t.b_step = width;
    } else {
      t.b = dy;
      t.b_step = p_.filters;
    }
    const int64_t row_pitch = r.size(2) * pixel_, plane_pitch = r.size(1) * row_pitch, tile_pitch = r.size(0) * plane_pitch;
    t.a_stride = stride_[2] * pixel_;
    t.a_jump = stride_[1] * row_pitch - w.output[2] * t.a_stride;
    t.c_row = p_.filters;
    t.columns = static_cast<int>(columns);
    t.start = start;
    const int64_t taps_x = joined_ ? 1 : w.window[2];
    const T* const errors = t.b;
    const int64_t plane = row / w.output[1] % w.output[0], top = row % w.output[1];
    T* out = result + group * filters_ + column;
    for (int64_t z = 0; z < w.window[0]; z++) {
      for (int64_t y = 0; y < w.window[1]; y++) {
        // The rows of places from which this row of taps looks into the image.
        const int64_t at_z = phase_.axes[0].first + plane * phase_.axes[0].pixel_step + z * phase_.axes[0].tap_step;
        Axis one = phase_.axes[1];
        one.first += y * one.tap_step, one.taps = 1;
        const Range all = at_z < 0 || at_z >= sizes_[0] ? Range{0, 0} : places_inside(one, sizes_[1]);
        const int64_t begin = larger(all.begin, top), seen = larger<int64_t>(smaller(all.end, top + rows) - begin, 0);
        if (seen == 0 && !start) {
          out += taps_x * height_ * p_.filters;
          continue;
        }
        t.segments = larger<int64_t>(seen, 1);
        t.steps = seen == 0 ? 0 : w.output[2];
        const int64_t below = seen == 0 ? 0 : begin - top;
        t.b = errors + below * w.output[2] * t.b_step;
        for (int64_t x = 0; x < taps_x; x++, out += height_ * p_.filters) {
          const T* const at = copy + z * w.dilation[0] * plane_pitch + (y * w.dilation[1] + below * stride_[1]) * row_pitch +
                              x * w.dilation[2] * pixel_;
          for (int64_t tile = 0; tile < tiles_; tile++) {
            const int64_t first = height_ * tile / tiles_, count = height_ * (tile + 1) / tiles_ - first;
            t.a = at + (joined_ ? first : tile * tile_pitch);
            t.c = out + first * p_.filters;
            kTiles<T>.functions[1][count - 1][width / kLanes<T> - 1](t);
          }
        }
      }
    }
  }

  // Without a copy.
  void shared_band(int64_t row, int64_t rows, T* result) const {
    const WindowParams& w = p_.at;
    const Axis &planes = phase_.axes[0], &down = phase_.axes[1];
    const int64_t plane = row / w.output[1] % w.output[0], y = row % w.output[1], image_row = w.input[2] * p_.channels;
    DepthwiseShared<T> d;
    d.pixel = d.dy_pixel = d.to_tap = p_.channels;
    d.row = down.pixel_step * image_row;
    d.tap_row = down.tap_step * image_row;
    d.dy_row = w.output[2] * p_.filters;
    d.size = w.input[2];
    d.places = w.output[2];
    d.to_row = w.window[2] * p_.filters;
    for (int64_t channel = 0; channel < p_.channels; channel += kLanes<T>) {
      const T* const errors = static_cast<const T*>(operands_[1]) + row * d.dy_row + channel;
      // `Rows` rows of taps over those of the rows of places [begin, end) that are given.
      const auto add = [&](auto count, int64_t z, int64_t tap_row, Range places) {
        if (places.end <= places.begin) return;
        const int64_t at_z = planes.first + plane * planes.pixel_step + z * planes.tap_step;
        const int64_t at_y = down.first + places.begin * down.pixel_step + tap_row * down.tap_step;
        const T* const image = image_of(row) + (at_z * w.input[1] + at_y) * image_row + channel;
        const T* const dy = errors + (places.begin - y) * d.dy_row;
        T* const to = result + (z * w.window[1] + tap_row) * d.to_row + channel;
        int64_t tap = 0;
        for (; tap + 3 <= w.window[2]; tap += 3)
          d.template add<decltype(count)::value, 3>(image, phase_.axes[2].first + tap, dy, places.end - places.begin,
                                                    to + tap * d.to_tap);
        for (; tap < w.window[2]; tap++)
          d.template add<decltype(count)::value, 1>(image, phase_.axes[2].first + tap, dy, places.end - places.begin,
                                                    to + tap * d.to_tap);
      };
      // The rows of places, of these, from which a row of taps sees the image.
      const auto seen = [&](int64_t tap_row) {
        Axis one = down;
        one.first += tap_row * down.tap_step, one.taps = 1;
        const Range all = places_inside(one, w.input[1]);
        return Range{larger(all.begin, y), smaller(all.end, y + rows)};
      };
      const Range z = taps_inside(planes, plane, w.input[0]);
      for (int64_t tap_z = z.begin; tap_z < z.end; tap_z++) {
        for (int64_t first = 0; first < w.window[1]; first += 3) {
          const int64_t last = smaller(first + 3, w.window[1]);
          Range all{y, y + rows};
          for (int64_t i = first; i < last; i++) all = {larger(all.begin, seen(i).begin), smaller(all.end, seen(i).end)};
          if (last - first < 3 || all.end <= all.begin) all = {y + rows, y + rows};
          add(Count<3>(), tap_z, first, all);
          for (int64_t i = first; i < last; i++) {
            add(Count<1>(), tap_z, i, {seen(i).begin, smaller(seen(i).end, all.begin)});
            add(Count<1>(), tap_z, i, {larger(seen(i).begin, all.end), seen(i).end});
          }
        }
      }
    }
  }

  void depthwise_band(int64_t row, int64_t rows, T* copy, T* result) const {
    if constexpr (sizeof(T) == 4) {
      if (shared_) return shared_band(row, rows, result);
    }
    const WindowParams& w = p_.at;
    const Region r = region_of(row, rows);
    const int64_t row_pitch = r.size(2) * pixel_, plane_pitch = r.size(1) * row_pitch;
    DepthwiseTaps<T> d;
    d.pixel = stride_[2] * pixel_;
    d.row_pitch = stride_[1] * row_pitch;
    d.dy_pixel = p_.filters;
    d.places = w.output[2];
    d.rows = rows;
    const int64_t taps = product(w.window);
    for (int64_t channel = 0; channel < p_.channels; channel += kLanes<T>) {
      const int64_t left = p_.channels - channel;
      d.count = static_cast<int>(smaller<int64_t>(kLanes<T>, left));
      const bool last = left <= kLanes<T>;  // then the next rows follow
      copy_columns(copy, image_of(row) + channel, r, d.count, last ? rows * w.stride[1] * w.input[2] * p_.channels : kLanes<T>);
      d.dy = static_cast<const T*>(operands_[1]) + row * w.output[2] * p_.filters + channel;
      d.dy_ahead = last ? rows * w.output[2] * p_.filters : kLanes<T>;
      d.image = copy;
      for (int64_t tap = 0; tap < taps;) {
        int64_t at[9];
        const int64_t together = taps - tap >= 9 ? 9 : 1;
        for (int64_t i = 0; i < together; i++) {
          const int64_t z = (tap + i) / (w.window[1] * w.window[2]), y = (tap + i) / w.window[2] % w.window[1];
          at[i] = z * w.dilation[0] * plane_pitch + y * w.dilation[1] * row_pitch +
                  (tap + i) % w.window[2] * w.dilation[2] * pixel_;
        }
        T* const to = result + tap * p_.filters + channel;
        together == 9 ? d.template add<9, 1>(at, to, p_.filters) : d.template add<1, 4>(at, to, p_.filters);
        tap += together;
      }
    }
  }

  static void finish(void* arg, int64_t chunk) {
    const KernelGradient& job = *static_cast<const KernelGradient*>(arg);
    const int64_t begin = chunk * kFinish, end = smaller(begin + kFinish, job.elements());
    T* const result = static_cast<T*>(job.operands_[2]);
    for (int64_t i = begin; job.parts_ > 1 && i < end; i++) {
      T sum = job.parts_at_[i];
      for (int64_t part = 1; part < job.parts_; part++) sum += job.parts_at_[part * job.elements() + i];
      result[i] = sum;
    }
    if (job.p_.epilogue != nullptr) ElementwiseRun(*job.p_.epilogue, job.operands_ + 2, kFinish).run(begin, end);
  }

  const ConvolutionParams& p_;
  int64_t channels_, filters_;  // of one group
  bool depthwise_, joined_, shared_;
  Phase phase_;
  int64_t skip_[3], sizes_[3],
      stride_[3];                   // a window of one pixel: a copy holds every skip-th one, sizes and strides are its own
  int64_t rows_;                    // of output places, in all images
  int64_t height_, tiles_, pixel_;  // rows of a tap's block of the result; tiles of it; elements of a pixel in a copy
  int64_t band_, copy_elements_;    // rows at a time
  int64_t panels_, units_, parts_;  // of filters in all groups; chunks that share them; parts of the rows
  void* const* operands_ = nullptr;
  T* parts_at_ = nullptr;
  char* slots_at_ = nullptr;
  Slots slots_;
};

}  // namespace
}  // namespace nnstack::NNSTACK_ISA_NAME
