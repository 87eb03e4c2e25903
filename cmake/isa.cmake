# csrc/cpu/isa/*.cpp compiled once per instruction set. Each set exports one kernel table; csrc/cpu chooses at run time.
# Kernel files see NNSTACK_ISA_NAME (the set's name, an identifier), NNSTACK_VECTOR_BYTES and NNSTACK_ISA_<SET>=1.
file(GLOB nnstack_isa_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/csrc/cpu/isa/*.cpp")
set(NNSTACK_ISA_OBJECTS)
# Two operations in one pass must round as two passes do.
set_source_files_properties("${PROJECT_SOURCE_DIR}/csrc/cpu/isa/pairs.cpp" PROPERTIES COMPILE_OPTIONS -ffp-contract=off)
# Its loops are written in vectors; more unrolling would only make the wheel larger.
set_source_files_properties("${PROJECT_SOURCE_DIR}/csrc/cpu/isa/normalize.cpp" PROPERTIES COMPILE_OPTIONS -O2)

function(nnstack_add_isa name vector_bytes)
  string(TOUPPER "${name}" upper)
  add_library(nnstack_isa_${name} OBJECT ${nnstack_isa_sources})
  target_link_libraries(nnstack_isa_${name} PRIVATE nnstack_flags)
  target_compile_definitions(nnstack_isa_${name} PRIVATE
    NNSTACK_ISA_${upper}=1 NNSTACK_ISA_NAME=${name} NNSTACK_VECTOR_BYTES=${vector_bytes})
  # Kernels throw nothing, so nothing has to unwind through them: a tenth of their size.
  target_compile_options(nnstack_isa_${name} PRIVATE -O3 -fno-asynchronous-unwind-tables -fno-unwind-tables ${ARGN})
  if(NNSTACK_SANITIZE STREQUAL "address")  # checks of every load that the address sanitizer makes too: a third of the build
    target_compile_options(nnstack_isa_${name} PRIVATE -fno-sanitize=null,alignment,object-size)
  endif()
  set_target_properties(nnstack_isa_${name} PROPERTIES CXX_VISIBILITY_PRESET hidden)
  set(NNSTACK_ISA_OBJECTS ${NNSTACK_ISA_OBJECTS} $<TARGET_OBJECTS:nnstack_isa_${name}> PARENT_SCOPE)
endfunction()

if(nnstack_isa_sources)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
    nnstack_add_isa(sse 16 -march=x86-64-v2 -O2)  # for old processors: small rather than fast
    # One set is enough to find what a file can do and what threads share, and instrumented kernels take minutes to compile.
    if(NNSTACK_FUZZ OR NNSTACK_SANITIZE STREQUAL "thread")
      set_source_files_properties("${PROJECT_SOURCE_DIR}/csrc/cpu/dispatch.cpp" PROPERTIES COMPILE_DEFINITIONS NNSTACK_SSE_ONLY)
      return()
    endif()
    nnstack_add_isa(avx2 32 -march=x86-64-v3)
    # g++ 12's own AVX-512 header trips this warning (GCC bug 105593).
    nnstack_add_isa(avx512 64 -march=x86-64-v4 -mprefer-vector-width=512
      $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-maybe-uninitialized>)
  else()
    nnstack_add_isa(baseline 16)
  endif()
endif()
