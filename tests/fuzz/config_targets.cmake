# The configuration's door. The corpus began with case files of config/cases.
if(TARGET perd_config_load)
  perd_fuzzer(config_load DEPS perd_config_load SOURCES ${CMAKE_CURRENT_LIST_DIR}/config_load.cpp)
endif()
