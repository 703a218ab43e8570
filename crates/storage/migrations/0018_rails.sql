-- Looking up what may run reads only what may run: jobs that nobody has by when they became due, jobs that somebody has
-- or that wait after a failure by when that ends.

CREATE INDEX jobs_free ON jobs (kind, due_at, id) WHERE state = 0 AND lease_until = 0;
CREATE INDEX jobs_held ON jobs (kind, lease_until, id) WHERE state = 0 AND lease_until > 0;

-- How often in a row a rail was not reached, and when a server last said that it can reach it (machine time).
ALTER TABLE rails ADD COLUMN unreached INT NOT NULL DEFAULT 0;
ALTER TABLE rails ADD COLUMN seen_at INT NOT NULL DEFAULT 0;
