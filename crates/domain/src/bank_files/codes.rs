//! What a bank's codes mean for an order: ISO 20022 transaction status and status reason (P10).

/// What a refusal with a reason code says about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// It was refused for good; the name is the class of the failure, as withdrawals know it.
    Failed(&'static str),
    /// The account to be debited is short: the identical order may go again after a top-up (P12).
    Short,
    /// The bank did not take it in at all, for its hour: the identical order goes again.
    Deferred,
    /// The bank had it before: this says nothing about what became of it.
    SaysNothing,
}

const PAYEE_FIXABLE: Reading = Reading::Failed("payee_fixable");
const PAYEE_BLOCKED: Reading = Reading::Failed("payee_blocked");
const PLATFORM_CONFIG: Reading = Reading::Failed("platform_config");
const RAIL_LIMIT: Reading = Reading::Failed("rail_limit");
const REQUEST_DEFECT: Reading = Reading::Failed("request_defect");

/// External status reason codes that banks use for credit transfers, each once.
pub const REASONS: &[(&str, Reading)] = &[
    ("AC01", PAYEE_FIXABLE),        // account number is not right
    ("AC02", PLATFORM_CONFIG),      // debtor's account number is not right
    ("AC03", PAYEE_FIXABLE),        // creditor's account number is not right
    ("AC04", PAYEE_FIXABLE),        // account closed
    ("AC05", PLATFORM_CONFIG),      // debtor's account closed
    ("AC06", PAYEE_BLOCKED),        // account blocked
    ("AC07", PAYEE_FIXABLE),        // creditor's account closed
    ("AC08", PAYEE_FIXABLE),        // branch code is not right
    ("AC13", PLATFORM_CONFIG),      // kind of the debtor's account
    ("AC14", PAYEE_FIXABLE),        // kind of the creditor's account
    ("AG01", PAYEE_BLOCKED),        // forbidden on this kind of account
    ("AG02", REQUEST_DEFECT),       // operation code
    ("AG10", PLATFORM_CONFIG),      // agent suspended
    ("AM01", REQUEST_DEFECT),       // amount is zero
    ("AM02", RAIL_LIMIT),           // amount not allowed
    ("AM03", REQUEST_DEFECT),       // currency not allowed
    ("AM04", Reading::Short),       // insufficient funds
    ("AM05", Reading::SaysNothing), // duplicate
    ("AM06", RAIL_LIMIT),           // amount below the minimum
    ("AM07", PLATFORM_CONFIG),      // amount blocked
    ("AM09", REQUEST_DEFECT),       // amount not as agreed
    ("AM10", REQUEST_DEFECT),       // control sum
    ("AM13", RAIL_LIMIT),           // limit of the clearing system
    ("AM14", RAIL_LIMIT),           // limit agreed with the bank
    ("AM18", REQUEST_DEFECT),       // number of orders
    ("BE01", PAYEE_FIXABLE),        // name and account do not match
    ("BE05", PLATFORM_CONFIG),      // sender not recognised
    ("BE06", PAYEE_FIXABLE),        // payee unknown
    ("CH03", REQUEST_DEFECT),       // date too far in the future
    ("CNOR", PAYEE_FIXABLE),        // creditor's bank cannot be reached
    ("CURR", REQUEST_DEFECT),       // currency of the payment
    ("DNOR", PLATFORM_CONFIG),      // debtor's bank cannot be reached
    ("DS01", PLATFORM_CONFIG),      // signature
    ("DS02", PLATFORM_CONFIG),      // order cancelled by the sender's own people
    ("DS0H", PLATFORM_CONFIG),      // signer not allowed
    ("DT01", REQUEST_DEFECT),       // date
    ("DU01", Reading::SaysNothing), // message id seen before
    ("DU02", Reading::SaysNothing), // block id seen before
    ("DU03", Reading::SaysNothing), // order seen before
    ("DU04", Reading::SaysNothing), // end-to-end id seen before
    ("DU05", Reading::SaysNothing), // instruction id seen before
    ("FF01", REQUEST_DEFECT),       // file format
    ("FR01", PAYEE_BLOCKED),        // fraud suspected
    ("MD07", PAYEE_BLOCKED),        // the payee has died
    ("MS02", PAYEE_FIXABLE),        // refused by the payee
    ("MS03", REQUEST_DEFECT),       // refused by a bank without a reason
    ("RC01", PAYEE_FIXABLE),        // bank code is not right
    ("RC04", PAYEE_FIXABLE),        // creditor's bank code is not right
    ("RR01", PAYEE_BLOCKED),        // regulation: debtor's account or identification
    ("RR02", PAYEE_BLOCKED),        // regulation: debtor's name or address
    ("RR03", PAYEE_BLOCKED),        // regulation: creditor's name or address
    ("RR04", PAYEE_BLOCKED),        // regulation
    ("TM01", Reading::Deferred),    // after the cut-off
];

/// Reads the reason of a refusal. One that is not listed is still a refusal: the bank says so, and staff look why.
pub fn reading(reason: &str) -> Reading {
    REASONS.iter().find(|(code, _)| *code == reason).map_or(REQUEST_DEFECT, |(_, reading)| *reading)
}

/// The class of a return (退票). A reason that is no lasting refusal for an order is the payee's bank's doing.
pub fn return_class(reason: &str) -> &'static str {
    match reading(reason) {
        Reading::Failed(class) if class != "request_defect" => class,
        _ => "payee_fixable",
    }
}

/// What a transaction status says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Taken in; not yet known whether it is paid.
    Accepted,
    /// Refused.
    Rejected,
    /// Some of it, as listed one by one.
    Partly,
    /// Says nothing.
    Nothing,
}

/// Reads an ISO 20022 transaction or group status. Settlement on the debtor's side (`ACSC`) counts as accepted too:
/// what is paid is what the account's entries say. Blocked money (`BLCK`) is neither the payee's nor back: that says nothing.
pub fn progress(status: &str) -> Progress {
    match status {
        "ACCP" | "ACTC" | "ACSP" | "ACSC" | "ACCC" | "ACWC" | "ACWP" | "ACFC" | "PDNG" | "RCVD" => {
            Progress::Accepted
        }
        "RJCT" | "CANC" => Progress::Rejected,
        "PART" | "PATC" => Progress::Partly,
        _ => Progress::Nothing,
    }
}
