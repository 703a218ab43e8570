//! The steps of an evaluation (C9), and their compact stored form.

/// Most bytes of the stored form: issue and storage budget of an evaluation.
pub const STEPS_BYTES_MAX: usize = 600;

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $id:literal, $row:literal, $zh:literal, $en:literal;)*) => {
        /// A rule of the formula, in its order (C8).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Rule { $($(#[$doc])* $name,)* }

        impl Rule {
            /// All rules in order of the formula.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// Number in the stored form; never reused.
            pub const fn code(self) -> u8 { match self { $(Self::$name => $code,)* } }
            /// Stable name, as the API writes it.
            pub const fn name(self) -> &'static str { match self { $(Self::$name => $id,)* } }
            /// Row of the specification.
            pub const fn row(self) -> &'static str { match self { $(Self::$name => $row,)* } }
            /// What it is, in Chinese.
            pub const fn zh(self) -> &'static str { match self { $(Self::$name => $zh,)* } }
            /// What it is, in English.
            pub const fn en(self) -> &'static str { match self { $(Self::$name => $en,)* } }
            /// By the number of the stored form.
            pub fn from_code(code: u8) -> Option<Self> { Self::ALL.iter().copied().find(|rule| rule.code() == code) }
        }
    };
}

rules! {
    /// Input: the level.
    NewShop = 1, "new_shop", "C3", "新店首月额度", "New shop: by its level";
    /// Input: the amount.
    CreditEvaluation = 2, "credit_evaluation", "C2", "信用评估额度", "Credit evaluation";
    /// Input: the amount.
    LevelAndVolume = 3, "level_and_volume", "C2", "店铺等级与销量额度", "Shop level and volume";
    /// Input: the amount.
    ServiceQuality = 4, "service_quality", "C2", "服务质量额度", "Service quality";
    /// Input: the amount.
    Partner = 5, "partner", "C2", "合作金融机构额度", "Financing partner";
    /// Input: the level that counts.
    Volume = 6, "volume_boost", "C4", "月均订单达标，按上一等级计", "Enough orders: one level up";
    /// Input: the rate in parts per million.
    Dsr = 7, "dsr_boost", "C4", "店铺评分达标提额", "Good ratings";
    /// Input: the amount.
    Training = 8, "training_boost", "C4", "完成培训提额", "Training completed";
    /// Input: the return rate in parts per million.
    ReturnRate = 9, "return_rate_reduction", "C6", "近 30 日退货率偏高，降低额度", "High return rate of the last 30 days";
    /// Input: the turnover of the months that count, minor units.
    TurnoverCap = 10, "turnover_cap", "C8", "不超过近 12 个月成交额的比例", "Ceiling: share of the turnover of 12 months";
    /// Input: the rate in parts per million.
    Promotion = 12, "promotion", "C5", "大促临时提额", "Sale boost";
    /// Input: the amount.
    Emergency = 13, "emergency", "C18", "临时额度", "Temporary limit";
    /// Input: the cap.
    VirtualOperator = 11, "virtual_operator", "C22", "虚拟运营商号码，额度受限", "Phone number of a virtual operator";
    /// Input: the amount that was set.
    Fixed = 14, "override", "C8", "人工设定额度", "Set by staff";
    /// Input: the return rate of the last of the months, parts per million.
    ReturnsZero = 15, "returns_zero", "C7", "连续多月退货率过高", "Return rate too high for months running";
    /// Input: 0.
    HighRisk = 16, "high_risk", "C7", "高风险店铺", "Flagged high-risk";
    /// Input: 0.
    Violation = 17, "violation", "C7", "存在违规行为", "A violation";
    /// Input: 0.
    PoorOperation = 18, "poor_operation", "C7", "经营状况不佳", "Poor operation";
    /// Input: 0.
    DailyDraw = 19, "daily_draw", "C7", "单日提取比例过高", "A day's draws above the share of the limit";
    /// Input: 0.
    Closed = 20, "closed", "C25", "已关闭先用后付", "The service is closed";
    /// Input: 0.
    Rounding = 21, "rounding", "M", "向下取整到元", "Rounded down to the yuan";
}

/// Most steps of an evaluation: every rule once.
pub const RULES_MAX: usize = 21;

/// One step: what it looked at and what it changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Which rule.
    pub rule: Rule,
    /// What it looked at; the rule says in which unit.
    pub input: i64,
    /// What it added or took, minor units.
    pub delta_minor: i64,
    /// The limit after it, minor units.
    pub result_minor: i64,
}

/// Bytes that are no stored steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored steps of an evaluation cannot be read")]
pub struct StepsError;

/// The stored form: rule, input and delta of each step, numbers zigzag in base 128. Results follow from the deltas.
pub fn encode(steps: &[Step]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(steps.len() * 12);
    for step in steps {
        bytes.push(step.rule.code());
        for number in [step.input, step.delta_minor] {
            // Zigzag: small numbers of either sign become small numbers.
            let mut rest = (number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned();
            while rest >= 0x80 {
                bytes.push(u8::try_from(rest & 0x7f).unwrap_or(0) | 0x80);
                rest >>= 7;
            }
            bytes.push(u8::try_from(rest).unwrap_or(0));
        }
    }
    bytes
}

/// Reads [`encode`]'s form.
///
/// # Errors
/// [`StepsError`].
pub fn decode(bytes: &[u8]) -> Result<Vec<Step>, StepsError> {
    let mut rest = bytes.iter().copied();
    let mut steps = Vec::new();
    let mut result_minor = 0i64;
    while let Some(code) = rest.next() {
        let rule = Rule::from_code(code).ok_or(StepsError)?;
        let input = number(&mut rest)?;
        let delta_minor = number(&mut rest)?;
        result_minor = result_minor.checked_add(delta_minor).ok_or(StepsError)?;
        steps.push(Step { rule, input, delta_minor, result_minor });
    }
    Ok(steps)
}

fn number(bytes: &mut impl Iterator<Item = u8>) -> Result<i64, StepsError> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = bytes.next().ok_or(StepsError)?;
        let part = u64::from(byte & 0x7f);
        if shift == 63 && part > 1 {
            return Err(StepsError);
        }
        value |= part << shift;
        if byte & 0x80 == 0 {
            return Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
        }
    }
    Err(StepsError)
}
