-- What staff write down about a party: notes, and flags of risk.

CREATE TABLE party_notes (
  party BYTES NOT NULL, id BYTES NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, written_by TEXT NOT NULL,
  written_at INT NOT NULL, cleared_by TEXT NOT NULL, cleared_at INT, reason TEXT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (party, id))@;
CREATE INDEX party_notes_open ON party_notes (party, id) WHERE cleared_at IS NULL;
