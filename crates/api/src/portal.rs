//! The way into the portal (P18): links that the platform mints, the session that a browser gets for one, and in the demo
//! people whom a visitor may be.

use axum::{
    extract::Path,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use purser_domain::{
    identity::PersonRole,
    ids::{PartyId, PersonId, StaffId, Uid},
    parties::Role,
    time::{MINUTE, Timestamp},
};
use purser_engine::{
    access::{
        self, EndPortalSession, EnterPortal, MintPortalLink, NewSession, PortalAccess, PortalSessionRow,
        SecondFactor, SeePortalSession, SignIn, Token, TokenKind,
    },
    corporate, identity, parties,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    edge::{
        Answer, Body, Call, Console, Cursor, Page, PageParams, Params, csrf_token, json, page_of, parse_id,
        submit,
    },
    feed::path_digest,
    problem::Problem,
};

/// A link to mint.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPortalLink {
    /// For which party, `pty_…`.
    party_id: String,
    /// Who follows it, `per_…`: one of the party's people; absent where the platform does not tell them apart.
    person_id: Option<String>,
    /// What they may do: `view`, `request` or `approve`; at most the person's own role.
    role: String,
}

/// A link, shown once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PortalLink {
    /// Send the browser there. The token stands behind `#`, where no server and no log sees it.
    path: String,
    /// No longer works from here on; it works once.
    expires_at: String,
}

/// Mint a link into the portal
///
/// For programs: people of the platform do not enter as somebody else.
#[utoipa::path(post, path = "/v1/portal/links", tag = "portal", request_body = NewPortalLink,
    responses((status = 201, body = PortalLink, description = "Minted; shown once")))]
pub(crate) async fn mint_link(call: Call, body: Body<NewPortalLink>) -> Result<Response, Problem> {
    if call.identity.session.is_some() {
        let text = "the platform's program mints links: nobody enters as somebody else";
        return Err(Problem::new(StatusCode::FORBIDDEN, "key_needed", text));
    }
    let new = body.value;
    let role = PersonRole::named(&new.role)
        .ok_or_else(|| Problem::invalid("/role", "a role is view, request or approve"))?;
    let party = parse_id(&new.party_id, "/party_id")?;
    let person = new.person_id.as_deref().map(|text| parse_id(text, "/person_id")).transpose()?;
    let (id, secret) = (call.app.new_uid(), call.app.new_secret());
    let path = format!("/portal/enter#{}", Token::text(TokenKind::PortalLink, id, &secret));
    let hash = Token::secret_hash(&secret);
    let command = MintPortalLink { id, hash, party, person, role, by: call.identity.actor.clone() };
    submit(&call.unkeyed(), body.digest, command, move |row| {
        Answer::created(&PortalLink { path: path.clone(), expires_at: row.expires_at.to_string() })
    })
    .await
}

/// What a browser has of a link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FollowedLink {
    /// What stands behind `#` in the link.
    token: String,
    /// Whoever is signed in here for another party has been asked, and leaves.
    #[serde(default)]
    replace: bool,
}

/// Somebody who has entered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PortalEntered {
    /// When the session ends.
    expires_at: String,
}

/// Enter the portal with a link
///
/// The session comes as a cookie that no script can read; the link is used up. A browser that is signed in for another
/// party is not taken over: `portal_session_other` says for whom it is signed in, the link stays as it is, and `replace`
/// goes on. The session before ends.
#[utoipa::path(post, path = "/v1/portal/sessions", tag = "portal", request_body = FollowedLink,
    responses((status = 201, body = PortalEntered, description = "Entered; the session is in `Set-Cookie`")))]
pub(crate) async fn enter_portal(
    call: Call,
    headers: HeaderMap,
    body: Body<FollowedLink>,
) -> Result<Response, Problem> {
    let token = Token::parse(&body.value.token).filter(|token| token.kind == TokenKind::PortalLink);
    let Some(link) = token else {
        let text = "this link is not whole: ask the platform for a new one";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "portal_link_refused", text));
    };
    // Anybody may call this: what is no link must not stand in the queue of writes.
    let (id, hash) = (link.id, link.hash);
    let is_there = call.app.read(move |session| access::portal_link(session, id)).await?;
    let Some(row) = is_there.filter(|row| row.hash == hash) else {
        let text = "this link was used before, has expired, or is none: ask the platform for a new one";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "portal_link_refused", text));
    };
    let before = signed_in(&call, &headers).await?;
    if let Some(other) = before.filter(|before| before.party != row.party && !body.value.replace) {
        return Err(other_party(&call, other.party).await?);
    }
    let (session, secret) = (call.app.new_uid(), call.app.new_secret());
    let token = Token::text(TokenKind::PortalSession, session, &secret);
    let session_hash = Token::secret_hash(&secret);
    let command = EnterPortal { link: link.id, hash: link.hash, session, session_hash };
    let answer = submit(&call, body.digest, command, |row| {
        Answer::created(&PortalEntered { expires_at: row.expires_at.to_string() })
    })
    .await?;
    if let Some(before) = before.filter(|_| answer.status().is_success()) {
        let command = EndPortalSession { id: before.session, by: "portal:replaced".to_owned() };
        submit(&call, path_digest(&["replaced"]), command, |_| Answer::empty()).await?;
        call.app.keys.forget();
    }
    Ok(with_cookie(&call, answer, &token))
}

/// The session that the browser has already.
async fn signed_in(call: &Call, headers: &HeaderMap) -> Result<Option<PortalAccess>, Problem> {
    let Some(token) = Console::Portal.token(&call.app, headers) else { return Ok(None) };
    Ok(call.app.identify(&token).await?.and_then(|identity| identity.portal))
}

async fn other_party(call: &Call, party: PartyId) -> Result<Problem, Problem> {
    let found = call.app.read(move |session| parties::party(session, party)).await?;
    let name = found.map(|row| row.display_name.clone()).unwrap_or_default();
    let text = "this browser is signed in for another party: ask whoever sits there, and send `replace`";
    Ok(Problem::new(StatusCode::CONFLICT, "portal_session_other", text).with("signed_in_as", name))
}

fn with_cookie(call: &Call, mut answer: Response, token: &str) -> Response {
    if answer.status().is_success() {
        let until = call.app.clock.machine().plus(access::PORTAL_SESSION_MICROS);
        answer.headers_mut().extend(Console::Portal.set(&call.app, token, until));
    }
    answer
}

/// For whom one acts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PortalParty {
    /// Id.
    id: String,
    /// Shown name.
    display_name: String,
    /// `creator`, `merchant`, `advertiser`, `agency`.
    roles: Vec<&'static str>,
    /// `individual`, `studio` or `enterprise`.
    legal_form: String,
    /// `active`, `frozen` or `closed`.
    status: String,
    /// Paid company to company, by settlement statements, and not by withdrawals of earnings.
    corporate: bool,
}

/// Who acts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PortalPerson {
    /// Id.
    id: String,
    /// Name, masked.
    name: String,
}

/// The session that one is in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PortalSession {
    /// For whom.
    party: PortalParty,
    /// Who; null where the platform does not tell its people apart.
    person: Option<PortalPerson>,
    /// `view`, `request` or `approve`.
    role: &'static str,
    /// When it ends.
    expires_at: Option<String>,
    /// It ends before, when nobody does anything for so many minutes: pages say that somebody is there.
    idle_minutes: i64,
    /// Sent as `X-CSRF-Token` with everything that changes something.
    csrf_token: String,
    /// Play money: the test clock and the sandbox's rail are there.
    sandbox: bool,
    /// Business time now.
    now: String,
    /// The zone of civil dates and of the times that people see.
    zone: String,
    /// Currency of the deployment.
    currency: String,
}

fn portal_of(call: &Call) -> Result<PortalAccess, Problem> {
    call.identity.portal.ok_or_else(|| {
        let text = "this is for browsers in the portal: follow a link first";
        Problem::new(StatusCode::FORBIDDEN, "portal_session_needed", text)
    })
}

/// Read the session that one is in
#[utoipa::path(get, path = "/v1/portal/session", tag = "portal",
    responses((status = 200, body = PortalSession, description = "The session")))]
pub(crate) async fn get_portal_session(call: Call) -> Result<Response, Problem> {
    let portal = portal_of(&call)?;
    let found = call
        .app
        .read(move |session| {
            let party = parties::party(session, portal.party)?;
            let person = match portal.person {
                Some(id) => identity::people(session, portal.party)?.into_iter().find(|row| row.person == id),
                None => None,
            };
            Ok(party.map(|party| (party, person)))
        })
        .await?;
    let Some((party, person)) = found else { return Err(purser_engine::Failure::Bug.into()) };
    Ok(json(&PortalSession {
        party: PortalParty {
            id: party.id.to_string(),
            display_name: party.display_name.clone(),
            roles: party.roles().iter().map(Role::name).collect(),
            legal_form: party.legal_form.clone(),
            status: party.status.clone(),
            corporate: party.roles().iter().any(|role| matches!(role, Role::Creator | Role::Agency))
                && corporate::is_corporate(&party),
        },
        person: person.map(|row| PortalPerson { id: row.person.to_string(), name: row.name_masked }),
        role: portal.role.name(),
        expires_at: call.identity.until.map(|at| at.to_string()),
        idle_minutes: call.app.portal_idle_micros() / MINUTE,
        csrf_token: call.cookie.as_deref().map(csrf_token).unwrap_or_default(),
        sandbox: call.app.rules().sandbox,
        now: call.app.now().to_string(),
        zone: call.app.zone.name(),
        currency: call.app.rules().currency.to_string(),
    }))
}

/// Say that somebody is there
///
/// A session ends when nobody does anything for the minutes of policy `portal.idle`. Reading does not count, since pages
/// read by themselves; a page says so when a person does something.
#[utoipa::path(post, path = "/v1/portal/sessions/current/seen", tag = "portal",
    responses((status = 204, description = "Noted")))]
pub(crate) async fn see_portal_session(call: Call) -> Result<Response, Problem> {
    let id = portal_of(&call)?.session;
    submit(&call.unkeyed(), path_digest(&["seen"]), SeePortalSession { id }, |_| Answer::empty()).await
}

/// Leave the portal
#[utoipa::path(delete, path = "/v1/portal/sessions/current", tag = "portal",
    responses((status = 204, description = "Left")))]
pub(crate) async fn leave_portal(call: Call) -> Result<Response, Problem> {
    let id = portal_of(&call)?.session;
    let command = EndPortalSession { id, by: call.identity.actor.clone() };
    let answer = submit(&call.unkeyed(), path_digest(&["leave portal"]), command, |_| Answer::empty()).await;
    call.app.keys.forget();
    let mut answer = answer?;
    answer.headers_mut().extend(Console::Portal.set(&call.app, "", Timestamp(0)));
    Ok(answer)
}

/// A session in the portal, as the platform sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PortalSessionView {
    /// Id, `pss_…`.
    id: String,
    /// For which party.
    party_id: String,
    /// Who; null where the platform does not tell its people apart.
    person_id: Option<String>,
    /// `view`, `request` or `approve`, when the link was minted.
    role: String,
    /// When it was opened.
    created_at: String,
    /// When it ends.
    expires_at: String,
    /// When it was left or revoked.
    ended_at: Option<String>,
    /// By whom.
    ended_by: Option<String>,
}

impl From<&PortalSessionRow> for PortalSessionView {
    fn from(row: &PortalSessionRow) -> Self {
        Self {
            id: row.id.with_prefix(SESSION),
            party_id: row.party.to_string(),
            person_id: row.person().map(|person: PersonId| person.to_string()),
            role: row.role.clone(),
            created_at: row.created_at.to_string(),
            expires_at: row.expires_at.to_string(),
            ended_at: row.ended_at.map(|at| at.to_string()),
            ended_by: Some(row.ended_by.clone()).filter(|by| !by.is_empty()),
        }
    }
}

/// Prefix of a session's id.
const SESSION: &str = "pss";

/// Parameters of the sessions of a party.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PortalSessionParams {
    /// Of which party, `pty_…`.
    party_id: String,
    /// Most rows to return, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next_cursor` of the page before; opaque.
    cursor: Option<String>,
}

/// List the sessions of a party in the portal, newest first
#[utoipa::path(get, path = "/v1/portal/sessions", tag = "portal", params(PortalSessionParams),
    responses((status = 200, body = Page<PortalSessionView>, description = "Sessions, ended ones too")))]
pub(crate) async fn list_portal_sessions(
    call: Call,
    Params(params): Params<PortalSessionParams>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&params.party_id, "party_id")?;
    let page = PageParams { limit: params.limit, cursor: params.cursor };
    let limit = page.limit()?;
    let before = page.cursor.as_deref().map(Cursor::decode).transpose()?;
    let before = before.map_or(Uid([0xff; 16]), |cursor| cursor.id);
    let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let rows = call.app.read(move |session| access::portal_sessions(session, party, before, most)).await?;
    Ok(json(&page_of(rows, limit, |row| Cursor::id(row.id), |row| PortalSessionView::from(&row))))
}

/// Revoke a session in the portal
#[utoipa::path(post, path = "/v1/portal/sessions/{id}/revoke", tag = "portal",
    params(("id" = String, Path, description = "Session, `pss_…`")),
    responses((status = 200, body = PortalSessionView, description = "It has ended")))]
pub(crate) async fn revoke_portal_session(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let session = Uid::parse(&id, SESSION).map_err(|error| Problem::invalid("id", error.to_string()))?;
    let command = EndPortalSession { id: session, by: call.identity.actor.clone() };
    let digest = path_digest(&["revoke portal session", &id]);
    let answer = submit(&call, digest, command, |row| Answer::ok(&PortalSessionView::from(row))).await;
    call.app.keys.forget();
    answer
}

/// Somebody whom a visitor of the demo may be.
#[derive(Debug, Clone)]
pub struct Persona {
    /// Short name, in paths.
    pub name: &'static str,
    /// Shown name.
    pub title: String,
    /// Who they are.
    pub who: Who,
}

/// Who a visitor of the demo may be.
#[derive(Debug, Clone, Copy)]
pub enum Who {
    /// Somebody who acts for a party, in the portal.
    Party(PartyId),
    /// A member of staff, in the back office.
    Staff(StaffId),
}

/// Somebody whom a visitor of the demo may be.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonaView {
    /// Short name: `creator`, `agency`, `merchant`, `advertiser`, `staff`.
    name: &'static str,
    /// Shown name.
    title: String,
    /// Page to go to.
    path: &'static str,
}

impl From<&Persona> for PersonaView {
    fn from(persona: &Persona) -> Self {
        let path = match persona.who {
            Who::Party(_) => "/portal",
            Who::Staff(_) => "/staff",
        };
        Self { name: persona.name, title: persona.title.clone(), path }
    }
}

/// List whom a visitor of the demo may be
///
/// Empty everywhere else.
#[utoipa::path(get, path = "/v1/portal/personas", tag = "portal",
    responses((status = 200, body = Page<PersonaView>, description = "People of the demo")))]
pub(crate) async fn list_personas(call: Call) -> Response {
    let app = &call.app;
    let personas = app.personas.iter().filter(|_| app.rules().sandbox).map(PersonaView::from);
    json(&Page { data: personas.collect(), next_cursor: None })
}

/// Be somebody of the demo
///
/// Opens a session as a link or a password would; there is nobody to be outside the demo.
#[utoipa::path(post, path = "/v1/portal/personas/{name}", tag = "portal",
    params(("name" = String, Path, description = "Short name")),
    responses((status = 201, body = PersonaView, description = "The session is in `Set-Cookie`")))]
pub(crate) async fn become_persona(call: Call, Path(name): Path<String>) -> Result<Response, Problem> {
    let app = std::sync::Arc::clone(&call.app);
    let persona = app.personas.iter().find(|persona| app.rules().sandbox && persona.name == name);
    let persona =
        persona.ok_or_else(|| Problem::not_found("persona_unknown", "there is nobody of this name here"))?;
    let view = PersonaView::from(persona);
    let digest = path_digest(&["persona", &name]);
    let party = match persona.who {
        Who::Party(party) => party,
        Who::Staff(staff) => return become_staff(&call, staff, digest, view).await,
    };
    let (id, secret) = (call.app.new_uid(), call.app.new_secret());
    let hash = Token::secret_hash(&secret);
    let (link, link_secret) = (call.app.new_uid(), call.app.new_secret());
    let link_hash = Token::secret_hash(&link_secret);
    let command = MintPortalLink {
        id: link,
        hash: link_hash,
        party,
        person: None,
        role: PersonRole::Approve,
        by: "demo".to_owned(),
    };
    submit(&call, digest, command, |_| Answer::empty()).await?;
    let command = EnterPortal { link, hash: link_hash, session: id, session_hash: hash };
    let answer = submit(&call, digest, command, move |_| Answer::created(&view)).await?;
    let token = Token::text(TokenKind::PortalSession, id, &secret);
    Ok(with_cookie(&call, answer, &token))
}

/// Signs a member of the demo's staff in: the demo vouches for them as the right password would.
async fn become_staff(
    call: &Call,
    staff: StaffId,
    digest: [u8; 32],
    view: PersonaView,
) -> Result<Response, Problem> {
    let row = call.app.read(move |session| access::staff_account(session, staff)).await?;
    let seen = row.map_or(0, |row| row.version);
    let (id, secret) = (call.app.new_uid(), call.app.new_secret());
    let session = NewSession { id, hash: Token::secret_hash(&secret), address: call.address.clone() };
    let second = SecondFactor::None;
    let command = SignIn { staff, seen, right: true, second, session };
    let mut answer = submit(call, digest, command, move |_| Answer::created(&view)).await?;
    if answer.status().is_success() {
        let until = call.app.clock.machine().plus(access::SESSION_MICROS);
        let token = Token::text(TokenKind::Session, id, &secret);
        answer.headers_mut().extend(Console::Staff.set(&call.app, &token, until));
    }
    Ok(answer)
}
