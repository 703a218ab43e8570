//! Taking creators into the programme, and ending it.

use purser_domain::{
    ids::PartyId,
    parties::{PartyStatus, Role},
    programme::{self, MemberSpan},
    time::Date,
};

use super::{rejected, rows::ProgrammeMember};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    parties::{PartyRow, unknown_party},
    tx::{Needs, Tx},
};

/// One creator that takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enrolment {
    /// Who.
    pub creator: PartyId,
    /// First day.
    pub from_on: Date,
    /// First day after it.
    pub to_on: Option<Date>,
}

/// Takes creators in, item by item: a refused item leaves the others alone. An interval that is known changes nothing.
///
/// Rejections of an item in order: `party_unknown`, then those of [`programme::enrol`].
pub struct EnrolCreators {
    /// In order.
    pub items: Vec<Enrolment>,
    /// One item: its refusal is the command's.
    pub single: bool,
}

impl Command for EnrolCreators {
    type Output = Vec<Result<ProgrammeMember, Rejection>>;

    fn name(&self) -> &'static str {
        "programme.enrol"
    }

    fn weight(&self) -> usize {
        self.items.len()
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        for item in &self.items {
            needs.row::<ProgrammeMember>(item.creator);
        }
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        for item in &self.items {
            needs.row::<PartyRow>(item.creator);
        }
    }

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<Self::Output, Rejection> {
        let mut outcomes: Self::Output = self.items.iter().map(|item| enrol(tx, item)).collect();
        match outcomes.pop() {
            Some(Err(rejection)) if self.single => Err(rejection),
            Some(last) => {
                outcomes.push(last);
                Ok(outcomes)
            }
            None => Ok(outcomes),
        }
    }

    fn audit(&self, output: &Self::Output) -> (String, Facts) {
        let subject = match self.items.as_slice() {
            [one] => one.creator.to_string(),
            _ => String::new(),
        };
        (subject, super::counted(output.len(), output.iter().filter(|o| o.is_err()).count()))
    }
}

fn enrol(tx: &mut Tx, item: &Enrolment) -> Result<ProgrammeMember, Rejection> {
    let party = tx.get::<PartyRow>(&item.creator).map(PartyRow::party);
    let party = party.ok_or_else(|| unknown_party(item.creator).at("/creator_id"))?;
    let known = tx.get::<ProgrammeMember>(&item.creator).cloned();
    let known = known.unwrap_or_else(|| ProgrammeMember::of(item.creator, &[], 0));
    let span = MemberSpan { from_on: item.from_on, to_on: item.to_on };
    let is_creator = party.profile.roles.has(Role::Creator);
    let closed = party.status == PartyStatus::Closed;
    let Some(spans) = programme::enrol(&known.spans(), span, is_creator, closed).map_err(rejected)? else {
        return Ok(known);
    };
    let row = ProgrammeMember::of(item.creator, &spans, known.version + 1);
    tx.put(row.clone());
    let facts = Facts::new().text("from_on", item.from_on.to_string());
    let facts = item.to_on.iter().fold(facts, |facts, to| facts.text("to_on", to.to_string()));
    tx.notify("programme.joined", item.creator, &item.creator.to_string(), facts);
    Ok(row)
}

/// Ends taking part: `on` is the first day without.
///
/// Rejections in order: `not_in_programme`.
pub struct LeaveProgramme {
    /// Who.
    pub creator: PartyId,
    /// First day without.
    pub on: Date,
}

impl Command for LeaveProgramme {
    type Output = ProgrammeMember;

    fn name(&self) -> &'static str {
        "programme.leave"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<ProgrammeMember>(self.creator);
    }

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<ProgrammeMember, Rejection> {
        let known = tx.get::<ProgrammeMember>(&self.creator).cloned();
        let known = known.ok_or_else(|| rejected(programme::Rejection::NotAMember).at("/on"))?;
        let spans = programme::leave(&known.spans(), self.on).map_err(|r| rejected(r).at("/on"))?;
        let Some(spans) = spans else { return Ok(known) };
        let row = ProgrammeMember::of(self.creator, &spans, known.version + 1);
        tx.put(row.clone());
        let facts = Facts::new().text("on", self.on.to_string());
        tx.notify("programme.left", self.creator, &self.creator.to_string(), facts);
        Ok(row)
    }

    fn audit(&self, output: &ProgrammeMember) -> (String, Facts) {
        (output.creator.to_string(), Facts::new().text("on", self.on.to_string()))
    }
}
