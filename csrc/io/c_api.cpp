#include "nnstack/c_api.h"

#include <new>

#include "nnstack/model.h"

struct nnstack_model {
  nnstack::Model model;
};
struct nnstack_session {
  nnstack::Session session;
};

namespace {

thread_local std::string last_error;

// Runs a piece of C++ for a caller that knows no exceptions.
template <class Function>
int guarded(Function function) noexcept {
  try {
    function();
    return 0;
  } catch (const std::exception& error) {
    last_error = error.what();
  } catch (...) {
    last_error = "unknown error";
  }
  return 1;
}

}  // namespace

extern "C" {

const char* nnstack_version(void) { return nnstack::version(); }
const char* nnstack_error(void) { return last_error.c_str(); }

int nnstack_model_load(const char* path, nnstack_model** model) {
  return guarded([&] { *model = new nnstack_model{nnstack::Model::load(path)}; });
}
void nnstack_model_free(nnstack_model* model) { delete model; }

int nnstack_session_new(const nnstack_model* model, const char* function, nnstack_session** session) {
  return guarded([&] { *session = new nnstack_session{model->model.session(function)}; });
}
void nnstack_session_free(nnstack_session* session) { delete session; }

int64_t nnstack_input_row(const nnstack_session* session) { return session->session.input_row(); }
int64_t nnstack_output_row(const nnstack_session* session) { return session->session.output_row(); }
int nnstack_predict(nnstack_session* session, const float* input, int64_t rows, float* output) {
  return guarded([&] { session->session.predict(input, rows, output); });
}

}  // extern "C"
