//! API keys (P18). A token is shown once, in the answer that makes it, and such answers are never remembered.

use axum::{extract::Path, http::StatusCode, response::Response};
use purser_domain::{ids::ApiKeyId, time::SECOND};
use purser_engine::access::{
    self, ApiKeyRow, ChangeApiKey, CreateApiKey, KeyChange, NewKey, Scope, Scopes, Token, TokenKind,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    edge::{
        Answer, Body, Call, Cursor, Instant, Page, PageParams, Params, json, json_versioned, page_of,
        parse_id, submit,
    },
    feed::path_digest,
    problem::Problem,
};

/// Longest grace of a rotation, seconds: a week.
const LONGEST_GRACE: i64 = 7 * 24 * 3600;

/// A key to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewApiKey {
    /// For people, 1 to 100 characters.
    name: String,
    /// What it may do; at least one.
    scopes: Vec<String>,
    /// When it ends; never when absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Instant>,
}

/// A key; its secret is not kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiKey {
    /// Id.
    id: String,
    /// For people.
    name: String,
    /// What it may do.
    scopes: Vec<&'static str>,
    /// When it was made.
    created_at: String,
    /// By whom.
    created_by: String,
    /// When it ends.
    expires_at: Option<String>,
    /// When it was taken back.
    revoked_at: Option<String>,
    /// Until when the secret before the last rotation works.
    old_secret_until: Option<String>,
    /// Counts changes: the `ETag`.
    version: i64,
}

impl From<&ApiKeyRow> for ApiKey {
    fn from(row: &ApiKeyRow) -> Self {
        let text = |at: Option<purser_domain::time::Timestamp>| at.map(|at| at.to_string());
        Self {
            id: row.id.to_string(),
            name: row.name.clone(),
            scopes: row.scopes.iter().map(Scope::name).collect(),
            created_at: row.created_at.to_string(),
            created_by: row.created_by.clone(),
            expires_at: text(row.expires_at),
            revoked_at: text(row.revoked_at),
            old_secret_until: text(row.old_until),
            version: row.version,
        }
    }
}

/// A key with its token, shown once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiKeyWithToken {
    /// The key.
    key: ApiKey,
    /// `Authorization: Bearer …`; shown here and never again.
    token: String,
}

/// Reads scopes by name.
pub(crate) fn read_scopes(names: &[String]) -> Result<Scopes, Problem> {
    let mut scopes = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let Some(scope) = Scope::from_name(name) else {
            let all: Vec<_> = Scope::ALL.iter().map(|scope| scope.name()).collect();
            let text = format!("no scope `{name}`: it is one of {}", all.join(", "));
            return Err(Problem::invalid(format!("/scopes/{index}"), text));
        };
        scopes.push(scope);
    }
    if scopes.is_empty() {
        return Err(Problem::invalid("/scopes", "name at least one scope"));
    }
    Ok(Scopes::of(&scopes))
}

/// Make an API key
#[utoipa::path(post, path = "/v1/api-keys", tag = "access", request_body = NewApiKey,
    responses((status = 201, body = ApiKeyWithToken, description = "Made; the token is shown once")))]
pub(crate) async fn create_key(call: Call, body: Body<NewApiKey>) -> Result<Response, Problem> {
    let new = body.value;
    if !(1..=100).contains(&new.name.chars().count()) || new.name.chars().any(char::is_control) {
        return Err(Problem::invalid("/name", "a name has 1 to 100 printable characters"));
    }
    let scopes = read_scopes(&new.scopes)?;
    // Nobody hands out what they do not have.
    if let Some(scope) = scopes.iter().find(|scope| !call.identity.scopes.has(*scope)) {
        let text = format!("you cannot give the scope `{}`, which you do not have", scope.name());
        return Err(Problem::new(StatusCode::FORBIDDEN, "scope_missing", text));
    }
    let (id, secret): (ApiKeyId, _) = (call.app.new_id(), call.app.new_secret());
    let token = Token::text(TokenKind::ApiKey, id.0, &secret);
    let command = CreateApiKey(NewKey {
        id,
        name: new.name,
        scopes,
        hash: Token::secret_hash(&secret),
        expires_at: new.expires_at.map(|at| at.0),
        by: call.identity.actor.clone(),
    });
    submit(&call.unkeyed(), body.digest, command, move |row| {
        Answer::created(&ApiKeyWithToken { key: row.into(), token: token.clone() })
    })
    .await
}

/// List API keys
#[utoipa::path(get, path = "/v1/api-keys", tag = "access", params(PageParams),
    responses((status = 200, body = Page<ApiKey>, description = "Keys, oldest first")))]
pub(crate) async fn list_keys(call: Call, Params(params): Params<PageParams>) -> Result<Response, Problem> {
    let limit = params.limit()?;
    let after = match &params.cursor {
        Some(text) => Cursor::decode(text)?.id,
        None => purser_domain::ids::Uid::NIL,
    };
    let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let rows = call.app.read(move |session| access::api_keys(session, after, most)).await?;
    Ok(json(&page_of(rows, limit, |row| Cursor::id(row.id.0), |row| ApiKey::from(&row))))
}

/// Read an API key
#[utoipa::path(get, path = "/v1/api-keys/{id}", tag = "access", params(("id" = String, Path, description = "Key, `key_…`")),
    responses((status = 200, body = ApiKey, description = "The key, without its secret")))]
pub(crate) async fn get_key(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let id: ApiKeyId = parse_id(&id, "id")?;
    match call.app.read(move |session| access::api_key(session, id)).await? {
        Some(row) => Ok(json_versioned(&ApiKey::from(&row), row.version)),
        None => Err(Problem::not_found("api_key_unknown", format!("there is no key {id}"))),
    }
}

/// How to rotate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotation {
    /// How long the old secret still works, seconds, at most a week.
    #[schema(minimum = 0, maximum = 604_800)]
    grace_seconds: i64,
}

/// Give an API key a new secret
#[utoipa::path(post, path = "/v1/api-keys/{id}/rotate", tag = "access", request_body = Rotation,
    params(("id" = String, Path, description = "Key, `key_…`")),
    responses((status = 200, body = ApiKeyWithToken, description = "Rotated; the new token is shown once")))]
pub(crate) async fn rotate_key(
    call: Call,
    Path(id): Path<String>,
    body: Body<Rotation>,
) -> Result<Response, Problem> {
    let id: ApiKeyId = parse_id(&id, "id")?;
    let grace = body.value.grace_seconds;
    if !(0..=LONGEST_GRACE).contains(&grace) {
        return Err(Problem::invalid("/grace_seconds", format!("from 0 to {LONGEST_GRACE}")));
    }
    let secret = call.app.new_secret();
    let token = Token::text(TokenKind::ApiKey, id.0, &secret);
    let change = KeyChange::Rotate { hash: Token::secret_hash(&secret), grace_micros: grace * SECOND };
    let command = ChangeApiKey { id, change, expected: call.if_match };
    let answer = submit(&call.unkeyed(), body.digest, command, move |row| {
        Answer::ok(&ApiKeyWithToken { key: row.into(), token: token.clone() })
    })
    .await;
    call.app.keys.forget();
    answer
}

/// Take an API key back
#[utoipa::path(post, path = "/v1/api-keys/{id}/revoke", tag = "access", params(("id" = String, Path, description = "Key, `key_…`")),
    responses((status = 200, body = ApiKey, description = "It no longer works: here at once, on other servers within two seconds")))]
pub(crate) async fn revoke_key(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let key: ApiKeyId = parse_id(&id, "id")?;
    let command = ChangeApiKey { id: key, change: KeyChange::Revoke, expected: call.if_match };
    let answer =
        submit(&call, path_digest(&["revoke", &id]), command, |row| Answer::ok(&ApiKey::from(row))).await;
    call.app.keys.forget();
    answer
}
