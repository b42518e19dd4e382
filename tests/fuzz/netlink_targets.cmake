# Decoders of what the kernel says.
perd_fuzzer(netlink_decode DEPS perd_netlink SOURCES netlink_decode_fuzz.cpp)
# Decoder of what hosts say.
perd_fuzzer(host_packet DEPS perd_netlink SOURCES host_packet_fuzz.cpp)
