//! A gateway that says what it was told to say, and remembers what it was asked.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

use purser_engine::ports::{Payee, PayoutOrder};
use purser_rails::alipay::{
    AlipayRail, Client, Credentials, Wire, WireError, Wording,
    keys::{SigningKey, VerifyingKey},
};
use serde_json::Value;

pub(crate) const APP: &str = "2021000000000001";

/// What the gateway does next.
pub(crate) enum Next {
    /// Says this, signed.
    Say(Value),
    /// There is no connection.
    Refuse,
    /// There is no answer.
    Silence,
}

#[derive(Default)]
struct Inner {
    next: VecDeque<Next>,
    asked: Vec<BTreeMap<String, String>>,
}

#[derive(Clone, Default)]
pub(crate) struct StandIn(Arc<Mutex<Inner>>);

struct Line {
    stand_in: StandIn,
    key: SigningKey,
}

impl Wire for Line {
    fn post(&mut self, _url: &str, form: &str) -> Result<Vec<u8>, WireError> {
        let params: BTreeMap<String, String> = form_urlencoded::parse(form.as_bytes()).into_owned().collect();
        let name = format!("{}_response", params["method"].replace('.', "_"));
        let mut inner = self.stand_in.0.lock().unwrap();
        inner.asked.push(params);
        match inner.next.pop_front().expect("an answer was prepared") {
            Next::Say(content) => {
                let content = content.to_string();
                let sign = self.key.sign(content.as_bytes()).unwrap();
                Ok(format!("{{\"{name}\":{content},\"sign\":\"{sign}\"}}").into_bytes())
            }
            Next::Refuse => Err(WireError::NotSent("connection refused".to_owned())),
            Next::Silence => Err(WireError::NoReply("time-out".to_owned())),
        }
    }
}

impl StandIn {
    pub(crate) fn then(&self, next: Next) {
        self.0.lock().unwrap().next.push_back(next);
    }

    pub(crate) fn say(&self, content: Value) {
        self.then(Next::Say(content));
    }

    /// What it was asked since the last call.
    pub(crate) fn asked(&self) -> Vec<BTreeMap<String, String>> {
        assert!(self.0.lock().unwrap().next.is_empty(), "every answer was used");
        std::mem::take(&mut self.0.lock().unwrap().asked)
    }

    /// A rail that talks to it, and the key that its requests are verified with.
    pub(crate) fn rail(&self, wording: Wording) -> (AlipayRail, VerifyingKey) {
        let (own, key) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let public = own.public().unwrap();
        let gateway_key = key.public().unwrap();
        let credentials =
            Credentials { app_id: APP.to_owned(), key: Arc::new(own), gateway_key, certificates: None };
        let line = Line { stand_in: self.clone(), key };
        (AlipayRail::new(Client::new(credentials, "http://stand-in", Box::new(line)), wording), public)
    }
}

pub(crate) fn order(kind: &str, number: &str) -> PayoutOrder {
    PayoutOrder {
        reference: "wd_01h455vb4pex5vsknk084sn02q-01".to_owned(),
        amount_minor: 950_000,
        payee: Payee {
            kind: kind.to_owned(),
            number: number.to_owned(),
            holder: "张三".to_owned(),
            ..Payee::default()
        },
        again: false,
    }
}
