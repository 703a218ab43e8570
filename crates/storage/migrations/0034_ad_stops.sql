-- When a campaign was resumed before, and when a day's budget was used up before it was raised: late clicks are judged by
-- where delivery stood when they were clicked.

ALTER TABLE ad_campaigns ADD COLUMN resumed_before TEXT NOT NULL DEFAULT '';
ALTER TABLE ad_budget_days ADD COLUMN stopped_before TEXT NOT NULL DEFAULT '';
