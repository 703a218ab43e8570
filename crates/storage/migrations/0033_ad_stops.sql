-- When a campaign was resumed before, and when a day's budget was used up before it was raised: late clicks are judged by
-- where delivery stood when they were clicked.

ALTER TABLE ad_campaigns ADD COLUMN resumed_before TEXT NOT NULL DEFAULT '';
ALTER TABLE ad_budget_days ADD COLUMN stopped_before TEXT NOT NULL DEFAULT '';

-- Budget days that are not closed, instead of an index that every click would have to write.

CREATE TABLE ad_open_days (
  day TEXT NOT NULL, campaign BYTES NOT NULL, at INT NOT NULL,
  PRIMARY KEY (day, campaign))@;
INSERT INTO ad_open_days (day, campaign, at)
SELECT b.day, b.campaign, c.created_at FROM ad_budget_days b JOIN ad_campaigns c ON c.id = b.campaign WHERE b.closed = 0;
DROP INDEX ad_budget_days_open;

-- Nothing reads these.
DROP INDEX ad_accounts_auto;
