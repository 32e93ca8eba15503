"""gRPC servicers: translate, authorise, call; no rules."""
