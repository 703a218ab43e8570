//! The prepaid advertising account (A1–A12): campaigns and keywords, the account, grants, reports.

mod account;
mod campaigns;
mod dto;
mod grants;
mod keywords;
mod log;
mod reports;

pub(crate) use account::*;
pub(crate) use campaigns::*;
pub(crate) use grants::*;
pub(crate) use keywords::*;
pub(crate) use log::*;
pub(crate) use reports::*;

use std::sync::Arc;

use purser_domain::{ids::PartyId, parties::Role, time::Timestamp};
use purser_engine::{
    Fault, Rules, Session,
    ads::AdMoment,
    parties::{self, PartyRow},
};

use crate::{App, problem::Problem};

/// When and by which rules a request reads, held for as long as it does.
pub(crate) struct Reading {
    rules: Arc<Rules>,
    zone: purser_domain::time::Zone,
    now: Timestamp,
}

impl Reading {
    pub(crate) fn of(app: &App) -> Self {
        Self { rules: app.rules(), zone: app.zone.clone(), now: app.now() }
    }

    pub(crate) fn moment(&self) -> AdMoment<'_> {
        AdMoment {
            now: self.now,
            zone: &self.zone,
            currency: self.rules.currency,
            view: self.rules.policy.now(self.now),
        }
    }
}

/// An advertiser, read in the snapshot of whatever else is read of it.
pub(crate) enum Known<T> {
    /// There is no such party.
    Nobody,
    /// The party is no advertiser.
    Other,
    /// What was read.
    Advertiser(T),
}

/// Reads something of an advertiser.
pub(crate) fn of_advertiser<T>(
    session: &mut dyn Session,
    party: PartyId,
    read: impl FnOnce(&mut dyn Session, &PartyRow) -> Result<T, Fault>,
) -> Result<Known<T>, Fault> {
    let Some(row) = parties::party(session, party)? else { return Ok(Known::Nobody) };
    if !row.roles().has(Role::Advertiser) {
        return Ok(Known::Other);
    }
    read(session, &row).map(Known::Advertiser)
}

impl<T> Known<T> {
    pub(crate) fn or_problem(self, party: PartyId) -> Result<T, Problem> {
        match self {
            Self::Advertiser(found) => Ok(found),
            Self::Nobody => Err(Problem::not_found("party_unknown", format!("there is no party {party}"))),
            Self::Other => {
                let text = "only an advertiser has an advertising account";
                Err(Problem::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, "not_an_advertiser", text))
            }
        }
    }
}
