"""The screens of users, one file each."""
