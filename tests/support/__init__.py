"""Servers, clients and readers that the integration tests are made of. Each file is one part of the outside world; none of them knows how egressd works inside."""
