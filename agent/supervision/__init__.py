"""Never a silent line: what watches over a call and what it does when the call fails."""
