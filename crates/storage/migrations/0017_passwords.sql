-- Whoever set a password that is not their own, until its owner has changed it; empty otherwise.
ALTER TABLE staff ADD COLUMN password_by TEXT NOT NULL DEFAULT '';
