# How everything in this project is compiled, and nothing in the projects that use it.

if(RUSHLIGHT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(RUSHLIGHT_CCACHE_PROGRAM ccache)
  mark_as_advanced(RUSHLIGHT_CCACHE_PROGRAM)
  if(RUSHLIGHT_CCACHE_PROGRAM)
    # What it is to overlook, lest it refuses to work with precompiled headers.
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env CCACHE_SLOPPINESS=pch_defines,time_macros "${RUSHLIGHT_CCACHE_PROGRAM}")
  endif()
endif()

# -ffp-contract=off: a * b + c rounds twice on every machine, so that results don't depend on the instruction set.
# initial-exec: the thread's context is read once per op; the general model would make that a function call in a shared object.
# Not under sanitizers, and programs are compiled there as libraries are (-fPIC), lest gcc choose that model itself: its null
# checks read the flags of an addition that the linker may make a lea, which sets none, and report null pointers that are none.
function(rushlight_compile_options target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -ffp-contract=off)
  set_target_properties(${target} PROPERTIES
    CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF
    POSITION_INDEPENDENT_CODE ON COMPILE_WARNING_AS_ERROR ${RUSHLIGHT_WERROR})
  if(RUSHLIGHT_SANITIZE)
    target_compile_options(${target} PRIVATE
      -fsanitize=${RUSHLIGHT_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
      $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-fPIC>)
    target_link_options(${target} PUBLIC -fsanitize=${RUSHLIGHT_SANITIZE})
  else()
    target_compile_options(${target} PRIVATE -ftls-model=initial-exec)
  endif()
endfunction()
