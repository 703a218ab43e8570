//! Devices of staff that make one-time codes (P18).

use axum::response::Response;
use purser_domain::{
    ids::{StaffId, Uid},
    policy::keys,
};
use purser_engine::access::{
    self, ConfirmTotp, EnrolTotp, RECOVERY_CODES, RemoveTotp, Role, SecondFactor, TotpRow, recovery_code,
    recovery_hash, totp_place, totp_secret, totp_step,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    App,
    edge::{Answer, Body, Call, submit},
    problem::Problem,
};

/// Whether policy wants a device of a role.
pub(crate) fn wants_device(app: &App, role: Role) -> bool {
    let key = match role {
        Role::Admin => keys::STAFF_TOTP_ADMIN,
        Role::Finance => keys::STAFF_TOTP_FINANCE,
        Role::Risk => keys::STAFF_TOTP_RISK,
        Role::Support => keys::STAFF_TOTP_SUPPORT,
        Role::ReadOnly => keys::STAFF_TOTP_READ_ONLY,
    };
    app.rules().policy.now(app.now()).value(key)
}

/// What was given beside the password, compared with the device as it stands. The outcome counts in the command.
pub(crate) async fn second_factor(
    call: &Call,
    staff: StaffId,
    given: Option<&str>,
) -> Result<SecondFactor, Problem> {
    let Some(given) = given.map(str::trim).filter(|given| !given.is_empty() && given.len() <= 64) else {
        return Ok(SecondFactor::None);
    };
    let row = call.app.read(move |session| access::staff_totp(session, staff)).await?;
    let found = row.filter(TotpRow::is_on).map(|row| compared(call, &row, given)).transpose()?.flatten();
    Ok(match found {
        Some((step, seen)) => SecondFactor::Code { step, seen },
        None => SecondFactor::Recovery(recovery_hash(staff, given)),
    })
}

/// The code's period and the device's version, when it is one of that device now.
fn compared(call: &Call, row: &TotpRow, code: &str) -> Result<Option<(i64, i64)>, Problem> {
    let missing = || Problem::from(&purser_engine::vault::key_missing());
    let vault = call.app.vault.as_ref().ok_or_else(missing)?;
    let secret = vault.open(&totp_place(row.staff), &row.secret).map_err(|error| {
        tracing::error!(%error, "the secret of a device cannot be opened");
        Problem::from(purser_engine::Failure::Bug)
    })?;
    Ok(totp_step(&secret, code, call.app.clock.machine()).map(|step| (step, row.version)))
}

/// A device that was begun with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceBegun {
    /// The secret, base32; shown here and never again.
    secret: String,
    /// The same as authenticator apps take it, by hand or as a QR code.
    otpauth_url: String,
}

const PEOPLE: &str = "people have devices: an API key has none";

/// Begin with a device
///
/// The answer's secret goes into an authenticator app; `POST /v1/me/totp/confirm` with its first code ends it. Until then
/// nothing is asked for, and beginning again gives another secret.
#[utoipa::path(post, path = "/v1/me/totp", tag = "access",
    responses((status = 201, body = DeviceBegun, description = "Begun; the secret is shown once")))]
pub(crate) async fn begin_device(call: Call) -> Result<Response, Problem> {
    let staff = call.person(PEOPLE)?;
    let Some(vault) = call.app.vault.clone() else {
        return Err(Problem::from(&purser_engine::vault::key_missing()));
    };
    let account = call.app.read(move |session| access::staff_account(session, staff)).await?;
    let login = account.map_or_else(String::new, |row| row.login);
    let secret = totp_secret(&call.app.new_secret());
    let sealed = vault.seal(&totp_place(staff), &secret, call.app.new_secret());
    // A login has no characters that a URL would have to escape but `@`.
    let label = login.replace('@', "%40");
    let otpauth_url = format!(
        "otpauth://totp/Purser:{label}?secret={secret}&issuer=Purser&algorithm=SHA1&digits=6&period=30"
    );
    let digest = crate::feed::path_digest(&["begin device"]);
    submit(&call.unkeyed(), digest, EnrolTotp { staff, secret: sealed }, move |_| {
        Answer::created(&DeviceBegun { secret: secret.clone(), otpauth_url: otpauth_url.clone() })
    })
    .await
}

/// The first code of a device.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeviceCode {
    /// Six digits.
    code: String,
}

/// A device that is asked for from here on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceConfirmed {
    /// Each signs in once without the device; shown here and never again.
    recovery_codes: Vec<String>,
}

/// Confirm a device with its first code
#[utoipa::path(post, path = "/v1/me/totp/confirm", tag = "access", request_body = DeviceCode,
    responses((status = 201, body = DeviceConfirmed, description = "From here on it is asked for; the recovery codes are shown once")))]
pub(crate) async fn confirm_device(call: Call, body: Body<DeviceCode>) -> Result<Response, Problem> {
    let staff = call.person(PEOPLE)?;
    let row = call.app.read(move |session| access::staff_totp(session, staff)).await?;
    let code = match &row {
        Some(row) if !row.secret.is_empty() => compared(&call, row, body.value.code.trim())?,
        _ => None,
    };
    let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| recovery_code(&call.app.new_secret())).collect();
    let recovery = codes.iter().map(|code| recovery_hash(staff, code)).collect();
    let session = call.identity.session.unwrap_or(Uid::NIL);
    let command = ConfirmTotp { staff, code, recovery, session };
    let answer = submit(&call.unkeyed(), body.digest, command, move |_| {
        Answer::created(&DeviceConfirmed { recovery_codes: codes.clone() })
    })
    .await;
    call.app.keys.forget();
    answer
}

/// A code of the device that goes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeviceRemoval {
    /// A code of it, or a recovery code.
    totp: String,
}

/// Take your own device away
///
/// With a code of it, or a recovery code. Who has neither asks an admin (`PATCH /v1/staff/{id}`).
#[utoipa::path(post, path = "/v1/me/totp/remove", tag = "access", request_body = DeviceRemoval,
    responses((status = 204, description = "Taken away")))]
pub(crate) async fn remove_device(call: Call, body: Body<DeviceRemoval>) -> Result<Response, Problem> {
    let staff = call.person(PEOPLE)?;
    let given = second_factor(&call, staff, Some(&body.value.totp)).await?;
    let answer =
        submit(&call.unkeyed(), body.digest, RemoveTotp { staff, given }, |()| Answer::empty()).await;
    call.app.keys.forget();
    answer
}
