"""feedback: listen, answer, improve."""
