//! Who is in the demo: made-up names, the same in every demo.

use purser_domain::parties::{AccountClass, LegalForm, Profile, Role};

/// A small generator: the demo is the same for everybody.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// A number below `limit`.
    pub(super) fn below(&mut self, limit: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let wide = (u128::from(self.0) * u128::from(limit.unsigned_abs())) >> 64;
        i64::try_from(wide).unwrap_or(0)
    }

    /// True in so many cases of a hundred.
    pub(super) fn chance(&mut self, percent: i64) -> bool {
        self.below(100) < percent
    }

    /// One of a list.
    pub(super) fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        let index = self.below(i64::try_from(list.len()).unwrap_or(1));
        usize::try_from(index).ok().and_then(|index| list.get(index))
    }
}

const FIRST: [&str; 16] = [
    "小林", "阿木", "老周", "青禾", "南风", "一口", "半夏", "山间", "夜航", "豆豆", "云上", "大橙", "慢慢",
    "北岸", "七月", "圆圆",
];
const SECOND: [&str; 12] =
    ["日记", "测评", "厨房", "手作", "旅行", "书房", "健身", "园艺", "摄影", "穿搭", "数码", "萌宠"];

/// A creator of the demo.
pub(super) struct Creator {
    pub(super) profile: Profile,
    /// What the payout account's number makes the sandbox do.
    pub(super) fate: &'static str,
    /// How often tasks come, relative to others.
    pub(super) weight: i64,
    /// Usual amount of a task, yuan.
    pub(super) price: i64,
}

/// The parties: creators, some of them companies, and a few agencies.
pub(super) fn creators(count: usize, dice: &mut Dice) -> Vec<Creator> {
    (0..count)
        .map(|index| {
            let name = format!(
                "{}{}",
                FIRST[index % FIRST.len()],
                SECOND[(index / FIRST.len() + index) % SECOND.len()]
            );
            let company = index % 19 == 18;
            let form = if company { LegalForm::Enterprise } else { LegalForm::Individual };
            let fate = match index % 25 {
                3 => "late_success",
                7 => "lost_reply",
                11 => "fail",
                15 => "bounce",
                19 => "lost_request",
                23 => "throttled",
                _ => "ok",
            };
            Creator {
                profile: profile(&format!("creator-{:03}", index + 1), &name, Role::Creator, form),
                fate,
                weight: 1 + dice.below(9),
                price: 200 + 100 * dice.below(60),
            }
        })
        .collect()
}

/// The other parties, for whom the next capabilities have work.
pub(super) fn others() -> Vec<Profile> {
    let mut list = Vec::new();
    for index in 1..=8 {
        let name = format!("星河文化 {index} 部");
        list.push(profile(&format!("agency-{index:02}"), &name, Role::Agency, LegalForm::Enterprise));
    }
    for index in 1..=6 {
        let name = format!("好物铺子 {index} 店");
        list.push(profile(&format!("merchant-{index:02}"), &name, Role::Merchant, LegalForm::Enterprise));
        let name = format!("晴天品牌 {index} 号");
        list.push(profile(&format!("advertiser-{index:02}"), &name, Role::Advertiser, LegalForm::Enterprise));
    }
    list
}

/// The advertisers among them: the platform's own id, and the name.
pub(super) fn advertisers() -> Vec<(String, String)> {
    let advertisers = others().into_iter().filter(|profile| profile.roles.has(Role::Advertiser));
    advertisers.map(|profile| (profile.external_id, profile.display_name)).collect()
}

/// The merchants among them, by the platform's own id.
pub(super) fn shops() -> Vec<String> {
    let merchants = others().into_iter().filter(|profile| profile.roles.has(Role::Merchant));
    merchants.map(|profile| profile.external_id).collect()
}

fn profile(external_id: &str, name: &str, role: Role, legal_form: LegalForm) -> Profile {
    Profile {
        external_id: external_id.to_owned(),
        display_name: name.to_owned(),
        roles: [role].into_iter().collect(),
        legal_form,
        class: AccountClass::Ordinary,
        metadata: std::collections::BTreeMap::new(),
    }
}
