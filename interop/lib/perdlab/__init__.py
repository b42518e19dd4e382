"""The interop laboratory: topologies built from network namespaces, natively or in a guest."""
