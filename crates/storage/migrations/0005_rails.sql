-- Which rails some server of these books can reach.
ALTER TABLE rails ADD COLUMN connected INT NOT NULL DEFAULT 0;
