"""Who may do what: the table (one file of rows per stage of the chain) and the objects that its rows are about."""
