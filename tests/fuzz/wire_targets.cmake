# The wire codec: one target per decoder.
perd_fuzzer(wire_message DEPS perd_wire SOURCES ${CMAKE_CURRENT_LIST_DIR}/wire_message.cpp)
perd_fuzzer(wire_open DEPS perd_wire SOURCES ${CMAKE_CURRENT_LIST_DIR}/wire_open.cpp)
perd_fuzzer(wire_update DEPS perd_wire SOURCES ${CMAKE_CURRENT_LIST_DIR}/wire_update.cpp)
perd_fuzzer(wire_attribute DEPS perd_wire SOURCES ${CMAKE_CURRENT_LIST_DIR}/wire_attribute.cpp)
perd_fuzzer(wire_evpn DEPS perd_wire SOURCES ${CMAKE_CURRENT_LIST_DIR}/wire_evpn.cpp)
if(TARGET perd_message_json)
  perd_fuzzer(message_json DEPS perd_message_json
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/message_json.cpp)
endif()
