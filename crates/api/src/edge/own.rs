//! The one rule for callers from the portal: a route that is open to them, a role that suffices, and nothing of another
//! party (P18). What is another party's answers like what is not there.

use std::sync::Arc;

use axum::{
    body::to_bytes,
    extract::Request,
    http::{StatusCode, Uri},
};
use purser_domain::ids::PartyId;
use purser_engine::access::PortalAccess;
use serde::Deserialize;

use crate::{
    App,
    access::{Access, Reach, opened},
    problem::Problem,
};

fn unknown() -> Problem {
    Problem::not_found("not_yours", "there is no such thing, or it is not yours")
}

/// Lets a request of the portal through, as far as its path and parameters say; whether its body is still to be looked
/// at.
pub(super) async fn admit(
    app: &Arc<App>,
    access: &Access,
    portal: PortalAccess,
    uri: &Uri,
) -> Result<bool, Problem> {
    let Some(opened) = opened(access.method, access.path) else {
        let text = "the portal does not reach this";
        return Err(Problem::new(StatusCode::FORBIDDEN, "portal_closed", text));
    };
    match opened.reach {
        // Of a body more is known when it has come.
        Reach::Open | Reach::Body => {}
        Reach::Party => own(portal, first_id(access, uri))?,
        Reach::Query => own(portal, parameter(uri))?,
        Reach::Record(record) => {
            let id = first_id(access, uri).unwrap_or_default().to_owned();
            let owners = app.read(move |session| record.owners(session, &id)).await?;
            if !owners.contains(&portal.party) {
                return Err(unknown());
            }
        }
    }
    if portal.role < opened.role {
        let text = "your role does not allow this: ask the platform for another one";
        return Err(Problem::new(StatusCode::FORBIDDEN, "role_insufficient", text));
    }
    Ok(opened.reach == Reach::Body)
}

fn own(portal: PortalAccess, named: Option<&str>) -> Result<(), Problem> {
    let named = named.and_then(|text| text.parse::<PartyId>().ok());
    if named == Some(portal.party) { Ok(()) } else { Err(unknown()) }
}

/// What stands in a path where its template has the first id.
fn first_id<'a>(access: &Access, uri: &'a Uri) -> Option<&'a str> {
    let mut parts = access.path.split('/').zip(uri.path().split('/'));
    parts.find(|(template, _)| template.starts_with('{')).map(|(_, part)| part)
}

/// `party_id` of the query. Twice is refused where parameters are read.
fn parameter(uri: &Uri) -> Option<&str> {
    uri.query()?.split('&').find_map(|pair| pair.strip_prefix("party_id="))
}

/// What a body says about whose it is and who acts. Everything else is read, strictly, where it is used; fields that
/// stand twice are refused here and there.
#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names of the contract")]
struct Named {
    party_id: Option<String>,
    person_id: Option<String>,
    asked_by_party_id: Option<String>,
}

/// Looks into the body, which has at most `most` bytes, and gives the request back whole.
pub(super) async fn look_into(
    most: usize,
    portal: PortalAccess,
    request: Request,
) -> Result<Request, Problem> {
    let (parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, most).await else {
        let text = format!("a body here has at most {most} bytes");
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", text));
    };
    let Ok(named) = serde_json::from_slice::<Named>(&bytes) else {
        let text = "the body is not JSON, or says the same twice";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "json_invalid", text));
    };
    own(portal, named.party_id.as_deref())?;
    if named.asked_by_party_id.is_some() {
        let text = "another shop asks through the platform, not here";
        return Err(Problem::invalid("/asked_by_party_id", text));
    }
    let person = named.person_id.map(|text| text.parse().ok());
    if person.is_some_and(|person| person.is_none() || person != portal.person) {
        return Err(Problem::invalid("/person_id", "you act as yourself"));
    }
    Ok(Request::from_parts(parts, axum::body::Body::from(bytes)))
}
