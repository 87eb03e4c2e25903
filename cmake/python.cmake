# The extension nnstack._core: links the libnnstack.so beside it.
file(GLOB nnstack_binding_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/csrc/bindings/*.cpp")
if(NNSTACK_PYTHON AND nnstack_binding_sources)
  find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)
  execute_process(COMMAND "${Python_EXECUTABLE}" -m pybind11 --cmakedir
                  OUTPUT_VARIABLE nnstack_pybind11_dir OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  find_package(pybind11 CONFIG REQUIRED HINTS "${nnstack_pybind11_dir}")
  pybind11_add_module(_core MODULE NO_EXTRAS ${nnstack_binding_sources})
  target_link_libraries(_core PRIVATE nnstack nnstack_flags)
  set_target_properties(_core PROPERTIES INSTALL_RPATH "$ORIGIN" CXX_VISIBILITY_PRESET hidden)
  install(TARGETS _core LIBRARY DESTINATION "${NNSTACK_LIBRARY_DIR}")
endif()
