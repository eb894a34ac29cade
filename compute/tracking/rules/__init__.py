"""What runs may do and to whom they show themselves."""
