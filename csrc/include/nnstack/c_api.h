/* The same for C and for foreign-function interfaces. Functions return 0 for success; nnstack_error() then tells the calling
 * thread what went wrong. A model may be shared by threads, a session belongs to one at a time. */
#pragma once
#include <stdint.h>

#include "nnstack/export.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nnstack_model nnstack_model;
typedef struct nnstack_session nnstack_session;

NNSTACK_API const char* nnstack_version(void);
NNSTACK_API const char* nnstack_error(void);

NNSTACK_API int nnstack_model_load(const char* path, nnstack_model** model);
NNSTACK_API void nnstack_model_free(nnstack_model* model);

/* A session keeps what it needs of its model: the model may be freed first. */
NNSTACK_API int nnstack_session_new(const nnstack_model* model, const char* function, nnstack_session** session);
NNSTACK_API void nnstack_session_free(nnstack_session* session);

/* For functions of one float32 input and one float32 output: sizes of a row, and rows of them. */
NNSTACK_API int64_t nnstack_input_row(const nnstack_session* session);
NNSTACK_API int64_t nnstack_output_row(const nnstack_session* session);
NNSTACK_API int nnstack_predict(nnstack_session* session, const float* input, int64_t rows, float* output);

#ifdef __cplusplus
}
#endif
