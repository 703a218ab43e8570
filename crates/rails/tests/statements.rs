//! Files of statements as rails give them (P13).
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use purser_domain::reconcile::{Head, Line};
use purser_engine::ports::StatementReader;
use purser_rails::{alipay::Bills, bank_file::Statements};

fn read(reader: &dyn StatementReader, bytes: &[u8]) -> Result<(Head, Vec<Line>), String> {
    let mut lines = Vec::new();
    let head = reader.read(&mut &bytes[..], &mut |line| {
        lines.push(line);
        true
    });
    head.map(|head| (head, lines)).map_err(|no| format!("{} {}", no.code, no.at))
}

const TITLES: &str =
    "账务流水号,业务流水号,商户订单号,发生时间,收入金额（+元）,支出金额（-元）,账户余额（元）,业务类型\n";

fn bill(lines: &str) -> String {
    format!(
        "#账号：[2088123412341234]\n#起始日期：[2026年03月02日 00:00:00]   终止日期：[2026年03月03日 00:00:00]\n{TITLES}{lines}"
    )
}

fn csv(lines: &str) -> Result<(Head, Vec<Line>), String> {
    read(&Bills, bill(lines).as_bytes())
}

/// P13: a bill of an Alipay account, in UTF-8 and in GBK, with its days, sums and references.
#[test]
fn bills_of_alipay_accounts_are_read_p13() {
    let lines = "1\t,T1\t,po_1\t,2026-03-02 10:00:00, 100.00 , ,1100.00,在线支付\n\
                 2\t,T2\t,wd_1-01\t,2026-03-02 11:00:00,,-50.50,1049.50,转账\n\
                 3\t,\t,\t,2026-03-02 12:00:00,0.00,-0.10,1049.40,收费\n#支出合计：2笔\n";
    let (head, read_lines) = csv(lines).unwrap();
    let days = (head.from_on.to_string(), head.to_on.to_string());
    assert_eq!(days, ("2026-03-02".to_owned(), "2026-03-02".to_owned()));
    assert_eq!((head.opening_minor, head.closing_minor, head.lines), (100_000, 104_940, 3));
    assert!(!head.account.contains("12341234"), "masked: {}", head.account);
    let said: Vec<(i64, &str, &str)> = read_lines
        .iter()
        .map(|l| (l.amount_minor, l.reference.as_str(), l.rail_reference.as_str()))
        .collect();
    assert_eq!(said, [(10_000, "po_1", "T1"), (-5_050, "wd_1-01", "T2"), (-10, "", "3")]);
    let text = bill(lines);
    let (gbk, _, _) = encoding_rs::GB18030.encode(&text);
    assert_ne!(gbk.as_ref(), text.as_bytes());
    let (same, _) = read(&Bills, &gbk).unwrap();
    assert_eq!(same, head);
}

/// P13: what is no statement is refused, with the place.
#[test]
fn bills_that_do_not_prove_themselves_are_refused_p13() {
    let good = "1,T1,po_1,2026-03-02 10:00:00,100.00,,1100.00,x\n";
    let no = |lines: &str| csv(&format!("{good}{lines}")).unwrap_err();
    assert_eq!(no("2,T,r,2026-03-02 11:00:00,,-50.00,1050.01,x\n"), "statement_balance line 5, 账户余额");
    assert_eq!(no("2,T,r,2026-03-02 11:00:00,,fifty,1050.00,x\n"), "statement_line line 5, 支出金额");
    assert_eq!(no("2,T,r,2026-03-02 11:00:00,1.00,-1.00,1100.00,x\n"), "statement_line line 5, 收入金额");
    assert_eq!(no("2,T,r,yesterday,,-50.00,1050.00,x\n"), "statement_line line 5, 发生时间");
    assert_eq!(no("2,T,r,2026-03-03 00:00:01,,-50.00,1050.00,x\n"), "statement_day_outside ");
    assert_eq!(csv("").unwrap_err(), "statement_empty ");
    assert_eq!(read(&Bills, b"").unwrap_err(), "statement_columns ");
    assert_eq!(read(&Bills, b"order,amount\n1,2\n").unwrap_err(), "statement_columns line 1");
    assert_eq!(read(&Bills, &[0xff; 4_000]).unwrap_err(), "statement_columns line 1");
    // The oldest first: a file in the other order is told so.
    let reversed =
        "2,T,r,2026-03-02 11:00:00,,-50.00,1050.00,x\n1,T1,po_1,2026-03-02 10:00:00,100.00,,1100.00,x\n";
    assert!(csv(reversed).unwrap_err().starts_with("statement_balance"));
}

fn camt(entries: &str, closing: &str) -> String {
    let balance = |code: &str, amount: &str| {
        format!(
            "<s:Bal><s:Tp><s:CdOrPrtry><s:Cd>{code}</s:Cd></s:CdOrPrtry></s:Tp><s:Amt Ccy=\"CNY\">{amount}</s:Amt>\
             <s:CdtDbtInd>CRDT</s:CdtDbtInd><s:Dt><s:Dt>2026-03-02</s:Dt></s:Dt></s:Bal>"
        )
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<s:Document xmlns:s=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\">\
         <s:BkToCstmrStmt><s:GrpHdr><s:MsgId>M1</s:MsgId></s:GrpHdr><s:Stmt><s:Id>S1</s:Id><s:Acct><s:Id><s:Othr><s:Id>6222\
         000011112222</s:Id></s:Othr></s:Id></s:Acct>{}{}{entries}</s:Stmt></s:BkToCstmrStmt></s:Document>",
        balance("OPBD", "100.00"),
        balance("CLBD", closing)
    )
}

fn entry(amount: &str, credit: bool, reference: &str, status: &str) -> String {
    let direction = if credit { "CRDT" } else { "DBIT" };
    format!(
        "<s:Ntry><s:Amt Ccy=\"CNY\">{amount}</s:Amt><s:CdtDbtInd>{direction}</s:CdtDbtInd><s:Sts><s:Cd>{status}</s:Cd></s:Sts>\
         <s:BookgDt><s:Dt>2026-03-02</s:Dt></s:BookgDt><s:AcctSvcrRef>B{reference}</s:AcctSvcrRef><s:NtryDtls><s:TxDtls><s:Refs>\
         <s:EndToEndId>{reference}</s:EndToEndId></s:Refs></s:TxDtls></s:NtryDtls></s:Ntry>"
    )
}

/// P13: a camt.053 of any size is read entry by entry, and refused where it is none.
#[test]
fn statements_of_banks_are_read_p13() {
    let reader = Statements::default();
    let all = entry("5.00", false, "wd_1-01", "BOOK")
        + &entry("20.00", true, "a&amp;b", "BOOK")
        + &entry("9.00", true, "p", "PDNG");
    let (head, lines) = read(&reader, camt(&all, "115.00").as_bytes()).unwrap();
    assert_eq!((head.opening_minor, head.closing_minor, head.lines), (10_000, 11_500, 2));
    assert_eq!((head.number.as_str(), head.to_on.to_string().as_str()), ("S1", "2026-03-02"));
    let said: Vec<(i64, &str)> = lines.iter().map(|l| (l.amount_minor, l.reference.as_str())).collect();
    assert_eq!(said, [(-500, "wd_1-01"), (2_000, "a&b")]);
    assert!(lines.iter().all(|line| line.entry != purser_domain::ids::Uid::NIL));
    let no = |text: &str| read(&reader, text.as_bytes()).unwrap_err();
    assert!(no(&camt(&all, "115.01")).starts_with("bank_statement_sums"));
    assert!(no("<a/>").starts_with("bank_message_kind"));
    assert!(no(&camt(&all, "115.00").replace("</s:Stmt>", "")).starts_with("bank_message_xml"));
    let bomb = camt(&all, "115.00").replace("?>\n", "?>\n<!DOCTYPE a [<!ENTITY x \"y\">]>");
    assert!(no(&bomb).starts_with("bank_message_doctype"));
    let foreign = camt(&entry("5.00", false, "r", "BOOK").replace("CNY", "USD"), "95.00");
    assert!(no(&foreign).starts_with("statement_currency"));
    let other = Statements { account: Some("7".to_owned()) };
    assert!(read(&other, camt(&all, "115.00").as_bytes()).unwrap_err().starts_with("bank_account_unknown"));
}
