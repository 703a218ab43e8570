//! The true status of a campaign (A5, A9): computed from what is known whenever it is shown, stored nowhere.

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $zh:literal, $en:literal;)*) => {
        /// Why a campaign is not shown. In order of precedence: the first one is its state.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Reason { $($(#[$doc])* $name,)* }

        impl Reason {
            /// Every reason, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// Stable name.
            pub const fn name(self) -> &'static str { match self { $(Self::$name => $text,)* } }
            /// For people, in Chinese.
            pub const fn zh(self) -> &'static str { match self { $(Self::$name => $zh,)* } }
            /// For people, in English.
            pub const fn en(self) -> &'static str { match self { $(Self::$name => $en,)* } }
        }
    };
}

reasons! {
    /// After its last day.
    Ended = "ended", "推广已结束", "The campaign is over";
    /// The account's arrears are too old.
    Suspended = "suspended", "账户因欠费暂停，请先还清欠费", "The account is suspended: pay the arrears first";
    /// Arrears are open.
    Arrears = "arrears", "账户欠费，已下线", "Offline: there are arrears";
    /// The balance is used up.
    NoBalance = "no_balance", "余额不足，已下线", "Offline: the balance is used up";
    /// There is money again; the advertiser has not resumed it.
    ToBeResumed = "to_be_resumed", "待恢复推广", "Waits to be resumed";
    /// Switched off by the advertiser.
    Paused = "paused", "已暂停", "Paused";
    /// Before its first day.
    NotStarted = "not_started", "未到投放日期", "Not started yet";
    /// No keyword is on.
    NoKeywords = "no_keywords", "没有启用的关键词", "No keyword is on";
    /// The day's budget is used up.
    DailyBudget = "daily_budget", "超日限额，已下线，次日自动恢复", "Offline: the daily budget is used up; back by itself tomorrow";
    /// Outside the hours in which it is shown.
    OffSchedule = "off_schedule", "不在投放时段", "Outside its hours";
}

/// What a status follows from, at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, one bit each")]
pub struct StatusFacts {
    /// The advertiser's own switch.
    pub active: bool,
    /// Its first day has come.
    pub started: bool,
    /// Its last day is over.
    pub ended: bool,
    /// The schedule shows it now.
    pub on_schedule: bool,
    /// A keyword is on.
    pub has_keywords: bool,
    /// A stop for money is in force.
    pub stopped: bool,
    /// Arrears are open.
    pub arrears: bool,
    /// The account is suspended.
    pub suspended: bool,
    /// It waits to be resumed.
    pub waits: bool,
    /// The day's budget is used up.
    pub budget_used_up: bool,
}

/// A status: every reason against being shown; none means running.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// The reasons, in order of precedence.
    pub reasons: Vec<Reason>,
}

impl Status {
    /// Stable name of the state: `running`, or the first reason.
    pub fn name(&self) -> &'static str {
        self.reasons.first().map_or("running", |reason| reason.name())
    }

    /// For people, in Chinese.
    pub fn zh(&self) -> &'static str {
        self.reasons.first().map_or("推广中", |reason| reason.zh())
    }

    /// For people, in English.
    pub fn en(&self) -> &'static str {
        self.reasons.first().map_or("Running", |reason| reason.en())
    }

    /// It is shown.
    pub fn is_running(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// The status.
pub fn status(facts: &StatusFacts) -> Status {
    let holds = |reason: &Reason| match reason {
        Reason::Ended => facts.ended,
        Reason::Suspended => facts.suspended,
        Reason::Arrears => facts.stopped && facts.arrears,
        Reason::NoBalance => facts.stopped && !facts.arrears,
        Reason::ToBeResumed => !facts.stopped && facts.waits,
        Reason::Paused => !facts.active,
        Reason::NotStarted => !facts.started,
        Reason::NoKeywords => !facts.has_keywords,
        Reason::DailyBudget => facts.budget_used_up,
        Reason::OffSchedule => !facts.on_schedule,
    };
    Status { reasons: Reason::ALL.iter().copied().filter(holds).collect() }
}
