-- When somebody did something in a portal session last: it ends when nobody did for as long as policy says.

ALTER TABLE portal_sessions ADD COLUMN seen_at INT NOT NULL DEFAULT 0;
