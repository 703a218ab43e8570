//! Business kinds of transfers: what a ledger line is about.

macro_rules! transfer_kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)*) => {
        /// What a transfer is about. Codes are stored and never reused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum TransferKind { $($(#[$doc])* $name,)* }

        impl TransferKind {
            /// Every kind, in order of code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// Stored code.
            pub const fn code(self) -> i64 { match self { $(Self::$name => $code,)* } }
            /// Name in the API and on pages.
            pub const fn name(self) -> &'static str { match self { $(Self::$name => $text,)* } }
            /// By stored code.
            pub fn from_code(code: i64) -> Option<Self> { match code { $($code => Some(Self::$name),)* _ => None } }
            /// By name.
            pub fn from_name(name: &str) -> Option<Self> { match name { $($text => Some(Self::$name),)* _ => None } }
        }
    };
}

transfer_kinds! {
    /// A movement that staff or the platform's own system asked for directly.
    Manual = 1, "manual";
    /// The reversal of an earlier transfer.
    Reversal = 2, "reversal";
    /// Gross amount of a settled task order (X2).
    TaskGross = 10, "task.gross";
    /// Service fee of a settled task order (X13).
    TaskServiceFee = 11, "task.service_fee";
    /// Compensation for a cancelled task order (X2).
    TaskCompensation = 12, "task.compensation";
    /// What a party owed, collected from its income (M).
    OwedCollected = 13, "owed.collected";
    /// The amount of a withdrawal, from the party to payouts in transit (M).
    WithdrawalAmount = 20, "withdrawal.amount";
    /// The fee of a withdrawal.
    WithdrawalFee = 21, "withdrawal.fee";
    /// A payout on its way through a rail.
    PayoutSend = 22, "payout.send";
    /// What the rail charges the platform for a payout.
    PayoutRailFee = 23, "payout.rail_fee";
    /// Money of a payout that came back.
    PayoutBounce = 24, "payout.bounce";
    /// A debt of the party that a withdrawal repays first (C12).
    WithdrawalRepayment = 25, "withdrawal.repayment";
    /// Platform money put into the float at a rail (P12).
    FloatTopUp = 30, "float.top_up";
    /// A correction of the float by two people (P16).
    FloatAdjustment = 31, "float.adjustment";
    /// Programme income of a published month, from frozen to earnings (X15).
    ProgrammeIncome = 40, "programme.income";
    /// The operating fee of a published month.
    ProgrammeFee = 41, "programme.operating_fee";
    /// The incentive of a published month.
    ProgrammeIncentive = 42, "programme.incentive";
    /// A correction of a published month after a dispute.
    ProgrammeAdjustment = 43, "programme.adjustment";
    /// A payment that became balance (A3).
    PaymentCredited = 60, "payment.credited";
    /// A payment that paid arrears (A3).
    PaymentArrears = 61, "payment.arrears";
    /// A payment that nobody can be credited with yet (P11).
    PaymentHeld = 62, "payment.held";
    /// Money given back to its payer (P11).
    PaymentRefund = 63, "payment.refund";
    /// Income tax withheld from settled income (X18).
    TaxWithheld = 70, "tax.withheld";
    /// An advance on shipped pay-later goods (C11).
    CreditAdvance = 80, "credit.advance";
    /// Shipped beyond the limit: the shop's liability (C12).
    CreditBeyondLimit = 81, "credit.beyond_limit";
    /// A buyer paid a pay-later order.
    CreditBuyerPaid = 82, "credit.buyer_paid";
    /// Pay-later goods were refunded.
    CreditRefund = 83, "credit.refund";
    /// An advance that the platform gave up.
    CreditWriteOff = 84, "credit.write_off";
    /// An advance taken back from the shop after a fraud decision.
    CreditRecourse = 85, "credit.recourse";
    /// Clicks of a campaign (A7).
    AdClicks = 90, "ads.clicks";
    /// Clicks that were found invalid (A8).
    AdInvalid = 91, "ads.invalid_clicks";
    /// What a campaign spent above its budget of a day (A7).
    AdOverDelivery = 92, "ads.over_delivery";
    /// A grant of advertising money (A1).
    AdGrant = 96, "ads.grant";
    /// What was left of a grant at its end.
    AdGrantExpired = 97, "ads.grant_expired";
    /// An automatic top-up from the party's own earnings (A11).
    AdAutoTopUp = 98, "ads.auto_top_up";
    /// Unspent money of automatic top-ups, back to the earnings that it came from (A12).
    AdAutoTopUpBack = 99, "ads.auto_top_up_back";
    /// Money that came back to an advertiser's balance pays what it owes first (A3).
    AdArrearsPaid = 100, "ads.arrears_paid";
}
