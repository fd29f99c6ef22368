"""What `bin/prod-check` looks at: each check yields a sentence for each problem, with what to do about it."""
