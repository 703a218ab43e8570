-- The prepaid advertising account: the advertiser's hot row, campaigns, grants, budgets by day, clicks and their
-- lines, and rollups.

CREATE TABLE ad_accounts (
  party BYTES NOT NULL, stops INT NOT NULL, stopped_at INT, resumed_stop INT NOT NULL, resumed_at INT,
  stop_log TEXT NOT NULL, resume TEXT NOT NULL, arrears_since INT, seq INT NOT NULL, topped_up INT NOT NULL,
  grants INT NOT NULL, low_minor INT NOT NULL, low_told INT NOT NULL, auto_source TEXT NOT NULL,
  auto_threshold INT NOT NULL, auto_amount INT NOT NULL, auto_daily_cap INT NOT NULL, auto_day TEXT NOT NULL,
  auto_count INT NOT NULL, auto_sum INT NOT NULL, auto_retry_at INT, auto_failures INT NOT NULL, day TEXT NOT NULL,
  spent_today INT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (party))@;
CREATE INDEX ad_accounts_arrears ON ad_accounts (arrears_since, party) WHERE arrears_since IS NOT NULL;
CREATE INDEX ad_accounts_auto ON ad_accounts (auto_retry_at, party) WHERE auto_source <> '';

CREATE TABLE ad_campaigns (
  id BYTES NOT NULL, party BYTES NOT NULL, external_id TEXT NOT NULL, name TEXT NOT NULL, budget INT NOT NULL,
  schedule TEXT NOT NULL, active INT NOT NULL, switched_at INT NOT NULL, starts_on TEXT, ends_on TEXT,
  keywords INT NOT NULL, resumed_stop INT NOT NULL, resumed_at INT, created_at INT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (id))@;
CREATE INDEX ad_campaigns_party ON ad_campaigns (party, id);

CREATE TABLE ad_keywords (
  campaign BYTES NOT NULL, id BYTES NOT NULL, word TEXT NOT NULL, bid INT NOT NULL, active INT NOT NULL,
  switched_at INT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (campaign, id))@;

CREATE TABLE ad_grants (
  party BYTES NOT NULL, id BYTES NOT NULL, amount INT NOT NULL, given_at INT NOT NULL, expires_at INT,
  reason TEXT NOT NULL, asked_by TEXT NOT NULL, approved_by TEXT NOT NULL, ended_at INT, lost INT NOT NULL,
  PRIMARY KEY (party, id))@;
CREATE INDEX ad_grants_open ON ad_grants (expires_at, party, id) WHERE ended_at IS NULL;

CREATE TABLE ad_budget_days (
  campaign BYTES NOT NULL, day TEXT NOT NULL, spent INT NOT NULL, highest INT NOT NULL, stopped_at INT,
  sources BYTES NOT NULL, credited INT NOT NULL, closed INT NOT NULL,
  PRIMARY KEY (campaign, day))@;
CREATE INDEX ad_budget_days_open ON ad_budget_days (day, campaign) WHERE closed = 0;

CREATE TABLE ad_clicks (
  id TEXT NOT NULL, campaign BYTES NOT NULL, keyword BYTES NOT NULL, click_at INT NOT NULL, amount INT NOT NULL,
  inputs INT NOT NULL, split BYTES NOT NULL, flags INT NOT NULL,
  PRIMARY KEY (id))@;

CREATE TABLE ad_lines (
  transfer BYTES NOT NULL, party BYTES NOT NULL, campaign BYTES NOT NULL, first_at INT NOT NULL, last_at INT NOT NULL,
  clicks INT NOT NULL, sum INT NOT NULL, lines BYTES NOT NULL,
  PRIMARY KEY (transfer))@;

CREATE TABLE ad_hours (
  campaign BYTES NOT NULL, hour INT NOT NULL, clicks INT NOT NULL, spend INT NOT NULL, invalid INT NOT NULL,
  refunded INT NOT NULL, impressions INT NOT NULL, conversions INT NOT NULL,
  PRIMARY KEY (campaign, hour))@;

CREATE TABLE ad_days (
  campaign BYTES NOT NULL, keyword BYTES NOT NULL, day TEXT NOT NULL, clicks INT NOT NULL, spend INT NOT NULL,
  invalid INT NOT NULL, refunded INT NOT NULL, impressions INT NOT NULL, conversions INT NOT NULL,
  PRIMARY KEY (campaign, keyword, day))@;
