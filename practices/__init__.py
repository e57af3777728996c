"""The tenants: practices, their members and what each member may do."""
