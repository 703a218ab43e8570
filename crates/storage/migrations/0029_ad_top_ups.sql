-- What brought an advertiser's money, in the order in which it came (A12): payments, and automatic top-ups from its own
-- earnings (A11). Those of before are found by their lines.

CREATE TABLE ad_top_ups (
  party BYTES NOT NULL, id BYTES NOT NULL, n INT NOT NULL, source TEXT NOT NULL, at INT NOT NULL, amount INT NOT NULL,
  cash INT NOT NULL, rest INT NOT NULL,
  PRIMARY KEY (party, id))@;
CREATE INDEX ad_top_ups_party ON ad_top_ups (party, n);

INSERT INTO ad_top_ups (party, id, n, source, at, amount, cash, rest)
SELECT came.party, came.id, a.topped_up + 1 - ROW_NUMBER() OVER (PARTITION BY came.party ORDER BY came.at DESC, came.id DESC),
  came.source, came.at, came.amount, came.cash, came.rest
FROM (
  SELECT party, id, 'payment' AS source, COALESCE(assigned_at, recorded_at) AS at, amount, cash,
    amount - refunding - refunded AS rest FROM payments WHERE place = 'credited'
  UNION ALL
  SELECT t.reference, t.id, 'earnings', t.at, t.amount, CASE WHEN i.kind = 4 THEN t.amount ELSE 0 END, t.amount
    FROM transfers t JOIN account_info i ON i.id = t.credit WHERE t.kind = 98) came
JOIN ad_accounts a ON a.party = came.party;

-- Nothing reads payments by party any more.
DROP INDEX payments_party;
