//! Signing creators, and changing memberships.

use purser_domain::{
    agencies::{self, Both, Change, Span},
    ids::{MembershipId, PartyId, Uid},
    parties::{PartyStatus, Role},
    time::Timestamp,
};

use super::rows::{CreatorAgencies, MembershipRow};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    parties::{PartyRow, unknown_party},
    tx::{Needs, Tx},
};

/// The id of the membership of a creator in an agency that begins at an instant: entering it twice is entering it
/// once.
pub fn membership_id(creator: PartyId, agency: PartyId, from: Timestamp) -> MembershipId {
    let parts: [&[u8]; 3] = [&creator.0.0, &agency.0.0, &from.0.to_le_bytes()];
    MembershipId(Uid::derive("purser membership v1", &parts))
}

fn rejected(rejection: &agencies::Rejection) -> Rejection {
    use agencies::Rejection as R;
    let plain = Rejection::new(rejection.code(), rejection.to_string());
    match rejection {
        R::NotACreator => plain.at("/creator_id"),
        R::NotAnAgency | R::OwnAgency => plain.at("/agency_id"),
        R::IntervalEmpty | R::Conflict => plain.at("/to"),
        R::ContactInvalid => plain.at("/contact"),
        R::Overlap { other } => plain.at("/from").with(Facts::new().text("membership_id", other.to_string())),
        R::PartyClosed | R::TooMany | R::Unknown => plain,
    }
}

fn spans_of(tx: &Tx, creator: PartyId) -> (Vec<Span>, i64) {
    tx.get::<CreatorAgencies>(&creator).map_or((Vec::new(), 0), |row| (row.spans(), row.version))
}

fn keep(tx: &mut Tx, creator: PartyId, spans: &[Span], version: i64) {
    tx.put(CreatorAgencies { creator, spans: CreatorAgencies::text(spans), version: version + 1 });
}

fn facts(row: &MembershipRow) -> Facts {
    Facts::new()
        .text("membership_id", row.id.to_string())
        .text("agency_id", row.agency.to_string())
        .at("from", row.from_at)
        .opt_at("to", row.to_at)
}

/// Signs a creator with an agency from an instant on, which may lie in the past: orders that are known stay with whom
/// they settle to.
///
/// Rejections in order: `party_unknown`, then those of [`agencies::Rejection`].
pub struct SignCreator {
    /// Who is signed.
    pub creator: PartyId,
    /// By whom.
    pub agency: PartyId,
    /// First instant.
    pub from: Timestamp,
    /// First instant after it.
    pub to: Option<Timestamp>,
    /// Whom the creator may ask there.
    pub contact: String,
}

impl SignCreator {
    fn both(&self, tx: &Tx) -> Result<Both, Rejection> {
        let party = |id: PartyId, field: &str| {
            tx.get::<PartyRow>(&id).map(PartyRow::party).ok_or_else(|| unknown_party(id).at(field))
        };
        let (creator, agency) = (party(self.creator, "/creator_id")?, party(self.agency, "/agency_id")?);
        Ok(Both {
            is_creator: creator.profile.roles.has(Role::Creator),
            is_agency: agency.profile.roles.has(Role::Agency),
            creator: self.creator,
            closed: creator.status == PartyStatus::Closed || agency.status == PartyStatus::Closed,
        })
    }
}

impl Command for SignCreator {
    type Output = MembershipRow;

    fn name(&self) -> &'static str {
        "membership.sign"
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        needs.row::<CreatorAgencies>(self.creator);
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<PartyRow>(self.creator);
        needs.row::<PartyRow>(self.agency);
        needs.row::<MembershipRow>((self.creator, membership_id(self.creator, self.agency, self.from)));
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<MembershipRow, Rejection> {
        let id = membership_id(self.creator, self.agency, self.from);
        let both = self.both(tx)?;
        let (spans, version) = spans_of(tx, self.creator);
        let new = Span { id, agency: self.agency, from: self.from, to: self.to };
        let Some(spans) = agencies::sign(&spans, new, &self.contact, both).map_err(|r| rejected(&r))? else {
            let known = tx.get::<MembershipRow>(&(self.creator, id)).cloned();
            return known.ok_or_else(|| rejected(&agencies::Rejection::Unknown));
        };
        let row = MembershipRow {
            creator: self.creator,
            id,
            agency: self.agency,
            from_at: self.from,
            to_at: self.to,
            contact: self.contact.clone(),
            created_at: ctx.now,
            version: 1,
        };
        tx.put(row.clone());
        keep(tx, self.creator, &spans, version);
        tx.notify("membership.signed", self.creator, &id.to_string(), facts(&row));
        Ok(row)
    }

    fn audit(&self, output: &MembershipRow) -> (String, Facts) {
        (output.id.to_string(), facts(output).text("creator_id", output.creator.to_string()))
    }
}

/// Ends a membership, corrects its end, or names another contact.
///
/// Rejections in order: `membership_unknown`, `version_conflict`, then those of [`agencies::change`].
pub struct ChangeMembership {
    /// Whose.
    pub creator: PartyId,
    /// Which.
    pub id: MembershipId,
    /// What changes.
    pub change: Change,
    /// The version that the caller saw; another one is refused.
    pub if_version: Option<i64>,
}

impl Command for ChangeMembership {
    type Output = MembershipRow;

    fn name(&self) -> &'static str {
        "membership.change"
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        needs.row::<CreatorAgencies>(self.creator);
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<MembershipRow>((self.creator, self.id));
    }

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<MembershipRow, Rejection> {
        let unknown = || rejected(&agencies::Rejection::Unknown);
        let before = tx.get::<MembershipRow>(&(self.creator, self.id)).cloned().ok_or_else(unknown)?;
        if self.if_version.is_some_and(|version| version != before.version) {
            let text = format!("it was changed meanwhile: version {}, read it again", before.version);
            return Err(Rejection::new("version_conflict", text));
        }
        let (spans, version) = spans_of(tx, self.creator);
        let spans = agencies::change(&spans, self.id, &self.change).map_err(|r| rejected(&r))?;
        let mut row = before.clone();
        row.to_at = self.change.to.or(row.to_at);
        row.contact = self.change.contact.clone().unwrap_or(row.contact);
        if row == before {
            return Ok(row);
        }
        row.version += 1;
        tx.put(row.clone());
        keep(tx, self.creator, &spans, version);
        if row.to_at != before.to_at {
            tx.notify("membership.ended", self.creator, &self.id.to_string(), facts(&row));
        }
        Ok(row)
    }

    fn audit(&self, output: &MembershipRow) -> (String, Facts) {
        (output.id.to_string(), facts(output).text("creator_id", output.creator.to_string()))
    }
}
