"""Everything that `dbaccess check` does but print it."""
