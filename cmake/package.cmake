# What a C++ project needs: libraries, public headers and find_package(nnstack), inside the wheel as well as elsewhere.
include(CMakePackageConfigHelpers)
install(TARGETS nnstack nnstack_static EXPORT nnstackTargets
        LIBRARY DESTINATION "${NNSTACK_LIBRARY_DIR}" ARCHIVE DESTINATION "${NNSTACK_LIBRARY_DIR}")
if(EXISTS "${PROJECT_SOURCE_DIR}/csrc/include")
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/csrc/include/" DESTINATION include FILES_MATCHING PATTERN "*.h")
endif()
install(EXPORT nnstackTargets NAMESPACE nnstack:: DESTINATION "${NNSTACK_CMAKE_DIR}")
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/nnstackConfig.cmake.in" "${PROJECT_BINARY_DIR}/nnstackConfig.cmake"
                              INSTALL_DESTINATION "${NNSTACK_CMAKE_DIR}" NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/nnstackConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/nnstackConfig.cmake" "${PROJECT_BINARY_DIR}/nnstackConfigVersion.cmake"
        DESTINATION "${NNSTACK_CMAKE_DIR}")
