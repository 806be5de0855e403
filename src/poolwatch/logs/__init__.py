"""What other devices wrote down: leases, logins, neighbours, switch ports, translations."""
