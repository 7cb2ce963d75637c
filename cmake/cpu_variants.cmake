# The cpu backend: *.cpp for the baseline, and *.isa.cpp once per level in RUSHLIGHT_ISA_VARIANTS, each in its own namespace.

file(GLOB baseline CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/rushlight/backend/cpu/*.cpp")
set(kernels ${baseline})
list(FILTER kernels INCLUDE REGEX "\\.isa\\.cpp$")
list(FILTER baseline EXCLUDE REGEX "\\.isa\\.cpp$")
target_sources(rushlight PRIVATE ${baseline})
target_compile_definitions(rushlight PUBLIC RUSHLIGHT_CPU)

foreach(isa IN LISTS RUSHLIGHT_ISA_VARIANTS)
  set(variant rushlight_cpu_${isa})
  add_library(${variant} OBJECT ${kernels})
  rushlight_compile_options(${variant})
  add_dependencies(${variant} rushlight_api)
  # -fwrapv: the bits of floating numbers are added as integers, which may wrap for infinities and NaN.
  target_compile_options(${variant} PRIVATE -march=x86-64-${isa} -mtune=generic -fwrapv)
  target_compile_definitions(${variant} PRIVATE RUSHLIGHT_ISA=${isa})
  if(RUSHLIGHT_SANITIZE MATCHES address)
    target_compile_options(${variant} PRIVATE -fno-sanitize-address-use-after-scope)  # with it, gcc takes four times as long
  endif()
  if(RUSHLIGHT_VECTOR_BYTES)
    target_compile_definitions(${variant} PRIVATE RUSHLIGHT_VECTOR_BYTES=${RUSHLIGHT_VECTOR_BYTES})
    target_compile_options(${variant} PRIVATE -Wno-psabi)
  endif()
  target_include_directories(${variant} PRIVATE "${PROJECT_SOURCE_DIR}" "${RUSHLIGHT_GENERATED_ROOT}")
  target_sources(rushlight PRIVATE $<TARGET_OBJECTS:${variant}>)
  target_compile_definitions(rushlight PUBLIC RUSHLIGHT_HAS_ISA_${isa})
endforeach()

# Plain loops, which only -O3 vectorises.
set(plain_loops cast.isa copy.isa indexing.isa weighing.isa sorting whole_loops bind_scans bind_columns)
list(TRANSFORM plain_loops REPLACE "(.+)" "${PROJECT_SOURCE_DIR}/rushlight/backend/cpu/\\1.cpp")
# gcc 12 may crash over headers that were precompiled at another level.
set_source_files_properties(${plain_loops} PROPERTIES COMPILE_OPTIONS $<$<CONFIG:Release>:-O3> SKIP_PRECOMPILE_HEADERS ON)

# Products that are summed anyway: one rounding instead of two is closer to the truth, and twice as fast.
set(contracted ${kernels})
list(FILTER contracted INCLUDE REGEX "/(gemm|convolution|direct)[^/]*$")
set_source_files_properties(${contracted} PROPERTIES COMPILE_OPTIONS -ffp-contract=fast)
