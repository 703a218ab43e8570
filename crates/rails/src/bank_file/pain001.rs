//! Payment orders as ISO 20022 pain.001.001.09.

use purser_domain::{
    bank_files::{
        AccountClass,
        text::{NAME_MAX, clean},
    },
    money::decimal,
    time::Zone,
};
use purser_engine::ports::{BankFormat, FilePart, PaymentFile, PaymentLine};

use super::xml::Writer;

/// Namespace of the message.
pub(super) const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09";
/// China's clearing codes of banks, in ISO's list of clearing systems.
const CNAPS: &str = "CNAPS";
/// Longest words to the payee, characters (`Max140Text`).
const WORDS_MAX: usize = 140;

/// Whose account pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Debtor {
    /// Name of the platform, as the bank knows it.
    pub name: String,
    /// Number of the account.
    pub account: String,
    /// Clearing code of the bank (CNAPS); empty where the bank's interface does not ask for it.
    pub bank_code: String,
    /// What payees read.
    pub words: String,
}

/// Writes files for an account.
#[derive(Debug, Clone)]
pub struct Pain001 {
    /// Whose account.
    pub debtor: Debtor,
    /// In which times and dates are written.
    pub zone: Zone,
}

impl BankFormat for Pain001 {
    fn render(&self, file: &PaymentFile) -> String {
        let mut w = Writer::document(NAMESPACE);
        w.open("CstmrCdtTrfInitn");
        w.within(&["GrpHdr"], |w| {
            w.leaf("MsgId", &file.id);
            w.leaf("CreDtTm", &self.zone.rfc3339(file.made_at));
            totals(w, file.parts.iter().flat_map(|part| &part.lines));
            w.within(&["InitgPty"], |w| w.leaf("Nm", &clean(&self.debtor.name, NAME_MAX)));
        });
        for part in &file.parts {
            w.within(&["PmtInf"], |w| self.part(w, file, part));
        }
        w.finish()
    }

    fn extension(&self) -> &'static str {
        "pain.001.xml"
    }
}

/// Number of orders and their sum. The sum is a decimal text all the way: no float ever holds it.
fn totals<'a>(w: &mut Writer, lines: impl Iterator<Item = &'a PaymentLine>) {
    let (mut count, mut sum) = (0_u32, 0_i128);
    for line in lines {
        count += 1;
        sum += i128::from(line.amount_minor);
    }
    w.leaf("NbOfTxs", &count.to_string());
    w.leaf("CtrlSum", &format!("{}.{:02}", sum / 100, sum % 100));
}

impl Pain001 {
    fn part(&self, w: &mut Writer, file: &PaymentFile, part: &FilePart) {
        w.leaf("PmtInfId", &part.id);
        w.leaf("PmtMtd", "TRF");
        // One entry an order on the account, so that statements name each.
        w.leaf("BtchBookg", "false");
        totals(w, part.lines.iter());
        w.within(&["ReqdExctnDt"], |w| w.leaf("Dt", &self.zone.date(file.made_at).to_string()));
        w.within(&["Dbtr"], |w| w.leaf("Nm", &clean(&self.debtor.name, NAME_MAX)));
        w.within(&["DbtrAcct"], |w| {
            w.within(&["Id", "Othr"], |w| w.leaf("Id", &self.debtor.account));
            w.leaf("Ccy", file.currency.code());
        });
        w.within(&["DbtrAgt", "FinInstnId"], |w| {
            if self.debtor.bank_code.is_empty() {
                w.within(&["Othr"], |w| w.leaf("Id", "NOTPROVIDED"));
            } else {
                clearing(w, &self.debtor.bank_code);
            }
        });
        w.leaf("ChrgBr", "DEBT");
        for line in &part.lines {
            w.within(&["CdtTrfTxInf"], |w| self.line(w, file.currency.code(), part.class, line));
        }
    }

    fn line(&self, w: &mut Writer, currency: &str, class: AccountClass, line: &PaymentLine) {
        let payee = &line.payee;
        w.within(&["PmtId"], |w| w.leaf("EndToEndId", &line.reference));
        w.within(&["Amt"], |w| w.amount("InstdAmt", currency, &decimal(line.amount_minor)));
        let bank = clean(&payee.bank, NAME_MAX);
        if !bank.is_empty() || !payee.cnaps.is_empty() {
            w.within(&["CdtrAgt", "FinInstnId"], |w| {
                if !payee.cnaps.is_empty() {
                    clearing(w, &payee.cnaps);
                }
                if !bank.is_empty() {
                    w.leaf("Nm", &bank);
                }
            });
        }
        let holder = clean(&payee.holder, NAME_MAX);
        if !holder.is_empty() {
            w.within(&["Cdtr"], |w| w.leaf("Nm", &holder));
        }
        w.within(&["CdtrAcct"], |w| {
            w.within(&["Id", "Othr"], |w| w.leaf("Id", &payee.number));
            let kind = if class == AccountClass::Corporate { "CACC" } else { "SVGS" };
            w.within(&["Tp"], |w| w.leaf("Cd", kind));
        });
        let words = clean(&self.debtor.words, WORDS_MAX);
        if !words.is_empty() {
            w.within(&["RmtInf"], |w| w.leaf("Ustrd", &words));
        }
    }
}

fn clearing(w: &mut Writer, code: &str) {
    w.within(&["ClrSysMmbId"], |w| {
        w.within(&["ClrSysId"], |w| w.leaf("Cd", CNAPS));
        w.leaf("MmbId", code);
    });
}
