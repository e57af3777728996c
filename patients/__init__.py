"""Records of patients: identity, relatives, and which account has proved to own a record."""
