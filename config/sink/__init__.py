"""The local stand-in for mail and SMS providers: takes everything, delivers nothing, keeps it to be read."""
