# Every build option, with its default.
set(NNSTACK_CUDA "AUTO" CACHE STRING "CUDA plug-in: AUTO (where nvcc works), ON (or fail), OFF")
set(NNSTACK_BLAS "openblas" CACHE STRING "BLAS opened at run time: openblas (bundled from PyPI), system, mkl, none")
set(NNSTACK_SANITIZE "" CACHE STRING "address (with undefined), thread, or empty")
if(SKBUILD)
  option(NNSTACK_PYTHON "Build the Python extension" ON)
else()
  option(NNSTACK_PYTHON "Build the Python extension" OFF)
endif()
option(NNSTACK_TESTS "Build the C++ tests of tests/cpp" OFF)
option(NNSTACK_EMU "Build the CUDA kernels for the CPU, with their tests (tests/emu)" OFF)
option(NNSTACK_BENCH "Build the C++ benchmarks of bench/cpp" OFF)
option(NNSTACK_FUZZ "Build the libFuzzer targets of tests/fuzz, with clang" OFF)
option(NNSTACK_WERROR "Warnings are errors" OFF)
set_property(CACHE NNSTACK_CUDA PROPERTY STRINGS AUTO ON OFF)
set_property(CACHE NNSTACK_BLAS PROPERTY STRINGS openblas system mkl none)
set_property(CACHE NNSTACK_SANITIZE PROPERTY STRINGS "" address thread)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

# Where things go. A wheel keeps everything in the package's own folder, which is the install prefix there.
include(GNUInstallDirs)
if(SKBUILD)
  set(NNSTACK_LIBRARY_DIR ".")
  set(NNSTACK_CMAKE_DIR "cmake")
else()
  set(NNSTACK_LIBRARY_DIR "${CMAKE_INSTALL_LIBDIR}")
  set(NNSTACK_CMAKE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/nnstack")
endif()

# The architectures must be set before CUDA is enabled. This list runs on every GPU that CUDA 13 knows: Ampere, Ada and
# Hopper as it is; for Turing, and for those after Hopper, the driver compiles the last entry when it is first used. Each
# more would add 0.36 MB to the wheel.
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES "80-real;90-real;75-virtual")
endif()

# AUTO builds the plug-in where a CUDA 13 compiler works.
if(NNSTACK_CUDA STREQUAL "AUTO")
  include(CheckLanguage)
  check_language(CUDA)
  set(NNSTACK_CUDA OFF)  # shadows the cache entry, in this run only
  if(CMAKE_CUDA_COMPILER)
    find_package(CUDAToolkit 13.0 QUIET)
    set(NNSTACK_CUDA ${CUDAToolkit_FOUND})
  endif()
  message(STATUS "nnstack: the CUDA plug-in is built: ${NNSTACK_CUDA} (NNSTACK_CUDA=AUTO)")
endif()
