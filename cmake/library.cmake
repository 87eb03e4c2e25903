# libnnstack: everything below csrc/ but the bindings (Python) and the per-instruction-set kernels (isa.cmake).
file(GLOB_RECURSE nnstack_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/csrc/*.cpp")
list(FILTER nnstack_sources EXCLUDE REGEX "/csrc/(bindings|cpu/isa)/")

# What runs once per program or file is compiled to be small: the wheel holds it twice.
set(nnstack_small_sources ${nnstack_sources})
list(FILTER nnstack_small_sources INCLUDE REGEX
  "/csrc/(autodiff|io)/|/csrc/passes/(flatten|fold_batch_norm|keep_fixed|prune_body|rewrite|sink_transposes)[.]cpp")
set_source_files_properties(${nnstack_small_sources} PROPERTIES COMPILE_OPTIONS -Os)

add_library(nnstack_objects OBJECT ${nnstack_sources})
target_link_libraries(nnstack_objects PRIVATE nnstack_flags Threads::Threads)

add_library(nnstack SHARED $<TARGET_OBJECTS:nnstack_objects> ${NNSTACK_ISA_OBJECTS})
add_library(nnstack_static STATIC $<TARGET_OBJECTS:nnstack_objects> ${NNSTACK_ISA_OBJECTS})
set_target_properties(nnstack_static PROPERTIES OUTPUT_NAME nnstack)
if(SKBUILD AND CMAKE_STRIP)  # in the wheel one object, so that inline functions are there once, and stripped as the shared one is
  add_custom_command(TARGET nnstack_static POST_BUILD
    COMMAND "${CMAKE_CXX_COMPILER}" -r -nostdlib -Wl,--whole-archive $<TARGET_FILE:nnstack_static> -o nnstack_static.o
    COMMAND "${CMAKE_COMMAND}" -E rm $<TARGET_FILE:nnstack_static>
    COMMAND "${CMAKE_AR}" qcs $<TARGET_FILE:nnstack_static> nnstack_static.o
    COMMAND "${CMAKE_STRIP}" --strip-unneeded $<TARGET_FILE:nnstack_static>)
endif()

foreach(library nnstack nnstack_static)
  add_library(nnstack::${library} ALIAS ${library})
  set_target_properties(${library} PROPERTIES LINKER_LANGUAGE CXX)
  target_compile_features(${library} INTERFACE cxx_std_17)
  target_include_directories(${library} INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/csrc/include> $<INSTALL_INTERFACE:include>)
endforeach()
target_link_libraries(nnstack_static INTERFACE Threads::Threads ${CMAKE_DL_LIBS})
target_link_libraries(nnstack PRIVATE Threads::Threads ${CMAKE_DL_LIBS})

# The shared library shows the names of namespace nnstack and nothing else (no weak symbols of the standard library, whose
# copies in other libraries of the process must not mix with ours). Per-instruction-set kernels are hidden by their flags.
set(nnstack_version_script "${PROJECT_SOURCE_DIR}/cmake/nnstack.map")
set_target_properties(nnstack PROPERTIES BUILD_RPATH_USE_ORIGIN ON INSTALL_RPATH "$ORIGIN" LINK_DEPENDS "${nnstack_version_script}")
target_link_options(nnstack PRIVATE "-Wl,--version-script=${nnstack_version_script}" -Wl,-Bsymbolic-functions)
if(NOT NNSTACK_SANITIZE)
  target_link_options(nnstack PRIVATE -Wl,--no-undefined)
endif()
