-- Advertisers from before there were advertising accounts, or whose balance was posted by hand: each gets its row, and its
-- payments their places among top-ups, as those of 0029 have. More of a payment may have gone back than became balance of it;
-- such a one says so, and nothing of it goes back any more. (What is owed beside a balance is paid when the server starts.)

INSERT INTO ad_accounts (party, stops, stopped_at, resumed_stop, resumed_at, stop_log, resume, arrears_since, seq, topped_up,
  grants, low_minor, low_told, auto_source, auto_threshold, auto_amount, auto_daily_cap, auto_day, auto_count, auto_sum,
  auto_retry_at, auto_failures, day, spent_today, version)
SELECT m.party, 0, CASE WHEN m.owed > 0 OR m.cash <= 0 THEN m.at END, 0, NULL, '', '', CASE WHEN m.owed > 0 THEN m.at END, 0,
  (SELECT COUNT(*) FROM payments p WHERE p.party = m.party AND p.place = 'credited'),
  0, 0, 0, '', 0, 0, 0, '', 0, 0, NULL, 0, '', 0, 0
FROM (
  SELECT i.owner AS party, CAST(SUM(CASE WHEN i.kind = 8 THEN a.posted ELSE 0 END) AS BIGINT) AS owed,
    CAST(SUM(CASE WHEN i.kind = 4 THEN a.posted - a.held_out ELSE 0 END) AS BIGINT) AS cash, MAX(a.last_at) AS at
  FROM account_info i JOIN accounts a ON a.id = i.id WHERE i.kind IN (4, 8) GROUP BY i.owner) m
WHERE NOT EXISTS (SELECT 1 FROM ad_accounts known WHERE known.party = m.party);

INSERT INTO ad_top_ups (party, id, n, source, at, amount, cash, rest)
SELECT p.party, p.id, a.topped_up + 1 - ROW_NUMBER() OVER (PARTITION BY p.party
    ORDER BY COALESCE(p.assigned_at, p.recorded_at) DESC, p.id DESC),
  'payment', COALESCE(p.assigned_at, p.recorded_at), p.amount, p.cash, p.amount - p.refunding - p.refunded
FROM payments p JOIN ad_accounts a ON a.party = p.party
WHERE p.place = 'credited' AND NOT EXISTS (SELECT 1 FROM ad_top_ups t WHERE t.party = p.party AND t.id = p.id);

UPDATE ad_top_ups SET source = 'exceeded' WHERE source = 'payment' AND rest < amount - cash;
