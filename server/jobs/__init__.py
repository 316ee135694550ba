"""What happens without anybody calling: expiry and sweeping."""
