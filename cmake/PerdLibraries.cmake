# Names for the libraries that Debian has in more than one form: perd_yaml, perd_nl, perd_spdlog.
# With PERD_STATIC their archives are used (spdlog and fmt have none and come as headers), so that a
# program maps and keeps only what it calls.

add_library(perd_yaml INTERFACE)
add_library(perd_nl INTERFACE)
add_library(perd_spdlog INTERFACE)
if(PERD_STATIC)
  find_library(PERD_YAML_ARCHIVE libyaml-cpp.a REQUIRED)
  find_library(PERD_NL_ARCHIVE libnl-3.a REQUIRED)
  target_include_directories(perd_yaml INTERFACE ${YAML_CPP_INCLUDE_DIR})
  target_link_libraries(perd_yaml INTERFACE ${PERD_YAML_ARCHIVE})
  target_include_directories(perd_nl INTERFACE ${LIBNL_INCLUDE_DIRS})
  target_link_libraries(perd_nl INTERFACE ${PERD_NL_ARCHIVE} Threads::Threads)
  target_link_libraries(perd_spdlog INTERFACE spdlog::spdlog_header_only)
  target_compile_definitions(perd_spdlog INTERFACE FMT_HEADER_ONLY=1)
  add_link_options(-static-libstdc++ -static-libgcc -Wl,--gc-sections)
  add_compile_options(-ffunction-sections -fdata-sections)
else()
  target_link_libraries(perd_yaml INTERFACE yaml-cpp)
  target_link_libraries(perd_nl INTERFACE PkgConfig::LIBNL)
  target_link_libraries(perd_spdlog INTERFACE spdlog::spdlog)
endif()
