// Forward and the gradient of the input: rows of places as a matrix whose rows are a pixel apart, no patches are made. Rows of
// taps that look outside of the image are left out; columns beside it are zeros in a copy.
//   blocks of places   the kernel is packed in panels once, in the order in which tiles read it, and each block meets all of it
//   panels             where the kernel is larger than the images: each panel meets all images while it is packed, a few steps
//                      at a time, and what it packs next is on its way from memory
#pragma once
#include "cpu/isa/depthwise.h"
#include "cpu/isa/elementwise.h"
#include "cpu/isa/pack.h"
#include "cpu/isa/tile.h"
#include "cpu/isa/window_walk.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

constexpr int64_t kRegionBytes = 192 * 1024;  // of a bordered copy: with a panel of the kernel it fits the second-level cache
constexpr int64_t kKernelBytes = 512 * 1024;  // of a kernel that stays in the second-level cache
constexpr int64_t kPanelSteps = 128;          // of a panel at a time, where panels are packed one by one
constexpr int64_t kLeastPanelSteps = 64;
constexpr int64_t kLineBytes = 64;

// A convolution, one block of places at a time.
template <class T>
class Walk {
 public:
  explicit Walk(const ConvolutionParams& p) : p_(p), forward_(p.pass == ConvolutionPass::forward) {
    const WindowParams& w = p.at;
    for (int d = 0; d < 3; d++) {
      sizes_[d] = forward_ ? w.input[d] : w.output[d];
      result_[d] = forward_ ? w.output[d] : w.input[d];
      phases_[d] = forward_ ? 1 : w.stride[d];
      grid_[d] = divide_up(result_[d], phases_[d]);
    }
    image_channels_ = forward_ ? p.channels : p.filters;
    result_channels_ = forward_ ? p.filters : p.channels;
    inner_ = image_channels_ / p.groups;
    columns_ = result_channels_ / p.groups;
    depthwise_ = inner_ == 1 && columns_ == 1;
    Region all = kNoRegion;
    const int64_t zero[3] = {};
    for (int64_t i = 0; i < phase_count(); i++) all.hold(phase(i), zero, grid_);
    bordered_ = !depthwise_ && (all.begin[2] < 0 || (all.end[2] > sizes_[2] && all.begin[2] != INT64_MAX));
    choose_blocks();
  }

  int64_t phase_count() const { return product(phases_); }
  Phase phase(int64_t i) const {
    if (forward_) return {{forward_axis(p_.at, 0), forward_axis(p_.at, 1), forward_axis(p_.at, 2)}};
    return {{gradient_axis(p_.at, 0, i / (phases_[1] * phases_[2])), gradient_axis(p_.at, 1, i / phases_[2] % phases_[1]),
             gradient_axis(p_.at, 2, i % phases_[2])}};
  }
  int64_t chunks() const { return divide_up(items_, items_per_chunk_); }
  int64_t packed_columns() const { return round_up(columns_, kLanes<T>); }
  int64_t packed_bytes() const {  // of the kernel: every tap belongs to one phase
    if (depthwise_) return 0;
    return round_up(product(p_.at.window) * inner_ * packed_columns() * p_.groups * static_cast<int64_t>(sizeof(T)), 64);
  }
  int64_t slot_bytes() const { return bordered_ ? round_up(region_bytes_, 64) + 64 : 0; }
  const char* name() const { return depthwise_ ? "depthwise" : bordered_ ? "tiles on bordered blocks" : "tiles"; }
  int64_t scratch_bytes() const { return packed_bytes() + smaller(chunks(), kSlots) * slot_bytes(); }

  void run(void* const* operands, const KernelContext& context) {
    operands_ = operands;
    kernel_ = static_cast<const T*>(operands[1]);
    packed_ = static_cast<T*>(context.scratch);
    slots_at_ = static_cast<char*>(context.scratch) + packed_bytes();
    if (!depthwise_) context.parallel(context.pool, p_.groups * panels(), pack, this);
    context.parallel(context.pool, chunks(), run_chunk, this);
  }

 private:
  static constexpr int64_t kPanel = 2 * kLanes<T>;
  int64_t panels() const { return divide_up(columns_, kPanel); }
  int64_t panel_width(int64_t column) const { return smaller(kPanel, packed_columns() - column); }

  // Blocks of rows (of planes, where they are small) whose region stays in the cache, of about one size.
  void choose_blocks() {
    const double work = 2.0 * static_cast<double>(p_.at.batch) * static_cast<double>(product(p_.at.output)) *
                        static_cast<double>(product(p_.at.window)) * static_cast<double>(p_.channels / p_.groups) *
                        static_cast<double>(p_.filters);
    const int64_t wanted = smaller(kChunks, static_cast<int64_t>(work / kChunkWorth) + 1);
    block_[0] = grid_[0], block_[1] = grid_[1];
    int64_t parts = 1;
    while (block_[0] > 1 && (bytes_of_block() > kRegionBytes || p_.at.batch * parts < wanted)) {
      block_[0] = divide_up(block_[0], 2);
      parts = divide_up(grid_[0], block_[0]);
    }
    const int64_t planes = parts;
    for (int64_t cuts = 2; block_[1] > 1 && (bytes_of_block() > kRegionBytes || p_.at.batch * parts < wanted); cuts++) {
      block_[1] = divide_up(grid_[1], cuts);
      parts = planes * divide_up(grid_[1], block_[1]);
    }
    blocks_[0] = divide_up(grid_[0], block_[0]);
    blocks_[1] = divide_up(grid_[1], block_[1]);
    region_bytes_ = bytes_of_block();
    items_ = p_.at.batch * blocks_[0] * blocks_[1];
    items_per_chunk_ = larger<int64_t>(1, static_cast<int64_t>(kChunkWorth * static_cast<double>(items_) / larger(work, 1.0)));
  }

  // An upper bound: the region of the first block of the largest phases.
  int64_t bytes_of_block() const {
    Region r = kNoRegion;
    const int64_t zero[3] = {}, to[3] = {block_[0], block_[1], grid_[2]};
    for (int64_t i = 0; i < phase_count(); i++) r.hold(phase(i), zero, to);
    if (r.begin[2] == INT64_MAX) return 0;
    return r.size(0) * r.size(1) * r.size(2) * image_channels_ * static_cast<int64_t>(sizeof(T));
  }

  // One panel of one group, all phases.
  static void pack(void* arg, int64_t index) {
    const Walk& walk = *static_cast<const Walk*>(arg);
    const ConvolutionParams& p = walk.p_;
    const int64_t group = index / walk.panels(), column = index % walk.panels() * kPanel;
    const int64_t width = walk.panel_width(column), columns = smaller(kPanel, walk.columns_ - column);
    T* to = walk.panel_of(group, column);
    for (int64_t i = 0; i < walk.phase_count(); i++) {
      const Phase phase = walk.phase(i);
      for (int64_t z = 0; z < phase.axes[0].taps; z++) {
        for (int64_t y = 0; y < phase.axes[1].taps; y++) {
          for (int64_t x = 0; x < phase.axes[2].taps; x++, to += walk.inner_ * width) {
            const T* tap = walk.kernel_ + phase.kernel_place(p.at.window, z, y, x) * (p.channels / p.groups) * p.filters;
            if (walk.forward_)
              pack_panel(to, width, tap + group * walk.columns_ + column, p.filters, walk.inner_, columns);
            else
              pack_panel_transposed(to, width, tap + column * p.filters + group * walk.inner_, p.filters, walk.inner_, columns);
          }
        }
      }
    }
  }
  T* panel_of(int64_t group, int64_t column) const {
    return packed_ + product(p_.at.window) * inner_ * (group * packed_columns() + column);
  }

  static void run_chunk(void* arg, int64_t chunk) {
    Walk& walk = *static_cast<Walk*>(arg);
    const int64_t slot = walk.bordered_ ? walk.slots_.take() : 0;
    T* const region = reinterpret_cast<T*>(walk.slots_at_ + slot * walk.slot_bytes());
    const int64_t first = chunk * walk.items_per_chunk_, last = smaller(first + walk.items_per_chunk_, walk.items_);
    if (walk.p_.epilogue == nullptr) {
      for (int64_t item = first; item < last; item++) walk.run_item(item, region, [](int64_t, int64_t) {});
    } else {
      const int64_t longest = walk.block_[0] * walk.phases_[0] * walk.block_[1] * walk.phases_[1] * walk.result_[2];
      ElementwiseRun epilogue(*walk.p_.epilogue, walk.operands_ + 2, longest * walk.result_channels_);
      for (int64_t item = first; item < last; item++)
        walk.run_item(item, region, [&](int64_t begin, int64_t end) { epilogue.run(begin, end); });
    }
    if (walk.bordered_) walk.slots_.give_back(slot);
  }

  // One block of one image: copy with borders, products, epilogue.
  template <class Finish>
  void run_item(int64_t item, T* copy, const Finish& finish) const {
    const int64_t image = item / (blocks_[0] * blocks_[1]);
    const int64_t z = item / blocks_[1] % blocks_[0] * block_[0], y = item % blocks_[1] * block_[1];
    const int64_t from[3] = {z, y, 0};
    const int64_t to[3] = {smaller(z + block_[0], grid_[0]), smaller(y + block_[1], grid_[1]), grid_[2]};
    const T* source = static_cast<const T*>(operands_[0]) + image * product(sizes_) * image_channels_;
    Region region{{0, 0, 0}, {sizes_[0], sizes_[1], sizes_[2]}};
    if (bordered_) {
      region = kNoRegion;
      for (int64_t i = 0; i < phase_count(); i++) region.hold(phase(i), from, to);
      if (region.begin[2] == INT64_MAX) region = Region{};
      for (int d = 0; d < 2; d++) {  // rows outside of the image are not looked at
        region.begin[d] = larger<int64_t>(region.begin[d], 0);
        region.end[d] = smaller(region.end[d], sizes_[d]);
      }
      copy_region(copy, source, sizes_, image_channels_, region);
      source = copy;
    }
    T* const result = static_cast<T*>(operands_[2]) + image * product(result_) * result_channels_;
    int64_t taps = 0;
    for (int64_t i = 0; i < phase_count(); i++) {
      const Phase one = phase(i);
      if (depthwise_)
        depthwise_phase(one, source, result, from, to);
      else
        run_phase(one, taps, region, source, result, from, to);
      taps += one.taps();
    }
    for (int64_t plane = z * phases_[0]; plane < smaller(to[0] * phases_[0], result_[0]); plane++) {
      const int64_t begin = (image * result_[0] + plane) * result_[1];
      const int64_t row = result_[2] * result_channels_;
      finish((begin + y * phases_[1]) * row, (begin + smaller(to[1] * phases_[1], result_[1])) * row);
    }
  }

  // What tap (tap_z, tap_y, 0) of grid place (z, y, 0) looks at, and the result's place.
  const T* image_row(const Phase& f, const Region& r, const T* source, int64_t z, int64_t y, int64_t tap_z,
                     int64_t tap_y) const {
    const int64_t at_z = f.axes[0].first + z * f.axes[0].pixel_step + tap_z * f.axes[0].tap_step - r.begin[0];
    const int64_t at_y = f.axes[1].first + y * f.axes[1].pixel_step + tap_y * f.axes[1].tap_step - r.begin[1];
    return source + ((at_z * r.size(1) + at_y) * r.size(2) + f.axes[2].first - r.begin[2]) * image_channels_;
  }
  T* result_row(const Phase& f, T* result, int64_t z, int64_t y) const {
    const int64_t at_z = f.axes[0].offset + z * f.axes[0].step, at_y = f.axes[1].offset + y * f.axes[1].step;
    return result + ((at_z * result_[1] + at_y) * result_[2] + f.axes[2].offset) * result_channels_;
  }

  void run_phase(const Phase& f, int64_t taps_before, const Region& r, const T* source, T* result, const int64_t (&from)[3],
                 const int64_t (&to)[3]) const {
    const Axis& along = f.axes[2];
    // Taps of a row side by side make one segment; otherwise each tap is one.
    const bool joined = along.tap_step == 1 && p_.groups == 1;
    const int64_t segment_pitch = (joined ? f.axes[1].tap_step * r.size(2) : along.tap_step) * image_channels_;
    const int64_t tiles = divide_up(along.count, kTileRows);
    TileArguments<T> t;
    t.a_stride = along.pixel_step * image_channels_;
    t.c_row = along.step * result_channels_;
    for (int64_t group = 0; group < p_.groups; group++) {
      for (int64_t column = 0; column < columns_; column += kPanel) {
        const int64_t width = panel_width(column);
        const T* const panel = panel_of(group, column) + taps_before * inner_ * width;
        t.columns = static_cast<int>(smaller(width, columns_ - column));
        t.b_step = width;
        for (int64_t z = from[0]; z < smaller(to[0], f.axes[0].count); z++) {
          for (int64_t y = from[1]; y < smaller(to[1], f.axes[1].count); y++) {
            const Range taps_z = taps_inside(f.axes[0], z, sizes_[0]), taps_y = taps_inside(f.axes[1], y, sizes_[1]);
            const bool none = along.taps == 0 || taps_z.end <= taps_z.begin || taps_y.end <= taps_y.begin;
            t.steps = none ? 0 : joined ? along.taps * inner_ : inner_;
            t.segments = none ? 1 : joined ? taps_y.end - taps_y.begin : along.taps;
            t.a_jump = segment_pitch - t.steps;
            T* const out = result_row(f, result, z, y) + group * columns_ + column;
            for (int64_t i = 0; i < tiles; i++) {
              const int64_t x = along.count * i / tiles, rows = along.count * (i + 1) / tiles - x;
              const TileFunction<T> function = kTiles<T>.functions[0][rows - 1][width / kLanes<T> - 1];
              t.c = out + x * t.c_row;
              t.start = true;
              if (none) function(t);
              for (int64_t tz = taps_z.begin; tz < taps_z.end && !none; tz++) {
                for (int64_t ty = taps_y.begin; ty < (joined ? taps_y.begin + 1 : taps_y.end); ty++) {
                  t.a = image_row(f, r, source, z, y, tz, ty) + group * inner_ + x * t.a_stride;
                  t.b = panel + (tz * f.axes[1].taps + ty) * along.taps * inner_ * width;
                  function(t);
                  t.start = false;
                }
              }
            }
          }
        }
      }
    }
  }

  void depthwise_phase(const Phase& f, const T* source, T* result, const int64_t (&from)[3], const int64_t (&to)[3]) const {
    const Region whole{{0, 0, 0}, {sizes_[0], sizes_[1], sizes_[2]}};
    const Axis &plane = f.axes[0], &row = f.axes[1], &along = f.axes[2];
    const int64_t(&window)[3] = p_.at.window;
    DepthwiseRow<T> d;
    d.kernel = kernel_ + f.kernel_place(window, 0, 0, 0) * p_.filters;
    d.kernel_tap = along.kernel_step * p_.filters;
    d.kernel_row = row.kernel_step * window[2] * p_.filters;
    d.kernel_plane = plane.kernel_step * window[1] * window[2] * p_.filters;
    d.pixel = along.pixel_step * image_channels_;
    d.out_pixel = along.step * result_channels_;
    d.tap_pitch = along.tap_step * image_channels_;
    d.row_pitch = row.tap_step * sizes_[2] * image_channels_;
    d.plane_pitch = plane.tap_step * sizes_[1] * sizes_[2] * image_channels_;
    d.along = along;
    d.size = sizes_[2];
    d.channels = result_channels_;
    for (int64_t z = from[0]; z < smaller(to[0], plane.count); z++) {
      d.z = taps_inside(plane, z, sizes_[0]);
      for (int64_t y = from[1]; y < smaller(to[1], row.count); y++) {
        d.y = taps_inside(row, y, sizes_[1]);
        d.image = image_row(f, whole, source, z, y, 0, 0);
        d.out = result_row(f, result, z, y);
        d.run();
      }
    }
  }

  const ConvolutionParams& p_;
  const bool forward_;
  bool depthwise_, bordered_;
  int64_t sizes_[3], result_[3];  // of the image that is read and of the result
  int64_t phases_[3], grid_[3];   // grid: the largest of the phases
  int64_t block_[2], blocks_[2];  // grid planes and rows of a block; blocks of an image
  int64_t image_channels_, result_channels_, inner_, columns_;
  int64_t region_bytes_, items_, items_per_chunk_;
  void* const* operands_ = nullptr;
  const T* kernel_ = nullptr;
  T* packed_ = nullptr;
  char* slots_at_ = nullptr;
  Slots slots_;
};

}  // namespace
}  // namespace nnstack::NNSTACK_ISA_NAME
