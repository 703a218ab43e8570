-- An advertiser's campaigns counted by what an overview tells apart, without reading them.

CREATE INDEX ad_campaigns_overview ON ad_campaigns (party, active, budget, resumed_stop, ends_on);
