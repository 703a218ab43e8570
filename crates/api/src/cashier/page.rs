//! The page as HTML. Everything that is not written here is escaped.

use std::fmt::Write as _;

use purser_domain::{
    money::decimal,
    payments::{Method, Purpose, State},
    time::{Timestamp, Zone},
};
use purser_engine::payments::{PaymentOrderRow, is_run_out};

use super::words::{Language, Words};
use crate::payments::BankAccount;

/// What the page shows.
pub(super) struct Shown<'a> {
    pub(super) row: &'a PaymentOrderRow,
    pub(super) token: &'a str,
    pub(super) language: Language,
    pub(super) now: Timestamp,
    pub(super) zone: &'a Zone,
    /// What was done a moment ago.
    pub(super) sent: Option<&'a str>,
    pub(super) bank: Option<&'a BankAccount>,
    pub(super) alipay_url: Option<&'a str>,
    /// The buttons of the sandbox are there.
    pub(super) play: bool,
}

fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
        out
    })
}

/// `123456.78` as `123,456.78`.
fn grouped(amount_minor: i64) -> String {
    let text = decimal(amount_minor);
    let (whole, cents) = text.split_once('.').unwrap_or((&text, "00"));
    let mut out = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    format!("{out}.{cents}")
}

fn money(shown: &Shown<'_>, amount_minor: i64) -> String {
    match (shown.row.currency.code(), shown.language) {
        ("CNY", _) => format!("¥{}", grouped(amount_minor)),
        (code, _) => format!("{code} {}", grouped(amount_minor)),
    }
}

/// The page.
pub(super) fn render(shown: &Shown<'_>) -> String {
    let words = shown.language.words();
    let mut out = String::with_capacity(6_000);
    head(&mut out, shown, words);
    status(&mut out, shown, words);
    facts(&mut out, shown, words);
    match shown.row.order().state {
        State::Created | State::Pending if !is_run_out(shown.row, shown.now) => pay(&mut out, shown, words),
        State::Created | State::Pending if shown.play => play(&mut out, shown, words),
        State::Closed | State::Refunded => {
            again(&mut out, shown, words);
            if shown.play {
                play(&mut out, shown, words);
            }
        }
        _ => {}
    }
    foot(&mut out, shown, words);
    out
}

/// The page of a link that is none.
pub(super) fn unknown(language: Language) -> String {
    let words = language.words();
    format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <link rel=\"stylesheet\" href=\"/cashier/assets/cashier.css\">\n</head>\n<body>\n\
         <header><h1>{title}</h1></header>\n<main><section class=\"status bad\"><p class=\"title\">{}</p></section>\n\
         </main>\n</body>\n</html>\n",
        language.tag(),
        words.link_unknown,
        title = words.title,
    )
}

fn head(out: &mut String, shown: &Shown<'_>, words: &Words) {
    let (tag, title) = (shown.language.tag(), words.title);
    let other = if shown.language == Language::English { ("zh", "zh-CN") } else { ("en", "en") };
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"{tag}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"robots\" content=\"noindex\">\n\
         <title>{title} · {amount}</title>\n<link rel=\"stylesheet\" href=\"/cashier/assets/cashier.css\">\n\
         <script src=\"/cashier/assets/cashier.js\" defer></script>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n\
         <a class=\"language\" href=\"/cashier/{token}?lang={code}\" lang=\"{lang}\" hreflang=\"{lang}\">{name}</a>\n\
         </header>\n<main>\n",
        amount = money(shown, shown.row.amount),
        token = escape(shown.token),
        code = other.0,
        lang = other.1,
        name = words.other_language,
    );
}

fn status(out: &mut String, shown: &Shown<'_>, words: &Words) {
    let order = shown.row.order();
    let checking = is_run_out(shown.row, shown.now);
    let (class, title, text) = match order.state {
        State::Created | State::Pending if checking => ("wait", words.state_checking, words.checking_help),
        State::Created | State::Pending => ("open", words.state_open, ""),
        State::Paid => ("good", words.state_paid, ""),
        State::PaidLate => ("good", words.state_paid_late, words.late_help),
        State::Closed => ("bad", words.state_closed, words.closed_help),
        State::Refunded => ("wait", words.state_refunded, ""),
    };
    let _ = write!(
        out,
        "<section class=\"status {class}\" role=\"status\" data-state=\"{}\" data-payments=\"{}\" \
         data-watch=\"/cashier/{}/state\">\n<p class=\"title\">{title}</p>\n",
        order.state.name(),
        order.payments,
        escape(shown.token),
    );
    let mut notes = vec![text];
    match shown.sent {
        Some("fail") if order.state.is_open() => notes.push(words.failed),
        Some("no") => notes.push(words.refused),
        Some("1") if order.payments == 0 => notes.push(words.sent),
        _ => {}
    }
    if order.payments == 1 && order.received_minor != order.amount_minor {
        notes.push(words.other_amount);
    }
    if order.payments > 1 {
        notes.push(words.double_paid);
    }
    for note in notes.into_iter().filter(|note| !note.is_empty()) {
        let _ = writeln!(out, "<p>{note}</p>");
    }
    out.push_str("</section>\n");
}

fn fact(out: &mut String, class: &str, name: &str, value: &str) {
    let _ = writeln!(out, "<div class=\"{class}\"><dt>{name}</dt><dd>{value}</dd></div>");
}

fn facts(out: &mut String, shown: &Shown<'_>, words: &Words) {
    let order = shown.row.order();
    out.push_str("<dl class=\"facts\">\n");
    fact(out, "amount", words.amount, &money(shown, order.amount_minor));
    if order.payments > 0 {
        fact(out, "amount received", words.received, &money(shown, order.received_minor));
    }
    let purpose = match order.purpose {
        Purpose::AdTopUp => words.ad_top_up,
    };
    fact(out, "", words.purpose, purpose);
    let method = match order.method {
        Method::Sandbox => words.sandbox,
        Method::Alipay => words.alipay,
        Method::BankTransfer => words.bank_transfer,
    };
    fact(out, "", words.method, method);
    fact(out, "", words.order, &format!("<code>{}</code>", order.id));
    if order.state.is_open() {
        let local = shown.zone.datetime(order.expires_at).strftime("%Y-%m-%d %H:%M:%S").to_string();
        let until = format!("<time datetime=\"{}\">{local}</time>", order.expires_at);
        fact(out, "", words.pay_until, &until);
        if !is_run_out(shown.row, shown.now) {
            let seconds = (order.expires_at.0 - shown.now.0).max(0) / 1_000_000;
            // Filled by the script; a reader is told the end once, not every second.
            let left = format!(
                "<span id=\"left\" aria-hidden=\"true\" data-seconds=\"{seconds}\" data-over=\"{}\">{:02}:{:02}</span>",
                words.time_is_up,
                seconds / 60,
                seconds % 60
            );
            fact(out, "left", words.time_left, &left);
        }
    }
    out.push_str("</dl>\n");
}

fn pay(out: &mut String, shown: &Shown<'_>, words: &Words) {
    match shown.row.method() {
        Method::Sandbox if shown.play => play(out, shown, words),
        Method::Sandbox => {}
        Method::Alipay => match shown.alipay_url {
            Some(url) => {
                let _ = writeln!(
                    out,
                    "<p class=\"actions\"><a class=\"button main\" rel=\"noreferrer\" href=\"{}\">{}</a></p>",
                    escape(url),
                    words.go_to_alipay
                );
            }
            None => {
                let _ = writeln!(out, "<p>{}</p>", words.alipay_down);
            }
        },
        Method::BankTransfer => {
            let Some(bank) = shown.bank else { return };
            let code = &shown.row.code;
            let (first, second) = code.split_at_checked(7).unwrap_or((code, ""));
            let _ = writeln!(
                out,
                "<section class=\"transfer\">\n<p>{}</p>\n<dl class=\"facts\">",
                words.transfer_help
            );
            fact(out, "code", words.transfer_code, &format!("<code>{first}-{second}</code>"));
            fact(out, "", words.account_name, &escape(&bank.name));
            fact(out, "", words.account_number, &format!("<code>{}</code>", escape(&bank.number)));
            if !bank.bank.is_empty() {
                fact(out, "", words.account_bank, &escape(&bank.bank));
            }
            out.push_str("</dl>\n</section>\n");
        }
    }
}

fn form(out: &mut String, shown: &Shown<'_>) {
    let _ = writeln!(
        out,
        "<form method=\"post\" action=\"/cashier/{}\">\n<input type=\"hidden\" name=\"lang\" value=\"{}\">",
        escape(shown.token),
        shown.language.code()
    );
}

fn select(out: &mut String, name: &str, label: &str, options: &[(&str, &str)]) {
    let _ = writeln!(out, "<label>{label}<select name=\"{name}\">");
    for (value, text) in options {
        let _ = writeln!(out, "<option value=\"{value}\">{text}</option>");
    }
    out.push_str("</select></label>\n");
}

fn play(out: &mut String, shown: &Shown<'_>, words: &Words) {
    let open = shown.row.order().state.is_open() && !is_run_out(shown.row, shown.now);
    let _ = writeln!(
        out,
        "<section class=\"play\" aria-labelledby=\"play\">\n<h2 id=\"play\">{}</h2>\n<p>{}</p>",
        words.play_title, words.play_help
    );
    form(out, shown);
    let button = |out: &mut String, class: &str, action: &str, text: &str| {
        let _ = writeln!(out, "<button class=\"{class}\" name=\"action\" value=\"{action}\">{text}</button>");
    };
    out.push_str("<div class=\"actions\">\n");
    if open {
        button(out, "main", "pay", words.play_pay);
        button(out, "", "fail", words.play_fail);
        button(out, "", "twice", words.play_twice);
    }
    button(out, "", "late", words.play_late);
    out.push_str("</div>\n");
    out.push_str("<div class=\"row\">\n");
    let notices = [("told", words.notice_told), ("twice", words.notice_twice), ("lost", words.notice_lost)];
    select(out, "notice", words.play_notice, &notices);
    let refunds = [
        ("paid", words.refund_paid),
        ("lost_reply", words.refund_lost_reply),
        ("lost_request", words.refund_lost_request),
        ("refused", words.refund_refused),
    ];
    select(out, "refund", words.play_refund, &refunds);
    out.push_str("</div>\n</form>\n");
    if open {
        // A form of its own: the enter key in its field presses its button and no other.
        form(out, shown);
        let _ = writeln!(
            out,
            "<div class=\"row\"><label>{}<input name=\"amount\" inputmode=\"decimal\" autocomplete=\"off\" \
             required value=\"{}\"></label>",
            words.play_amount,
            decimal(shown.row.amount.saturating_sub(1))
        );
        button(out, "", "other", words.play_other);
        out.push_str("</div>\n</form>\n");
    }
    out.push_str("</section>\n");
}

fn again(out: &mut String, shown: &Shown<'_>, words: &Words) {
    form(out, shown);
    let text = if shown.row.next_id().is_some() { words.next_order } else { words.repay };
    let _ = writeln!(
        out,
        "<p class=\"actions\"><button class=\"main\" name=\"action\" value=\"repay\">{text}</button></p>\n</form>"
    );
}

fn foot(out: &mut String, shown: &Shown<'_>, words: &Words) {
    if !shown.row.return_url.is_empty() {
        let url = escape(&shown.row.return_url);
        let _ =
            writeln!(out, "<p class=\"back\"><a rel=\"noreferrer\" href=\"{url}\">{}</a></p>", words.back);
    }
    let _ = write!(out, "</main>\n<footer><p>{}</p></footer>\n</body>\n</html>\n", words.footer);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_grouped_and_texts_escaped() {
        let shown =
            [(5, "0.05"), (100_000, "1,000.00"), (12_345_678_901, "123,456,789.01"), (99_999, "999.99")];
        for (minor, text) in shown {
            assert_eq!(grouped(minor), text);
        }
        assert_eq!(escape("<a href=\"x\">&'"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
    }
}
