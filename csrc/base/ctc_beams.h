// Prefix search over CTC outputs (Graves 2012, "Supervised sequence labelling with recurrent neural networks", 7.5.3), one
// sample. Plain code for the CPU and CUDA alike: the search is sequential, samples are what runs at once.
#pragma once
#include <stdint.h>

#include "base/kernel.h"

#ifdef __CUDACC__
#define NNSTACK_EVERYWHERE __host__ __device__
#else
#define NNSTACK_EVERYWHERE
#endif

namespace nnstack {
namespace {

// What was spelled so far, as a tree: a prefix is the path from its node to the root.
struct PrefixNode {
  int32_t parent, label, first_child, sibling;
  int32_t beam;  // which of the present beams it is, or -1
};

// A prefix with the logarithms of the probabilities of all paths that spell it, ending in a blank or in its last label.
struct PrefixBeam {
  double blank, label, total;
  int32_t node;
  int32_t extension;  // the label to append to `node`, -1 for none
};

// Bytes that one sample needs.
NNSTACK_EVERYWHERE inline int64_t prefix_search_bytes(const CtcBeamsParams& p) {
  return 2 * p.beams * static_cast<int64_t>(sizeof(PrefixBeam)) +
         (1 + p.steps * p.beams) * static_cast<int64_t>(sizeof(PrefixNode)) / 8 * 8 + 64;
}

// Math: exp and log1p of double.
template <class T, class Math>
class PrefixSearch {
 public:
  NNSTACK_EVERYWHERE PrefixSearch(const CtcBeamsParams& params, void* scratch)
      : p_(params),
        beams_(static_cast<PrefixBeam*>(scratch)),
        candidates_(beams_ + params.beams),
        nodes_(reinterpret_cast<PrefixNode*>(candidates_ + params.beams)) {}

  // labels [paths, steps] and scores [paths]; y is [steps, classes], of which the first `steps` count.
  NNSTACK_EVERYWHERE void run(const T* y, int64_t steps, int64_t* labels, T* scores) {
    nodes_[0] = {-1, -1, -1, -1, 0};
    node_count_ = 1;
    beams_[0] = {0, kNever, 0, 0, -1};
    beam_count_ = 1;
    for (int64_t t = 0; t < steps; t++) {
      candidate_count_ = 0;
      for (int32_t b = 0; b < beam_count_; b++) offer_all(b, y + t * p_.classes);
      choose();
    }
    for (int32_t end = beam_count_; end > 1; end--) sink_first(beams_, end - 1, exchange_first(end - 1));  // best first
    for (int64_t path = 0; path < p_.paths; path++) write(path, labels + path * p_.steps, scores[path]);
  }

 private:
  static constexpr double kNever = -__builtin_inf();

  NNSTACK_EVERYWHERE static double add_logs(double a, double b) {
    const double high = a > b ? a : b, low = a > b ? b : a;
    return high == kNever ? kNever : high + Math::log1p(Math::exp(low - high));
  }

  NNSTACK_EVERYWHERE void offer_all(int32_t b, const T* y) {
    const PrefixBeam& beam = beams_[b];
    const PrefixNode& node = nodes_[beam.node];
    PrefixBeam stays{beam.total + static_cast<double>(y[p_.classes - 1]), kNever, 0, beam.node, -1};
    if (node.label >= 0) {
      const double own = static_cast<double>(y[node.label]);
      stays.label = beam.label + own;
      const int32_t before = nodes_[node.parent].beam;
      if (before >= 0) stays.label = add_logs(stays.label, to_extend(beams_[before], node.label) + own);
    }
    stays.total = add_logs(stays.blank, stays.label);
    offer(stays);
    for (int32_t c = 0; c < p_.classes - 1; c++) {
      const double ways = to_extend(beam, c) + static_cast<double>(y[c]);
      if (candidate_count_ == p_.beams && !(ways > candidates_[0].total)) continue;
      const int32_t child = child_of(beam.node, c);
      if (child >= 0 && nodes_[child].beam >= 0) continue;  // a beam of its own, which has counted this way
      offer({kNever, ways, ways, beam.node, c});
    }
  }

  // The ways that another `c` may follow: the same label again only after a blank.
  NNSTACK_EVERYWHERE double to_extend(const PrefixBeam& beam, int32_t c) const {
    return nodes_[beam.node].label == c ? beam.blank : beam.total;
  }

  NNSTACK_EVERYWHERE int32_t child_of(int32_t node, int32_t label) const {
    int32_t child = nodes_[node].first_child;
    while (child >= 0 && nodes_[child].label != label) child = nodes_[child].sibling;
    return child;
  }

  // The candidates are a heap whose first is the worst.
  NNSTACK_EVERYWHERE void offer(const PrefixBeam& candidate) {
    if (!(candidate.total > kNever)) return;
    if (candidate_count_ < p_.beams) {
      int32_t at = candidate_count_++;
      for (; at > 0 && candidate.total < candidates_[(at - 1) / 2].total; at = (at - 1) / 2)
        candidates_[at] = candidates_[(at - 1) / 2];
      candidates_[at] = candidate;
    } else if (candidate.total > candidates_[0].total) {
      sink_first(candidates_, candidate_count_, candidate);
    }
  }

  // Puts `item` in the place of a heap's first.
  NNSTACK_EVERYWHERE static void sink_first(PrefixBeam* heap, int32_t size, const PrefixBeam& item) {
    int32_t at = 0;
    for (int32_t next = 1; next < size; next = 2 * at + 1) {
      if (next + 1 < size && heap[next + 1].total < heap[next].total) next++;
      if (!(heap[next].total < item.total)) break;
      heap[at] = heap[next];
      at = next;
    }
    heap[at] = item;
  }
  NNSTACK_EVERYWHERE PrefixBeam exchange_first(int32_t last) {
    const PrefixBeam item = beams_[last];
    beams_[last] = beams_[0];
    return item;
  }

  // The candidates become the beams; the new prefixes among them get their nodes.
  NNSTACK_EVERYWHERE void choose() {
    for (int32_t b = 0; b < beam_count_; b++) nodes_[beams_[b].node].beam = -1;
    for (int32_t b = 0; b < candidate_count_; b++) {
      PrefixBeam& chosen = candidates_[b];
      if (chosen.extension >= 0) {
        int32_t child = child_of(chosen.node, chosen.extension);
        if (child < 0) {
          child = node_count_++;
          nodes_[child] = {chosen.node, chosen.extension, -1, nodes_[chosen.node].first_child, -1};
          nodes_[chosen.node].first_child = child;
        }
        chosen.node = child;
        chosen.extension = -1;
      }
      nodes_[chosen.node].beam = b;
    }
    PrefixBeam* const done = beams_;
    beams_ = candidates_;
    candidates_ = done;
    beam_count_ = candidate_count_;
  }

  NNSTACK_EVERYWHERE void write(int64_t path, int64_t* labels, T& score) const {
    for (int64_t t = 0; t < p_.steps; t++) labels[t] = -1;
    score = static_cast<T>(path < beam_count_ ? beams_[path].total : kNever);
    if (path >= beam_count_) return;
    const auto counts = [&](int32_t node) {
      return !p_.merge_repeated || nodes_[node].label != nodes_[nodes_[node].parent].label;
    };
    int64_t length = 0;
    for (int32_t node = beams_[path].node; node > 0; node = nodes_[node].parent) length += counts(node);
    for (int32_t node = beams_[path].node; node > 0; node = nodes_[node].parent)
      if (counts(node)) labels[--length] = nodes_[node].label;
  }

  const CtcBeamsParams& p_;
  PrefixBeam *beams_, *candidates_;
  PrefixNode* nodes_;
  int32_t beam_count_ = 0, candidate_count_ = 0, node_count_ = 0;
};

}  // namespace
}  // namespace nnstack
