# A whole neighbour behind a stream of octets.
perd_fuzzer(session_stream DEPS perd_session SOURCES ${CMAKE_CURRENT_LIST_DIR}/session_stream.cpp)
