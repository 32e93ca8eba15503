"""Every contract that crosses a wire: messages, QR token, confirmation code, MACs, topics."""
