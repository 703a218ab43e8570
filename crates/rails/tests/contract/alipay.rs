//! The Alipay rail and a gateway of our own, without a socket between them.

use std::sync::{Arc, Mutex};

use purser_domain::{time::Timestamp, withdrawals::RailOutcome};
use purser_engine::ports::{NoticeReader as _, Payee, Rail};
use purser_rails::alipay::{
    AlipayRail, Client, Credentials, Notices, Wire, WireError, Wording,
    gateway::{Answer, Gateway},
    keys::SigningKey,
};

use crate::{
    bench::Bench,
    suite::{Books, Fault, World},
};

const APP: &str = "2021000000000001";

struct Direct(Arc<Mutex<Gateway>>);

impl Wire for Direct {
    fn post(&mut self, _url: &str, form: &str) -> Result<Vec<u8>, WireError> {
        match self.0.lock().unwrap().handle(form.as_bytes(), Timestamp(1_772_413_200_000_000)) {
            Answer::Reply(bytes) => Ok(bytes),
            Answer::Drop | Answer::Hang => Err(WireError::NoReply("the connection ended".to_owned())),
        }
    }
}

pub(crate) struct Alipay {
    rail: AlipayRail,
    gateway: Arc<Mutex<Gateway>>,
    notices: Notices,
}

impl Alipay {
    pub(crate) fn new() -> Self {
        let key = SigningKey::generate().unwrap();
        let gateway = Gateway::new(APP, key.public().unwrap(), SigningKey::generate().unwrap()).unwrap();
        let gateway_key = gateway.public_key().unwrap();
        let gateway = Arc::new(Mutex::new(gateway));
        let notices = Notices { app_id: APP.to_owned(), gateway_key: gateway_key.clone() };
        let credentials =
            Credentials { app_id: APP.to_owned(), key: Arc::new(key), gateway_key, certificates: None };
        let client = Client::new(credentials, "http://gateway", Box::new(Direct(Arc::clone(&gateway))));
        Self { rail: AlipayRail::new(client, Wording::default()), gateway, notices }
    }
}

impl World for Alipay {
    fn name(&self) -> &'static str {
        "alipay"
    }

    fn rail(&mut self) -> &mut dyn Rail {
        &mut self.rail
    }

    fn payee(&mut self, fault: Fault) -> Payee {
        if fault == Fault::FundsFailed {
            self.gateway.lock().unwrap().orders.balance_minor = 0;
        }
        let fate = match fault {
            Fault::Nothing | Fault::SentTwice => "ok",
            Fault::LostRequest => "lost_request",
            Fault::LostReply => "lost_reply",
            Fault::LateSuccess => "late_success",
            Fault::DuplicateCallback => "duplicate_callback",
            Fault::Bounce => "bounce",
            Fault::FundsShort => "funds_short",
            Fault::FundsFailed => "funds_failed",
            Fault::Throttled => "throttled",
            Fault::StaleQuery => "stale_query",
            Fault::DefiniteFailure => "payee_not_exist",
        };
        Payee {
            kind: "alipay".to_owned(),
            number: format!("c1.{fate}@example.com"),
            holder: "张三".to_owned(),
            ..Payee::default()
        }
    }

    fn pass(&mut self, bench: &mut Bench) -> Vec<(String, RailOutcome)> {
        let mut gateway = self.gateway.lock().unwrap();
        gateway.orders.pass();
        let mut said = Vec::new();
        for reference in gateway.orders.take_changed() {
            let notice = gateway.notice(&reference).unwrap();
            let form = gateway.notice_form(&notice, bench.clock.business()).unwrap();
            let read = self.notices.read(form.as_bytes()).unwrap().unwrap();
            assert_eq!(
                (read.reference.as_str(), read.amount_minor),
                (reference.as_str(), notice.amount_minor)
            );
            said.push((reference, read.outcome));
        }
        said
    }

    fn fund(&mut self, _bench: &mut Bench) {
        self.gateway.lock().unwrap().orders.balance_minor += 1_000_000;
    }

    fn books(&mut self, _bench: &mut Bench, reference: &str) -> Books {
        let gateway = self.gateway.lock().unwrap();
        let order = gateway.orders.by_reference.get(reference);
        order.map_or(Books::default(), |order| Books { paid: order.paid, returned: order.returned })
    }
}
