# Builds tools/generate_api and lets it write the C++ face of the op list:
#   RUSHLIGHT_GENERATED_ROOT     include path of the written headers
#   RUSHLIGHT_GENERATED_SOURCES  written sources, part of the library
#   rushlight_api                what everything that includes them depends on

set(RUSHLIGHT_GENERATED_ROOT "${PROJECT_BINARY_DIR}/generated")
set(generated_dir "${RUSHLIGHT_GENERATED_ROOT}/rushlight/generated")
set(generated_names functions.h functions.cpp tensor_methods.inc methods.cpp op_args.h map_ops.h option_names.h call_op.h call_op.cpp
    op_families.inc)
list(TRANSFORM generated_names PREPEND "${generated_dir}/" OUTPUT_VARIABLE generated_files)
set(RUSHLIGHT_GENERATED_SOURCES ${generated_files})
list(FILTER RUSHLIGHT_GENERATED_SOURCES INCLUDE REGEX "\\.cpp$")

add_executable(generate_api tools/generate_api.cpp rushlight/core/schema.cpp rushlight/base/error.cpp)
rushlight_compile_options(generate_api)
target_include_directories(generate_api PRIVATE "${PROJECT_SOURCE_DIR}")

# Written aside and copied where different: what does not change is not compiled again.
set(fresh_dir "${PROJECT_BINARY_DIR}/generated_fresh")
list(TRANSFORM generated_names PREPEND "${fresh_dir}/" OUTPUT_VARIABLE fresh_files)
add_custom_command(
  OUTPUT ${generated_files}
  COMMAND ${CMAKE_COMMAND} -E make_directory "${fresh_dir}" "${generated_dir}"
  COMMAND generate_api "${fresh_dir}" "${PROJECT_SOURCE_DIR}/rushlight/core/op_list.h"
  COMMAND ${CMAKE_COMMAND} -E copy_if_different ${fresh_files} "${generated_dir}"
  DEPENDS generate_api "${PROJECT_SOURCE_DIR}/rushlight/core/op_list.h"
  COMMENT "Writing the API from the op list"
  VERBATIM)
add_custom_target(rushlight_api DEPENDS ${generated_files})
