//! camt.053 and camt.054: balances, totals and entries of accounts.

use purser_domain::{
    bank_files::{
        Entry, Statement, Sums,
        text::{mask_account, mask_name, mask_text},
    },
    time::Date,
};
use purser_engine::ports::MessageRefused;
use roxmltree::Node;

use super::{
    read::{amount, id_at, missing, reason_at, required, wrong},
    xml::{at, child, children, path_of, refused, text_at},
};

/// Balances with which a statement, or one page of it, begins and ends.
const OPENING: [&str; 3] = ["OPBD", "PRCD", "ITBD"];
const CLOSING: [&str; 2] = ["CLBD", "ITBD"];
/// Bank transaction codes of returned credit transfers.
const RETURN_FAMILIES: [&str; 3] = ["RRTN", "RPCR", "RIMB"];

pub(super) fn read(
    root: Node<'_, '_>,
    element: &str,
    own: Option<&str>,
) -> Result<Vec<Statement>, MessageRefused> {
    let mut statements = Vec::new();
    for node in children(root, element) {
        statements.push(statement(node, own)?);
    }
    if statements.is_empty() {
        return Err(missing(root, element));
    }
    Ok(statements)
}

fn account_of<'a>(node: Node<'a, 'a>, path: &[&str]) -> Option<&'a str> {
    let id = at(node, path).and_then(|node| child(node, "Id"))?;
    text_at(id, &["IBAN"]).or_else(|| text_at(id, &["Othr", "Id"]))
}

pub(super) fn statement(node: Node<'_, '_>, own: Option<&str>) -> Result<Statement, MessageRefused> {
    let id = id_at(node, &["Id"])?.ok_or_else(|| missing(node, "Id"))?;
    let number = account_of(node, &["Acct"]).ok_or_else(|| missing(node, "Acct/Id"))?;
    if own.is_some_and(|own| own != number) {
        let text = "the message is about another account than the one that this server is connected to";
        return Err(refused("bank_account_unknown", text, format!("{}/Acct", path_of(node))));
    }
    let mut found = Statement {
        id,
        account: mask_account(number),
        sums: Sums::default(),
        entries: Vec::new(),
        booked_minor: Vec::new(),
    };
    let mut all_booked = true;
    for entry in children(node, "Ntry") {
        all_booked &= self::entry(entry, &mut found)?;
    }
    found.sums = sums(node, all_booked)?;
    Ok(found)
}

fn signed(node: Node<'_, '_>) -> Result<i64, MessageRefused> {
    let minor = amount(required(node, "Amt")?)?;
    Ok(if credit(node)? { minor } else { -minor })
}

fn credit(node: Node<'_, '_>) -> Result<bool, MessageRefused> {
    match text_at(node, &["CdtDbtInd"]) {
        Some("CRDT") => Ok(true),
        Some("DBIT") => Ok(false),
        Some(_) => Err(wrong(node, "CdtDbtInd is CRDT or DBIT")),
        None => Err(missing(node, "CdtDbtInd")),
    }
}

fn sums(node: Node<'_, '_>, all_booked: bool) -> Result<Sums, MessageRefused> {
    let mut sums = Sums::default();
    for balance in children(node, "Bal") {
        let code = text_at(balance, &["Tp", "CdOrPrtry", "Cd"]).unwrap_or_default();
        if sums.opening_minor.is_none() && OPENING.contains(&code) {
            sums.opening_minor = Some(signed(balance)?);
        } else if CLOSING.contains(&code) {
            sums.closing_minor = Some(signed(balance)?);
        }
    }
    // Totals count what is only announced too; without it they can be checked.
    if let Some(summary) = child(node, "TxsSummry").filter(|_| all_booked) {
        let count = text_at(summary, &["TtlNtries", "NbOfNtries"]);
        sums.entries = count.and_then(|text| text.parse().ok());
        let sum = |name| at(summary, &[name, "Sum"]).map(amount).transpose();
        sums.credits_minor = sum("TtlCdtNtries")?;
        sums.debits_minor = sum("TtlDbtNtries")?;
    }
    Ok(sums)
}

/// Reads an entry with its orders; says whether it is booked.
pub(super) fn entry(node: Node<'_, '_>, into: &mut Statement) -> Result<bool, MessageRefused> {
    let amount_node = required(node, "Amt")?;
    let minor = amount(amount_node)?;
    let currency = amount_node.attribute("Ccy").unwrap_or_default().to_owned();
    if currency.len() != 3 || !currency.bytes().all(|b| b.is_ascii_uppercase()) {
        return Err(wrong(amount_node, "Ccy is a currency code like CNY"));
    }
    let credit = credit(node)?;
    let status = text_at(node, &["Sts", "Cd"]).or_else(|| text_at(node, &["Sts"]));
    let booked = status == Some("BOOK");
    if booked {
        into.booked_minor.push(if credit { minor } else { -minor });
    }
    let booked_on = text_at(node, &["BookgDt", "Dt"]).or_else(|| text_at(node, &["BookgDt", "DtTm"]));
    let booked_on = booked_on.and_then(|text| text.get(..10)?.parse::<Date>().ok());
    let own_reference = id_at(node, &["AcctSvcrRef"])?.unwrap_or_default();
    let line = Entry {
        credit,
        amount_minor: minor,
        currency,
        booked,
        booked_on,
        reference: String::new(),
        bank_reference: own_reference.clone(),
        booking: own_reference,
        part: 0,
        returned: text_at(node, &["RvslInd"]) == Some("true") || is_return(node),
        reason: String::new(),
        counterparty: String::new(),
        text: mask_text(text_at(node, &["AddtlNtryInf"]).unwrap_or_default()),
    };
    let orders: Vec<Node<'_, '_>> =
        children(node, "NtryDtls").flat_map(|details| children(details, "TxDtls")).collect();
    if orders.is_empty() {
        into.entries.push(line);
        return Ok(booked);
    }
    let mut sum = 0_i128;
    let alone = orders.len() == 1;
    for (order, part) in orders.into_iter().zip(0..) {
        let read = details(order, &line, part, alone)?;
        sum += i128::from(read.amount_minor);
        into.entries.push(read);
    }
    if sum != i128::from(minor) {
        let at = path_of(node);
        let text = format!("{at}: the orders of this entry do not add up to its amount");
        return Err(refused("bank_entry_sums", text, at));
    }
    Ok(booked)
}

fn is_return(node: Node<'_, '_>) -> bool {
    let sub = text_at(node, &["BkTxCd", "Domn", "Fmly", "SubFmlyCd"]);
    sub.is_some_and(|code| RETURN_FAMILIES.contains(&code))
}

fn details(node: Node<'_, '_>, entry: &Entry, part: i64, alone: bool) -> Result<Entry, MessageRefused> {
    let given = child(node, "Amt").or_else(|| at(node, &["AmtDtls", "TxAmt", "Amt"]));
    let (amount_minor, currency) = match given {
        Some(given) => {
            let currency = given.attribute("Ccy").map_or_else(|| entry.currency.clone(), str::to_owned);
            (amount(given)?, currency)
        }
        None if alone => (entry.amount_minor, entry.currency.clone()),
        None => return Err(missing(node, "Amt")),
    };
    let reference = id_at(node, &["Refs", "EndToEndId"])?.filter(|id| id != "NOTPROVIDED");
    let own = id_at(node, &["Refs", "AcctSvcrRef"])?;
    let returned = child(node, "RtrInf").is_some();
    let (name, account) = if entry.credit { ("Dbtr", "DbtrAcct") } else { ("Cdtr", "CdtrAcct") };
    let party = |path: &[&str]| text_at(node, path).map(mask_name);
    let name = party(&["RltdPties", name, "Nm"]).or_else(|| party(&["RltdPties", name, "Pty", "Nm"]));
    let account = account_of(node, &["RltdPties", account]).map(mask_account);
    let counterparty = [name, account].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let words: Vec<&str> = at(node, &["RmtInf"])
        .map(|info| children(info, "Ustrd").filter_map(|line| line.text()).collect())
        .unwrap_or_default();
    Ok(Entry {
        amount_minor,
        currency,
        reference: reference.unwrap_or_default(),
        bank_reference: own.unwrap_or_else(|| entry.bank_reference.clone()),
        part,
        returned: entry.returned || returned || is_return(node),
        reason: reason_at(node, &["RtrInf", "Rsn"]),
        counterparty,
        text: if words.is_empty() { entry.text.clone() } else { mask_text(&words.join(" ")) },
        ..entry.clone()
    })
}
