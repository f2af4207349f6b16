"""What commands say, one document each."""
