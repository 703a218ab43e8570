//! What moves for clicks: one transfer per campaign and ledger account in a call, with the clicks as its lines.

use purser_domain::{
    ads::sources::{Back, Source},
    ids::{CampaignId, PartyId},
    ledger::{AccountRef, Step, TransferKind, TransferRequest},
};

use super::{balance, lines::Lines, rows::AdLinesRow};
use crate::{
    command::{Ctx, Rejection},
    tx::Tx,
};

/// A transfer between an advertiser's money and the platform's revenue.
pub(super) struct Booking {
    party: PartyId,
    campaign: CampaignId,
    kind: TransferKind,
    /// The advertiser's side.
    source: Source,
    /// From the advertiser, or back.
    charges: bool,
}

impl Booking {
    /// Clicks are taken from a source.
    pub(super) const fn charge(party: PartyId, campaign: CampaignId, source: Source) -> Self {
        Self { party, campaign, kind: TransferKind::AdClicks, source, charges: true }
    }

    /// Money goes back.
    pub(super) const fn credit(party: PartyId, campaign: CampaignId, kind: TransferKind, back: Back) -> Self {
        let source = match back {
            Back::Arrears => Source::Arrears,
            Back::Cash => Source::Cash,
            Back::Grant(grant) => Source::Grant(grant),
        };
        Self { party, campaign, kind, source, charges: false }
    }

    /// Posts an amount.
    pub(super) fn post_amount(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        amount_minor: i64,
    ) -> Result<purser_domain::ids::TransferId, Rejection> {
        let own = balance::account(self.party, self.source, ctx.rules.currency);
        let revenue: AccountRef = balance::revenue(ctx.rules.currency);
        let (debit, credit) = if self.charges { (own, revenue) } else { (revenue, own) };
        let id = tx.new_id();
        tx.post(&TransferRequest {
            id,
            step: Step::Post,
            debit: debit.id(),
            credit: credit.id(),
            amount_minor,
            currency: ctx.rules.currency,
            kind: self.kind.code(),
            reference: self.campaign.0,
        })?;
        Ok(id)
    }

    /// Posts the sum of clicks, and keeps the clicks beside it.
    pub(super) fn post(&self, tx: &mut Tx, ctx: &Ctx, lines: Lines) -> Result<(), Rejection> {
        let Some((first_at, last_at)) = lines.span else { return Ok(()) };
        let transfer = self.post_amount(tx, ctx, lines.sum_minor)?;
        tx.put(AdLinesRow {
            transfer,
            party: self.party,
            campaign: self.campaign,
            first_at,
            last_at,
            clicks: lines.clicks,
            sum: lines.sum_minor,
            lines: lines.bytes,
        });
        Ok(())
    }
}
