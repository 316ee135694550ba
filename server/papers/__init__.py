"""What is printed: the contract as PDF, and QR codes. Knows the domain, no network and no database."""
