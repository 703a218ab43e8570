//! Play money: the buttons that only a sandbox has (P11, P21).

use purser_domain::{
    money::parse_decimal,
    payments::Method,
    time::{MINUTE, Timestamp},
};
use purser_engine::{
    payments::{NoteFailedAttempt, PaymentOrderRow},
    sandbox::{NoticeFate, RefundFate, SandboxPay},
};

use super::{CashierForm, run};
use crate::{edge::Call, problem::Problem};

/// How long after its time-out a late payment comes.
const LATE: i64 = MINUTE;

/// Does what a button of the sandbox says; what the page's address gets beside the language.
pub(super) async fn act(
    call: &Call,
    row: &PaymentOrderRow,
    form: &CashierForm,
) -> Result<&'static str, Problem> {
    if row.method() != Method::Sandbox {
        return Err(Problem::invalid("action", "only orders of a sandbox are paid with a click here"));
    }
    let refund = fate(&form.refund, "refund", RefundFate::named)?;
    let notice = fate(&form.notice, "notice", NoticeFate::named)?;
    let pay = |number: u8, amount_minor: i64, not_before: Timestamp| SandboxPay {
        reference: row.id.to_string(),
        number,
        amount_minor,
        not_before,
        notice,
        refund,
    };
    let at_once = Timestamp(0);
    let payments = match form.action.as_str() {
        "pay" => vec![pay(1, row.amount, at_once)],
        "twice" => vec![pay(1, row.amount, at_once), pay(2, row.amount, at_once)],
        "late" => vec![pay(1, row.amount, row.expires_at.plus(LATE))],
        "other" => {
            let amount = parse_decimal(form.amount.trim())
                .map_err(|error| Problem::invalid("amount", error.to_string()))?;
            vec![pay(1, amount, at_once)]
        }
        "fail" => {
            run(call, NoteFailedAttempt(row.id)).await?.map_err(|rejection| Problem::from(&rejection))?;
            return Ok("&sent=fail");
        }
        _ => return Err(Problem::invalid("action", "write pay, fail, late, twice, other or repay")),
    };
    for payment in payments {
        run(call, payment).await?.map_err(|rejection| Problem::from(&rejection))?;
    }
    Ok("&sent=1")
}

fn fate<T: Default>(text: &str, field: &str, named: impl Fn(&str) -> Option<T>) -> Result<T, Problem> {
    if text.is_empty() {
        return Ok(T::default());
    }
    named(text).ok_or_else(|| Problem::invalid(field, "not something that the sandbox can do"))
}
