-- Giving balance back (A12): the payments of an advertiser, the newest first.

CREATE INDEX payments_party ON payments (party, recorded_at, id);
