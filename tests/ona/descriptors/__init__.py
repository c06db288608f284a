"""The protobuf descriptors that the official client ships, read in an environment of their own."""
