-- A file whose bytes were given out is fixed for good; one that nobody has had may still be dissolved.
ALTER TABLE bank_files ADD COLUMN given_at INT;
UPDATE bank_files SET given_at = fixed_at WHERE state IN ('ready', 'sent');
