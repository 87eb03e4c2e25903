// A stand-in for cuBLASLt on the CPU, with the semantics of its documentation (columns first, leading dimensions, strided
// batches), to test how the plug-in calls it: transposes, layouts, batch strides, alpha and beta.
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace {

struct Operation {
  int compute, scale;
  int32_t transpose[2];
};
struct Layout {
  int type;
  uint64_t rows, columns;
  int64_t leading;
  int32_t batch;
  int64_t stride;
};
constexpr int kInvalidValue = 7;

template <class T>
void multiply(const Operation& operation, T alpha, const T* a, const Layout& la, const T* b, const Layout& lb, T beta, T* d,
              const Layout& ld) {
  uint64_t depth = operation.transpose[0] ? la.rows : la.columns;
  for (int32_t s = 0; s < ld.batch; ++s) {
    for (uint64_t j = 0; j < ld.columns; ++j) {
      for (uint64_t i = 0; i < ld.rows; ++i) {
        double sum = 0;
        for (uint64_t k = 0; k < depth; ++k) {
          uint64_t at = operation.transpose[0] ? i * uint64_t(la.leading) + k : k * uint64_t(la.leading) + i;
          uint64_t bt = operation.transpose[1] ? k * uint64_t(lb.leading) + j : j * uint64_t(lb.leading) + k;
          sum += double(a[s * la.stride + int64_t(at)]) * double(b[s * lb.stride + int64_t(bt)]);
        }
        T& result = d[s * ld.stride + int64_t(j * uint64_t(ld.leading) + i)];
        result = T(alpha * T(sum) + (beta == 0 ? T(0) : beta * result));
      }
    }
  }
}

}  // namespace

extern "C" {
int cublasLtCreate(void** handle) {
  static int one;
  *handle = &one;
  return 0;
}
size_t cublasLtGetVersion() { return 130000; }
int cublasLtMatmulDescCreate(Operation** made, int compute, int scale) {
  *made = new Operation{compute, scale, {0, 0}};
  return 0;
}
int cublasLtMatmulDescDestroy(Operation* operation) {
  delete operation;
  return 0;
}
int cublasLtMatmulDescSetAttribute(Operation* operation, int attribute, const void* value, size_t bytes) {
  if ((attribute != 3 && attribute != 4) || bytes != 4) return kInvalidValue;
  std::memcpy(&operation->transpose[attribute - 3], value, 4);
  return 0;
}
int cublasLtMatrixLayoutCreate(Layout** made, int type, uint64_t rows, uint64_t columns, int64_t leading) {
  if (leading < int64_t(rows)) return kInvalidValue;
  *made = new Layout{type, rows, columns, leading, 1, 0};
  return 0;
}
int cublasLtMatrixLayoutDestroy(Layout* layout) {
  delete layout;
  return 0;
}
int cublasLtMatrixLayoutSetAttribute(Layout* layout, int attribute, const void* value, size_t bytes) {
  if (attribute == 5 && bytes == 4) return std::memcpy(&layout->batch, value, 4), 0;
  if (attribute == 6 && bytes == 8) return std::memcpy(&layout->stride, value, 8), 0;
  return kInvalidValue;
}
int cublasLtMatmulPreferenceCreate(int** made) {
  *made = new int(0);
  return 0;
}
int cublasLtMatmulPreferenceDestroy(int* preference) {
  delete preference;
  return 0;
}
int cublasLtMatmulPreferenceSetAttribute(int*, int attribute, const void*, size_t bytes) {
  return bytes == (attribute == 1 ? 8u : 4u) ? 0 : kInvalidValue;
}

struct Heuristic {
  uint64_t algorithm[8];
  size_t workspace;
  int state;
  float waves;
  int reserved[4];
};
// Says no to products with a single column, so that the way around it is tested too.
int cublasLtMatmulAlgoGetHeuristic(void*, Operation*, Layout* a, Layout* b, Layout* c, Layout* d, int*, int, Heuristic* result,
                                   int* found) {
  if (a->batch != d->batch || b->batch != d->batch || c->rows != d->rows) return kInvalidValue;
  *result = {};
  *found = d->rows > 1 ? 1 : 0;
  return 0;
}
int cublasLtMatmul(void*, Operation* operation, const void* alpha, const void* a, Layout* la, const void* b, Layout* lb,
                   const void* beta, const void* c, Layout*, void* d, Layout* ld, const void*, void*, size_t, void*) {
  uint64_t depth_a = operation->transpose[0] ? la->rows : la->columns,
           depth_b = operation->transpose[1] ? lb->columns : lb->rows;
  uint64_t rows = operation->transpose[0] ? la->columns : la->rows, columns = operation->transpose[1] ? lb->rows : lb->columns;
  if (c != d || depth_a != depth_b || rows != ld->rows || columns != ld->columns || la->type != ld->type) return kInvalidValue;
  if (ld->type == 1 && operation->compute == 70) {
    multiply(*operation, *static_cast<const double*>(alpha), static_cast<const double*>(a), *la, static_cast<const double*>(b),
             *lb, *static_cast<const double*>(beta), static_cast<double*>(d), *ld);
    return 0;
  }
  if (ld->type == 0 && operation->compute == 68) {
    multiply(*operation, *static_cast<const float*>(alpha), static_cast<const float*>(a), *la, static_cast<const float*>(b),
             *lb, *static_cast<const float*>(beta), static_cast<float*>(d), *ld);
    return 0;
  }
  return kInvalidValue;
}
}
