# What `cmake --install` lays down: library, headers, and the package that find_package(rushlight) reads.

include(CMakePackageConfigHelpers)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/rushlight")

install(TARGETS rushlight EXPORT rushlight_targets)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/rushlight" "${RUSHLIGHT_GENERATED_ROOT}/rushlight"
        DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.h" PATTERN "*.inc")
install(EXPORT rushlight_targets NAMESPACE rushlight:: DESTINATION "${package_dir}")

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/rushlight-config.cmake.in"
                              "${PROJECT_BINARY_DIR}/rushlight-config.cmake" INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/rushlight-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/rushlight-config.cmake" "${PROJECT_BINARY_DIR}/rushlight-config-version.cmake"
        DESTINATION "${package_dir}")
