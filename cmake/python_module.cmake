# The Python module _C, beside the package's Python files: ${PROJECT_BINARY_DIR}/python goes on PYTHONPATH.

find_package(Python 3.10 REQUIRED COMPONENTS Interpreter Development.Module)
execute_process(COMMAND "${Python_EXECUTABLE}" -m nanobind --cmake_dir
                OUTPUT_VARIABLE nanobind_ROOT OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
find_package(nanobind CONFIG REQUIRED)

set(package_dir "${PROJECT_BINARY_DIR}/python/rushlight")
file(GLOB bindings CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/python/bindings/*.cpp")
nanobind_add_module(_C NB_STATIC NOMINSIZE ${bindings})
rushlight_compile_options(_C)
target_link_libraries(_C PRIVATE rushlight)
target_compile_definitions(_C PRIVATE RUSHLIGHT_VERSION="${PROJECT_VERSION}")
set_target_properties(_C PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${package_dir}")
# Links, so that an edited file counts at once.
file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}/python/rushlight" "${PROJECT_SOURCE_DIR}/python/rushlight/*.py")
foreach(file IN LISTS files)
  cmake_path(GET file PARENT_PATH folder)
  file(MAKE_DIRECTORY "${package_dir}/${folder}")
  file(CREATE_LINK "${PROJECT_SOURCE_DIR}/python/rushlight/${file}" "${package_dir}/${file}" SYMBOLIC)
endforeach()

# The stub is written by a Python that imports the module, which a sanitized one allows only with the sanitizer preloaded.
if(RUSHLIGHT_SANITIZE)
  return()
endif()

# From the whole package, which attaches methods to Tensor.
list(TRANSFORM files PREPEND "${package_dir}/")
set(raw_stub "${PROJECT_BINARY_DIR}/stub/_C.pyi")
file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/stub")
nanobind_add_stub(_C_raw_stub MODULE rushlight._C OUTPUT "${raw_stub}" PYTHON_PATH "${PROJECT_BINARY_DIR}/python"
                  DEPENDS _C ${files} INCLUDE_PRIVATE PATTERN_FILE "${PROJECT_SOURCE_DIR}/python/bindings/_C.pattern")
add_custom_command(
  OUTPUT "${package_dir}/_C.pyi"
  COMMAND "${Python_EXECUTABLE}" "${PROJECT_SOURCE_DIR}/tools/finish_stub.py" "${raw_stub}" "${package_dir}/_C.pyi"
  DEPENDS _C_raw_stub "${raw_stub}" "${PROJECT_SOURCE_DIR}/tools/finish_stub.py"
  VERBATIM)
add_custom_target(_C_stub ALL DEPENDS "${package_dir}/_C.pyi")

install(TARGETS _C LIBRARY DESTINATION rushlight COMPONENT python EXCLUDE_FROM_ALL)
install(FILES "${package_dir}/_C.pyi" DESTINATION rushlight COMPONENT python EXCLUDE_FROM_ALL)
