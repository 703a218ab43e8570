//! The codes of the withdrawal gate (G), in order of precedence, with what people are told.

/// Who must act next (P14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Actor {
    /// Nobody: it is finished, or time alone moves it.
    Nobody,
    /// The creator or merchant who asked.
    Party,
    /// The marketplace that runs this desk: it must fund, configure or switch on.
    Platform,
    /// Finance, risk or support staff.
    Staff,
    /// The bank or payment service.
    Rail,
}

impl Actor {
    /// Stable name, as the API writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Party => "party",
            Self::Platform => "platform",
            Self::Staff => "staff",
            Self::Rail => "rail",
        }
    }
}

/// What to do next; a stable code that a page turns into a button or a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NextStep {
    /// Nothing to do.
    Nothing,
    /// Wait; it goes on by itself.
    Wait,
    /// Correct the amount.
    ChangeAmount,
    /// Ask support.
    ContactSupport,
    /// Ask the agency.
    ContactAgency,
    /// Use the monthly settlement statement.
    UseStatement,
    /// Do the missing first steps.
    CompleteFirstSteps,
    /// Register a studio.
    UpgradeToStudio,
    /// Choose, bind or correct the payout account.
    FixDestination,
    /// Pay what is owed; later income does so by itself.
    SettleDebt,
    /// Get and enter a new code.
    RequestCode,
    /// Try again later.
    TryLater,
    /// Staff look at the request and decide.
    Review,
    /// Finance adds float.
    TopUpFloat,
    /// Make a new request.
    RequestAgain,
    /// Ask for proceeds instead of the limit.
    UseProceeds,
}

impl NextStep {
    /// Stable name, as the API writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Wait => "wait",
            Self::ChangeAmount => "change_amount",
            Self::ContactSupport => "contact_support",
            Self::ContactAgency => "contact_agency",
            Self::UseStatement => "use_statement",
            Self::CompleteFirstSteps => "complete_first_steps",
            Self::UpgradeToStudio => "upgrade_to_studio",
            Self::FixDestination => "fix_destination",
            Self::SettleDebt => "settle_debt",
            Self::RequestCode => "request_code",
            Self::TryLater => "try_later",
            Self::Review => "review",
            Self::TopUpFloat => "top_up_float",
            Self::RequestAgain => "request_again",
            Self::UseProceeds => "use_proceeds",
        }
    }
}

macro_rules! gate_codes {
    ($($(#[$doc:meta])* $name:ident = $check:literal, $code:literal, $actor:ident, $next:ident, $zh:literal, $en:literal;)*) => {
        /// Why a request does not pass or has to wait: closed, in order of precedence (G).
        ///
        /// Checks 1–11 refuse; 12–15 let the request pass into a waiting state.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum GateCode { $($(#[$doc])* $name,)* }

        impl GateCode {
            /// All codes in order of precedence.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Stable code for the API and storage.
            pub const fn code(self) -> &'static str { match self { $(Self::$name => $code,)* } }

            /// Number of the check in G, 1 to 15.
            pub const fn check(self) -> u8 { match self { $(Self::$name => $check,)* } }

            /// Who must act.
            pub const fn actor(self) -> Actor { match self { $(Self::$name => Actor::$actor,)* } }

            /// What to do.
            pub const fn next_step(self) -> NextStep { match self { $(Self::$name => NextStep::$next,)* } }

            /// A sentence in Chinese.
            pub const fn zh(self) -> &'static str { match self { $(Self::$name => $zh,)* } }

            /// A sentence in English.
            pub const fn en(self) -> &'static str { match self { $(Self::$name => $en,)* } }
        }
    };
}

gate_codes! {
    /// G1: zero or negative.
    AmountNotPositive = 1, "amount_not_positive", Party, ChangeAmount,
        "提现金额必须大于 0。", "The amount must be above zero.";
    /// G1: another currency than the account's.
    CurrencyMismatch = 1, "currency_mismatch", Party, ChangeAmount,
        "币种与账户不一致。", "The currency is not the account's.";
    /// G1: below the smallest amount (0.10 by policy).
    BelowMinimum = 1, "below_minimum", Party, ChangeAmount,
        "提现金额低于最低限额。", "The amount is below the minimum.";
    /// G1, C15: after the fee less than the smallest amount would be left.
    AmountNotAboveFee = 1, "amount_not_above_fee", Party, ChangeAmount,
        "扣除手续费后的到账金额低于最低限额。", "After the fee, less than the minimum would arrive.";
    /// G2: the party is closed.
    PartyClosed = 2, "party_closed", Staff, ContactSupport,
        "账户已关闭。", "The account is closed.";
    /// G2: the party is frozen (P6).
    PartyFrozen = 2, "party_frozen", Staff, ContactSupport,
        "账户已冻结，暂不能提现。", "The account is frozen; no money can leave it for now.";
    /// G2: the kill switch of all payouts is on (P4).
    PayoutsStopped = 2, "payouts_stopped", Platform, TryLater,
        "平台已暂停所有提现，请稍后再试。", "The platform has paused all withdrawals; try again later.";
    /// G2: the kill switch of this kind of party is on (P4).
    PartyKindStopped = 2, "party_kind_stopped", Platform, TryLater,
        "平台已暂停此类账户的提现，请稍后再试。", "The platform has paused withdrawals of this kind of account; try again later.";
    /// G3: inside the closed window (C14); the time it reopens is given.
    ClosedWindow = 3, "closed_window", Party, TryLater,
        "当前时段暂停提现，请在开放后再试。", "Withdrawals are closed at this hour; try again when they reopen.";
    /// G4: the limit is not cash (C13).
    LimitNotCash = 4, "limit_not_cash", Party, UseProceeds,
        "先用后付额度不是现金，不能提现；可提现的是货款。未使用的额度继续有效。",
        "The pay-later limit is not cash and cannot be withdrawn; proceeds can. What is unused stays usable.";
    /// G4: the limit cannot be transferred, Alipay transfers included (C13).
    LimitNotTransferable = 4, "limit_not_transferable", Party, UseProceeds,
        "先用后付额度不能转账（包括转账到支付宝）；可将货款提现到您的收款账户。未使用的额度继续有效。",
        "The pay-later limit cannot be transferred, to Alipay neither; withdraw proceeds to your payout account instead. What is unused stays usable.";
    /// G4: the limit does not pay red packets (C13).
    LimitNotForRedPackets = 4, "limit_not_for_red_packets", Party, UseProceeds,
        "先用后付额度不能用于发红包；货款提现后可自行使用。未使用的额度继续有效。",
        "The pay-later limit cannot be used for red packets; use money of your own, such as withdrawn proceeds. What is unused stays usable.";
    /// G4: the limit does not become balance (C13).
    LimitNotBalance = 4, "limit_not_balance", Party, UseProceeds,
        "先用后付额度不能转为余额；订单发货后的货款会自动计入货款账户。未使用的额度继续有效。",
        "The pay-later limit cannot be turned into balance; what shipped orders bring is added to your proceeds by itself. What is unused stays usable.";
    /// G4: the money belongs to the agency (X14).
    AgencyMoney = 4, "agency_money", Party, ContactAgency,
        "该收入由所属机构结算，请联系您的机构。", "This income is settled to your agency; please ask your agency.";
    /// G4: paid company to company (X16).
    CorporateSettlement = 4, "corporate_settlement", Party, UseStatement,
        "该账户采用对公结算，请使用结算单。", "This account is settled company to company; use the settlement statement.";
    /// G4: another shop's money without a recorded authorisation (C20).
    OtherShop = 4, "other_shop", Party, ContactSupport,
        "没有为该店铺提现的授权。", "There is no recorded authorisation to withdraw for that shop.";
    /// G5: first steps are missing; all are named (X4).
    FirstStepsMissing = 5, "first_steps_missing", Party, CompleteFirstSteps,
        "首次提现前请先完成所列步骤。", "Complete the steps named before the first withdrawal.";
    /// G6: twelve months' withdrawals have reached the threshold (X9).
    StudioRequired = 6, "studio_required", Party, UpgradeToStudio,
        "累计提现已达上限，请先升级为工作室。", "Your withdrawals have reached the threshold; register a studio first.";
    /// G7: no destination given and none bound, or not one of this party.
    DestinationMissing = 7, "destination_missing", Party, FixDestination,
        "请先绑定或选择收款账户。", "Bind or choose a payout account first.";
    /// G7: this kind of account is not accepted here (P9, X10).
    DestinationKind = 7, "destination_kind", Party, FixDestination,
        "不支持提现到该类收款账户。", "Withdrawals to this kind of payout account are not supported.";
    /// G7: the holder is not the verified person or studio (P9, X6).
    HolderMismatch = 7, "holder_mismatch", Party, FixDestination,
        "收款账户户名与实名信息不一致。", "The holder of the payout account is not the verified person.";
    /// G7: just changed (P9); the time it ends is given.
    DestinationCoolingOff = 7, "destination_cooling_off", Party, Wait,
        "收款账户刚刚变更，冷静期后方可提现。", "The payout account was changed a short time ago; withdraw after the cooling-off.";
    /// G7: locked by staff or risk.
    DestinationLocked = 7, "destination_locked", Staff, ContactSupport,
        "收款账户已锁定，请联系客服。", "The payout account is locked; contact support.";
    /// G8: an earlier reversal is still owed (M).
    OwedOutstanding = 8, "owed_outstanding", Party, SettleDebt,
        "有待补足的款项，后续收入将优先抵扣。", "An amount is still owed; later income goes there first.";
    /// G8: due and liability cannot be repaid in full (C12).
    LiabilityOutstanding = 8, "liability_outstanding", Party, SettleDebt,
        "货款不足以偿还待还款项，暂不能提现。", "The proceeds do not cover what is due and the liability.";
    /// G8: another shop, whose proceeds this one drew, cannot repay what is due and its liability (C20).
    LinkedShopLiability = 8, "linked_shop_liability", Party, SettleDebt,
        "您曾代为提现的关联店铺有待还款项，双方共同承担，结清后方可提现。",
        "A shop whose proceeds you drew has something to repay, for which both are liable; withdraw once it is repaid.";
    /// G9: more than is available.
    InsufficientAvailable = 9, "insufficient_available", Party, ChangeAmount,
        "超过可提现金额。", "The amount is more than can be withdrawn.";
    /// G10: above the cap of a civil day (X10).
    DailyCap = 10, "daily_cap", Party, TryLater,
        "超过当日提现上限。", "The amount is above what may be withdrawn in one day.";
    /// G10: above the day's share of not-yet-paid proceeds (C7).
    ProceedsShareCap = 10, "proceeds_share_cap", Party, TryLater,
        "超过当日未付款货款的可提现比例。", "The amount is above the day's share of proceeds that buyers have not paid yet.";
    /// G10: above what any rail that could pay to this kind of account carries (P10); the largest amount is given.
    RailAmountCap = 10, "rail_amount_cap", Party, ChangeAmount,
        "超过付款通道单笔提现的最大金额，请减少金额，分次提现。", "The amount is above the largest that a payment channel carries; withdraw less at a time.";
    /// G11: no code was given (P8).
    CodeMissing = 11, "code_missing", Party, RequestCode,
        "请输入验证码。", "Enter the code.";
    /// G11: tried too often (P8).
    CodeTriesExhausted = 11, "code_tries_exhausted", Party, RequestCode,
        "验证码错误次数过多，请重新获取。", "Too many wrong tries; ask for a new code.";
    /// G11: older than its lifetime (P8).
    CodeExpired = 11, "code_expired", Party, RequestCode,
        "验证码已过期，请重新获取。", "The code has expired; ask for a new one.";
    /// G11: used before (P8).
    CodeUsed = 11, "code_used", Party, RequestCode,
        "验证码已使用，请重新获取。", "The code was used before; ask for a new one.";
    /// G11: made for another amount or destination (P8).
    CodeForAnother = 11, "code_for_another", Party, RequestCode,
        "验证码与本次提现的金额或收款账户不符。", "The code was made for another amount or payout account.";
    /// G11: wrong digits (P8).
    CodeWrong = 11, "code_wrong", Party, RequestCode,
        "验证码错误。", "The code is wrong.";
    /// G12: many requests in one day (C19).
    ReviewManyRequests = 12, "review_many_requests", Staff, Review,
        "当日提现次数较多，正在审核。", "Many requests in one day; the request is being reviewed.";
    /// G12: shortly after a large request (C19).
    ReviewAfterLarge = 12, "review_after_large", Staff, Review,
        "大额提现后的申请，正在审核。", "The request follows a large one and is being reviewed.";
    /// G12: large sums on consecutive days (C19).
    ReviewConsecutiveDays = 12, "review_consecutive_days", Staff, Review,
        "连续多日较大金额提现，正在审核。", "Large sums on consecutive days; the request is being reviewed.";
    /// G12: the risk score is at or above its threshold (C21).
    ReviewRisk = 12, "review_risk", Staff, Review,
        "该申请正在审核。", "The request is being reviewed.";
    /// G12: an amount that staff look at; from 500,000.00 on two people (P16).
    ReviewLargeAmount = 12, "review_large_amount", Staff, Review,
        "大额提现正在审核。", "The large amount is being reviewed.";
    /// G12: a payout account used for the first time shortly after it was bound.
    ReviewNewDestination = 12, "review_new_destination", Staff, Review,
        "新收款账户的提现正在审核。", "A new payout account; the request is being reviewed.";
    /// G13: waits for its value date (C14).
    ValueDate = 13, "value_date", Nobody, Wait,
        "将于起息日发出。", "It will be sent on its value date.";
    /// G14: float does not cover it (X11).
    FloatShort = 14, "float_short", Platform, TopUpFloat,
        "余额不足，工作人员正在处理。", "Waiting for platform funds; staff are on it.";
    /// G15: the rail's kill switch is on (P4).
    RailStopped = 15, "rail_stopped", Platform, Wait,
        "付款通道已暂停，恢复后自动发出。", "The payment channel is paused; it goes out by itself afterwards.";
    /// G15: the rail is not healthy.
    RailUnhealthy = 15, "rail_unhealthy", Rail, Wait,
        "付款通道暂时异常，恢复后自动发出。", "The payment channel has a problem; it goes out by itself afterwards.";
    /// G15: at the rail's limit for one payment the amount would need more payments than one request may have.
    RailLimit = 15, "rail_limit", Staff, Wait,
        "金额无法按付款通道的单笔限额拆分，工作人员正在处理。", "The amount cannot be cut into payments that the channel takes; staff are on it.";
}

impl GateCode {
    /// True for what is wrong with a payout account only for a while.
    pub const fn passes(self) -> bool {
        matches!(self, Self::DestinationCoolingOff | Self::DestinationLocked)
    }

    /// True for a code of velocity or risk: the review asks for evidence (C17).
    pub const fn asks_evidence(self) -> bool {
        matches!(
            self,
            Self::ReviewManyRequests
                | Self::ReviewAfterLarge
                | Self::ReviewConsecutiveDays
                | Self::ReviewRisk
        )
    }

    /// True for a code that refuses the request (G1–G11), false for one that lets it wait.
    pub const fn refuses(self) -> bool {
        self.check() <= 11
    }

    /// Reads a stable code.
    pub fn named(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.code() == code)
    }
}
