# The language, flags that hold everywhere, sanitizers, ccache.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  foreach(language CXX CUDA)
    if(NOT DEFINED CMAKE_${language}_COMPILER_LAUNCHER)
      set(CMAKE_${language}_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
    endif()
  endforeach()
endif()

find_package(Threads REQUIRED)

# Never -ffast-math: linking with it switches the whole process to flushing denormals, and NaN must stay NaN.
# The default architecture is the platform's baseline: only csrc/cpu/isa may use newer instructions.
add_library(nnstack_flags INTERFACE)
target_compile_options(nnstack_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wshadow;-fno-math-errno;-fno-trapping-math;-fno-semantic-interposition>
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${NNSTACK_WERROR}>>:-Werror>
  # g++ 12 warns of overlap inside std::string's own concatenation (GCC bug 105651).
  $<$<AND:$<COMPILE_LANG_AND_ID:CXX,GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>)
target_include_directories(nnstack_flags INTERFACE "${PROJECT_SOURCE_DIR}/csrc" "${PROJECT_SOURCE_DIR}/csrc/include")
target_compile_definitions(nnstack_flags INTERFACE NNSTACK_VERSION="${PROJECT_VERSION}")

if(NNSTACK_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "NNSTACK_FUZZ needs clang: -DCMAKE_CXX_COMPILER=clang++")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
  set(NNSTACK_SANITIZE address)
endif()
if(NNSTACK_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=address,undefined)
elseif(NNSTACK_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=thread)
elseif(NNSTACK_SANITIZE)
  message(FATAL_ERROR "NNSTACK_SANITIZE is \"${NNSTACK_SANITIZE}\"; expected address, thread or nothing")
endif()
