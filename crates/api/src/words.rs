//! What people read of a refusal, in Chinese and English: one closed table by code (P7–P9, P14, P16, P18, P19). The
//! gate's refusals have their sentences with their checks; what is here is what people meet before and after it.
//!
//! `detail` of a problem stays the exact sentence for whoever writes a client; these are for whoever uses one.

use purser_domain::withdrawals::GateCode;

/// A refusal's code and what people read of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// Stable code.
    pub code: &'static str,
    /// In Chinese.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
}

/// Codes that belong together.
#[derive(Debug, Clone, Copy)]
pub struct WordsSection {
    /// Heading of the reference.
    pub title: &'static str,
    /// Its codes.
    pub words: &'static [Words],
}

macro_rules! sections {
    ($($title:literal { $($code:literal: $zh:literal, $en:literal;)* })*) => {
        /// Every code of the table, each once.
        pub const WORDS: &[WordsSection] = &[$(WordsSection {
            title: $title,
            words: &[$(Words { code: $code, zh: $zh, en: $en }),*],
        }),*];
    };
}

sections! {
    "Phones and one-time codes" {
        "phone_invalid": "手机号格式不正确，请填写 11 位手机号。", "This is not a mobile number; enter its 11 digits.";
        "phone_virtual_operator": "不支持虚拟运营商号段，请使用三大运营商或广电的手机号。",
            "Numbers of virtual operators cannot be bound; use one of a network operator.";
        "phone_missing": "尚未绑定手机号，请先绑定。", "No phone is bound; bind one first.";
        "code_sender_missing": "平台尚未开通短信服务，请联系平台。",
            "The platform has no service that sends codes yet; contact the platform.";
        "code_daily_limit": "该手机号今日验证码已达上限，请明天再试。",
            "This phone has had its codes for today; try again tomorrow.";
        "code_too_soon": "验证码刚刚发送，请稍后再获取。", "A code was sent a moment ago; wait before asking for another.";
        "code_missing": "请输入短信验证码。", "Enter the code that was sent to the phone.";
        "code_tries_exhausted": "验证码错误次数过多，请重新获取。", "Too many wrong tries; ask for a new code.";
        "code_expired": "验证码已过期，请重新获取。", "The code has expired; ask for a new one.";
        "code_used": "验证码已使用，请重新获取。", "The code was used before; ask for a new one.";
        "code_for_another": "验证码不是用于本次操作，请重新获取。", "The code was sent for something else; ask for a new one.";
        "code_wrong": "验证码错误。", "The code is wrong.";
        "code_in_dry_run": "试算无需验证码，请去掉后再试。", "Trying takes no code; leave it out.";
        "secrets_key_missing": "平台暂不能保存个人信息，请联系平台。",
            "The platform cannot store personal data now; contact the platform.";
        "sealed_value_broken": "已保存的信息无法读取，请联系平台。", "What is stored cannot be read; contact the platform.";
    }
    "Real names" {
        "party_unknown": "账户不存在。", "There is no such account.";
        "party_closed": "账户已关闭。", "The account is closed.";
        "identity_verified": "已完成实名认证，不能修改；如有错误请联系平台。",
            "The real name is verified and cannot be changed; if it is wrong, contact the platform.";
        "identity_pending": "实名认证审核中，请等待结果。", "The real name is being verified; wait for the answer.";
        "identity_kind": "企业请用企业名称和统一社会信用代码认证，个人请用姓名和身份证号认证。",
            "A company is verified by its name and code, a person by name and identity number.";
        "identity_missing": "请先完成实名认证。", "Verify the real name first.";
        "identity_not_verified": "该账户没有已通过的实名认证。", "The account has no verified identity.";
        "name_invalid": "姓名或名称格式不正确，请按证件填写。", "The name cannot be right; enter it as on the document.";
        "id_number_shape": "身份证号格式不正确，应为 18 位。", "An identity number has 18 characters.";
        "id_number_region": "身份证号有误，请核对前两位地区码。", "The first two digits of the identity number are no region.";
        "id_number_birth_date": "身份证号有误，请核对出生日期。", "The date of birth in the identity number cannot be right.";
        "id_number_check": "身份证号有误，请核对后重新填写。", "The identity number has a typing error.";
        "uscc_shape": "统一社会信用代码格式不正确，应为 18 位。", "A unified social credit code has 18 characters.";
        "uscc_check": "统一社会信用代码有误，请核对后重新填写。", "The unified social credit code has a typing error.";
        "verifier_missing": "平台尚未开通实名认证服务，请联系平台。",
            "The platform has no service that verifies identities yet; contact the platform.";
        "reason_invalid": "请填写原因，长度有限，且不能含个人信息。", "Give a short reason with nothing personal in it.";
        "not_sandbox": "仅沙箱环境可用。", "This works in a sandbox only.";
    }
    "Payout accounts" {
        "payout_account_kind": "不支持该类收款账户。", "This kind of payout account is not supported.";
        "payout_account_number": "收款账号格式不正确，请核对。", "The number does not look like one of this kind of account.";
        "card_number_shape": "银行卡号格式不正确，请核对卡面卡号。", "A card number has 15 to 19 digits.";
        "credit_card": "不支持信用卡，请使用借记卡。", "Money can be paid to debit cards only, not to credit cards.";
        "card_check_unconfirmed": "卡号末位校验不符，请核对；确认无误可继续。",
            "The last digit of the card does not fit; look again, and confirm it if it is right.";
        "holder_invalid": "请填写银行预留的户名。", "Enter the holder's name as the bank knows it.";
        "bank_missing": "请填写开户银行。", "Enter the bank of the account.";
        "cnaps_invalid": "联行号有误，应为 12 位数字。", "A clearing code has 12 digits.";
        "holder_mismatch": "收款账户户名须与实名认证信息一致。", "The account must belong to the verified person or company.";
        "payout_account_exists": "该收款账户已绑定。", "This payout account is bound already.";
        "payout_accounts_too_many": "收款账户数量已达上限，请先解绑不用的账户。",
            "There are too many payout accounts; take one away first.";
        "payout_account_unknown": "收款账户不存在。", "There is no such payout account.";
        "destination_missing": "请先绑定或选择收款账户。", "Bind or choose a payout account first.";
    }
    "People who act for a party" {
        "person_unknown": "操作人不存在。", "There is no such person.";
        "person_may_not_request": "该操作人仅可查看，不能申请提现。", "This person may only look, not ask for withdrawals.";
        "person_may_not_approve": "该操作人没有审批权限。", "This person may not approve.";
        "people_too_many": "操作人数量已达上限。", "There are too many people.";
        "version_conflict": "内容已被他人修改，请刷新后重试。", "It was changed meanwhile; read it again.";
    }
    "Decisions about a withdrawal" {
        "withdrawal_unknown": "提现记录不存在。", "There is no such withdrawal.";
        "withdrawal_finished": "提现已结束，不能再操作。", "The withdrawal is finished.";
        "withdrawal_state_change": "提现当前状态不能进行此操作。", "The withdrawal is in a state that does not allow this.";
        "already_sent": "提现已提交打款，不能撤销。", "The withdrawal was sent already and cannot be called off.";
        "same_person": "须由两名不同的人员审批。", "Two different people must approve.";
        "note_missing": "请填写原因，1–500 个字符，不换行。", "Give a reason of 1 to 500 characters on one line.";
        "not_due_yet": "提现尚未到处理时间。", "The withdrawal is not due yet.";
        "slice_unknown": "该笔打款不存在。", "The withdrawal has no such part.";
        "outcome_conflict": "渠道结果前后不一致，平台正在核对。",
            "The payment channel contradicts itself; the platform is looking into it.";
        "staff_needed": "须由平台工作人员登录后操作。", "A member of staff has to do this, signed in.";
        "rail_unknown": "打款渠道不存在。", "There is no such payment channel.";
    }
    "What two people decide" {
        "actor_missing": "缺少操作人。", "It is not said who does this.";
        "approval_unknown": "审批单不存在。", "There is no such proposal.";
        "approval_decided": "审批单已处理。", "The proposal is decided already.";
        "approval_same_person": "提交人不能审批自己的申请，须由另一人审批。",
            "Whoever proposed it cannot decide it; a second person has to.";
        "approval_outdated": "该审批单缺少现在必填的内容，请驳回后重新提交。",
            "The proposal lacks what is asked now; refuse it and propose it again.";
        "approval_open": "相同的申请已提交，请直接审批。", "The same is proposed already; decide it.";
        "approval_required": "须先由另一人审批。", "A second person has to approve this first.";
        "policy_unreadable": "政策文件有误，请按提示修改。", "The policy file has errors; see where.";
    }
    "Staff accounts" {
        "sign_in_refused": "账号或密码错误。", "Login or password is wrong.";
        "account_locked": "密码错误次数过多，账号已暂时锁定。", "Too many wrong passwords; the account is locked for a while.";
        "login_taken": "该登录名已存在。", "There is an account with this login.";
        "staff_unknown": "账号不存在。", "There is no such account.";
        "session_unknown": "登录已失效，请重新登录。", "The session is gone; sign in again.";
        "not_a_session": "API 密钥不能退出登录。", "An API key does not sign out.";
        "scope_missing": "没有权限。", "You are not allowed to do this.";
        "busy": "系统繁忙，请稍后再试。", "Too busy; try again.";

        "password_change_needed": "您的密码由他人设置，请先修改密码。", "Somebody else has set your password; change it first.";
        "password_wrong": "原密码错误。", "The password until now is wrong.";
        "password_same": "新密码不能与原密码相同。", "Choose another password than until now.";
    }
}

/// What people read of a code, Chinese and English; `None` for codes that only programs meet.
pub(crate) fn words(code: &str) -> Option<(&'static str, &'static str)> {
    let own = WORDS.iter().flat_map(|section| section.words).find(|words| words.code == code);
    own.map(|words| (words.zh, words.en)).or_else(|| GateCode::named(code).map(|gate| (gate.zh(), gate.en())))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    /// Where refusals of the people's side are made: their files, and folders of them.
    const SOURCES: &[&str] = &[
        "domain/src/identity",
        "domain/src/withdrawals/decision.rs",
        "engine/src/identity",
        "engine/src/withdrawals/accounts.rs",
        "engine/src/withdrawals/account_changes.rs",
        "engine/src/withdrawals/outcome.rs",
        "engine/src/withdrawals/rails.rs",
        "engine/src/withdrawals/request.rs",
        "engine/src/approvals.rs",
        "engine/src/access/staff.rs",
        "api/src/identity.rs",
        "api/src/payout_accounts.rs",
        "api/src/people.rs",
        "api/src/withdrawals.rs",
        "api/src/approvals.rs",
        "api/src/staff.rs",
    ];

    fn texts() -> Vec<String> {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let files = SOURCES.iter().flat_map(|source| {
            let path = crates.join(source);
            if path.is_file() {
                return vec![path];
            }
            fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()).collect()
        });
        let read = |path| fs::read_to_string(path).unwrap();
        files.map(read).map(|text| text.split("#[cfg(test)]").next().unwrap().to_owned()).collect()
    }

    /// The text literal that follows, after blanks.
    fn literal(text: &str) -> Option<&str> {
        text.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next())
    }

    /// Codes that are given to a rejection or problem as it is made, and those of `fn code`.
    fn codes_of(text: &str) -> BTreeSet<&str> {
        let after = |marker: &'static str| text.split(marker).skip(1);
        let made = after("Rejection::new(").chain(after("not_found(")).filter_map(literal);
        let problems = after("Problem::new(").filter_map(|rest| literal(rest.split_once(',')?.1));
        let arms = after("fn code(").flat_map(|rest| {
            let body = rest.split("\n    }\n").next().unwrap_or_default();
            body.split("=> ").skip(1).filter_map(literal)
        });
        made.chain(problems).chain(arms).collect()
    }

    #[test]
    fn every_refusal_of_the_people_s_side_has_words_in_both_languages() {
        let texts = texts();
        let codes: BTreeSet<&str> = texts.iter().flat_map(|text| codes_of(text)).collect();
        assert!(codes.len() > 50 && codes.contains("phone_invalid"), "the sources were read: {codes:?}");
        let missing: Vec<&&str> = codes.iter().filter(|code| words(code).is_none()).collect();
        assert!(missing.is_empty(), "no words for {missing:?}");
    }

    #[test]
    fn every_code_stands_once_and_in_its_language() {
        let all: Vec<Words> = WORDS.iter().flat_map(|section| section.words).copied().collect();
        let codes: BTreeSet<&str> = all.iter().map(|words| words.code).collect();
        assert_eq!(codes.len(), all.len());
        for Words { code, zh, en } in all {
            assert!(zh.ends_with('。') && !zh.is_ascii(), "{code}");
            assert!(en.ends_with('.') && en.is_ascii(), "{code}");
        }
    }
}
