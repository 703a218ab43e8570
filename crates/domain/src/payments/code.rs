//! The code that a payer writes into a bank transfer (P11): `PO` and ten letters and digits, `PO7K2Q9-XM4TD`.

use super::Order;
use crate::ids::{PaymentOrderId, Uid};

/// Letters and digits that nobody confuses: no I, L, O, U.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Digits of a code after its `PO`.
const LENGTH: usize = 10;
/// Where a letter stands among them.
const LETTER: usize = 4;
/// Most codes that one text is searched for.
const MOST: usize = 8;

/// The code of an order. It follows from the id and says nothing about it. A letter stands in its middle, so that no
/// code looks like a telephone or card number, which banks' messages have masked.
pub fn transfer_code(order: PaymentOrderId) -> String {
    let hash = Uid::derive("purser transfer code v1", &[&order.0.0]).0;
    let digit = |(place, byte): (usize, &u8)| {
        let number = usize::from(*byte);
        let index = if place == LETTER { 10 + number % 22 } else { number % 32 };
        DIGITS.get(index).map_or('0', |digit| char::from(*digit))
    };
    let digits: String = hash.iter().take(LENGTH).enumerate().map(digit).collect();
    format!("PO{digits}")
}

/// The codes that a text of a transfer may mean, in order, each once, at most eight: letters of both cases, with
/// blanks and dashes in between, and the mix-ups that people make (O for 0, I and L for 1).
pub fn codes_in(text: &str) -> Vec<String> {
    let plain: Vec<char> =
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    let mut found: Vec<String> = Vec::new();
    for (start, pair) in plain.windows(2).enumerate() {
        let [p, o] = pair else { continue };
        if *p != 'P' || !matches!(o, 'O' | '0') {
            continue;
        }
        let digits: String = plain.iter().skip(start + 2).take(LENGTH).map(|c| read(*c)).collect();
        let code = format!("PO{digits}");
        let known = digits.bytes().all(|digit| DIGITS.contains(&digit));
        if digits.len() == LENGTH && known && !found.contains(&code) && found.len() < MOST {
            found.push(code);
        }
    }
    found
}

/// Which of the orders that a transfer names it pays: the only one, else the only open one of that amount.
pub fn chosen(orders: &[Order], amount_minor: i64) -> Option<usize> {
    if let [_] = orders {
        return Some(0);
    }
    let fits = |order: &Order| order.state.is_open() && order.amount_minor == amount_minor;
    let mut fitting = orders.iter().enumerate().filter(|(_, order)| fits(order)).map(|(at, _)| at);
    match (fitting.next(), fitting.next()) {
        (Some(at), None) => Some(at),
        _ => None,
    }
}

fn read(c: char) -> char {
    match c {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ids::PartyId,
        money::Currency,
        payments::{Method, Purpose, State},
        time::Timestamp,
    };

    #[test]
    fn several_orders_are_told_apart_by_their_amount_p11() {
        let order = |n: u8, amount_minor: i64, state: State| Order {
            id: PaymentOrderId(Uid([n; 16])),
            party: PartyId(Uid([1; 16])),
            purpose: Purpose::AdTopUp,
            method: Method::BankTransfer,
            amount_minor,
            currency: Currency::CNY,
            state,
            created_at: Timestamp(0),
            expires_at: Timestamp(1),
            closed_at: None,
            paid_at: None,
            payments: 0,
            received_minor: 0,
            refunded_minor: 0,
            previous: None,
            next: None,
        };
        let (open, closed) = (State::Pending, State::Closed);
        assert_eq!(chosen(&[], 5), None);
        assert_eq!(
            chosen(&[order(1, 9, closed)], 5),
            Some(0),
            "a code is enough, whatever the amount and state"
        );
        assert_eq!(chosen(&[order(1, 9, open), order(2, 5, open)], 5), Some(1));
        assert_eq!(chosen(&[order(1, 5, closed), order(2, 5, open)], 5), Some(1));
        assert_eq!(chosen(&[order(1, 5, open), order(2, 5, open)], 5), None);
        assert_eq!(chosen(&[order(1, 9, open), order(2, 9, open)], 5), None);
    }

    #[test]
    fn codes_are_found_as_people_write_them_p11() {
        let code = transfer_code(PaymentOrderId(Uid([7; 16])));
        assert_eq!(code.len(), 12);
        for n in 0..=255 {
            let code = transfer_code(PaymentOrderId(Uid([n; 16])));
            assert!(code.split(char::is_alphabetic).all(|run| run.len() <= 5), "{code}");
        }
        let (head, tail) = code.split_at(7);
        for text in [
            code.clone(),
            code.to_lowercase(),
            format!("{head}-{tail}"),
            format!("top-up {head} {tail} thanks"),
            format!("充值{code}谢谢"),
            code.replace('0', "o").replace('1', "l"),
            format!("PO {code}"),
        ] {
            assert!(codes_in(&text).contains(&code), "{text}");
        }
        for text in ["", "PO", "PO123456789", "PO12345678U0", "invoice 1234567890"] {
            assert_eq!(codes_in(text), Vec::<String>::new(), "{text}");
        }
        assert!(codes_in(&"PO1234567890 ".repeat(500)).len() <= MOST);
        assert_ne!(code, transfer_code(PaymentOrderId(Uid([8; 16]))));
    }
}
