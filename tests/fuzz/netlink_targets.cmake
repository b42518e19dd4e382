# Decoders of what the kernel says.
perd_fuzzer(netlink_decode DEPS perd_netlink SOURCES netlink_decode_fuzz.cpp)
