# How every target of perd is made: one function per kind, so that flags and rules live in one place.

add_library(perd_flags INTERFACE)
target_compile_features(perd_flags INTERFACE cxx_std_20)
target_include_directories(perd_flags INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
target_compile_options(perd_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wswitch -Wno-missing-field-initializers -Werror
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -Wno-maybe-uninitialized>  # g++ 12 sees ghosts inside libstdc++
  -fno-omit-frame-pointer -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
if(PERD_SANITIZE)
  target_compile_options(perd_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined
    -fno-sanitize=vptr)  # the pure libraries have no RTTI
  target_link_options(perd_flags INTERFACE -fsanitize=address,undefined)
endif()
if(PERD_COVERAGE)
  target_compile_options(perd_flags INTERFACE --coverage)
  target_link_options(perd_flags INTERFACE --coverage)
endif()
if(PERD_FUZZ)
  target_compile_options(perd_flags INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(perd_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# perd_library(NAME [PURE] [DEPS target...]): every .cpp of the calling folder.
# PURE: no exceptions, no RTTI (ARCHITECTURE.md, "Who may include whom").
function(perd_library name)
  cmake_parse_arguments(ARG "PURE" "" "DEPS;SOURCES" ${ARGN})
  if(NOT ARG_SOURCES)
    file(GLOB ARG_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  endif()
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC perd_flags ${ARG_DEPS})
  if(ARG_PURE)
    target_compile_options(${name} PRIVATE -fno-exceptions -fno-rtti)
  endif()
endfunction()

# perd_test(NAME [LABEL unit|sim|tidy|kernel|interop] [DEPS target...] [SOURCES ...]): a GoogleTest program.
function(perd_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "DEPS;SOURCES" ${ARGN})
  if(NOT ARG_SOURCES)
    file(GLOB ARG_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.cpp)
  endif()
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  if(NOT ARG_SOURCES)
    return()
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE perd_flags ${ARG_DEPS} GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE
    PERD_SOURCE_DIR="${PROJECT_SOURCE_DIR}" PERD_BINARY_DIR="${PROJECT_BINARY_DIR}")
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT})
endfunction()

# perd_fuzzer(NAME DEPS target... SOURCES one.cpp): with -DPERD_FUZZ=ON a libFuzzer program; always a
# corpus replay in ctest (tests/fuzz/replay_main.cpp feeds every file of tests/fuzz/corpus/NAME).
function(perd_fuzzer name)
  cmake_parse_arguments(ARG "" "" "DEPS;SOURCES" ${ARGN})
  if(PERD_FUZZ)
    add_executable(fuzz_${name} ${ARG_SOURCES})
    target_link_libraries(fuzz_${name} PRIVATE perd_flags ${ARG_DEPS})
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(fuzz_${name}_replay ${ARG_SOURCES} ${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.cpp)
    target_link_libraries(fuzz_${name}_replay PRIVATE perd_flags ${ARG_DEPS})
    add_test(NAME fuzz_${name}_replay
      COMMAND fuzz_${name}_replay ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
    set_tests_properties(fuzz_${name}_replay PROPERTIES LABELS unit TIMEOUT 120)
  endif()
endfunction()

# perd_bench(NAME DEPS target... [SOURCES ...]): a Google Benchmark program.
function(perd_bench name)
  cmake_parse_arguments(ARG "" "" "DEPS;SOURCES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE perd_flags ${ARG_DEPS} benchmark::benchmark benchmark::benchmark_main)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/bench)
endfunction()
