//! Notices: what Alipay tells the application gateway by itself (P10).

use std::collections::BTreeMap;

use purser_domain::money::parse_decimal;
use purser_engine::ports::{NoticeReader, NoticeRefused, RailNotice};
use serde::Deserialize;

use super::{
    keys::{VerifyingKey, canonical},
    transfer::of_status,
};

/// The message about a transfer that changed.
pub(super) const CHANGED: &str = "alipay.fund.trans.order.changed";

/// Most parameters of a message.
const PARAMS_MAX: usize = 64;

const fn refused(code: &'static str, text: &'static str) -> NoticeRefused {
    NoticeRefused { code, text }
}

/// A signed message whose signature is good.
#[derive(Debug)]
pub struct Message(BTreeMap<String, String>);

impl Message {
    /// Reads a form and checks that the gateway signed it for this application.
    ///
    /// # Errors
    /// In order: `notice_unreadable`, `notice_signature`, `notice_other_app`.
    pub fn read(body: &[u8], app_id: &str, key: &VerifyingKey) -> Result<Self, NoticeRefused> {
        let unreadable =
            refused("notice_unreadable", "the body is not a form of at most 64 parameters in UTF-8");
        let mut params = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(body) {
            // A parameter that comes twice leaves open which one was signed.
            if params.len() == PARAMS_MAX || params.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(unreadable);
            }
        }
        let signature = params.get("sign").cloned().unwrap_or_default();
        // Messages are signed without `sign_type`; some of the platform's products sign it too.
        let good = [&["sign", "sign_type"][..], &["sign"]].iter().any(|without| {
            let pairs = params.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            key.verifies(canonical(pairs, without).as_bytes(), &signature)
        });
        if signature.is_empty() || !good {
            return Err(refused("notice_signature", "the signature is missing or not the gateway's"));
        }
        let message = Self(params);
        if message.text("app_id") != app_id {
            return Err(refused("notice_other_app", "the message is for another application"));
        }
        Ok(message)
    }

    /// A parameter; empty when it is absent.
    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

#[derive(Deserialize)]
struct Changed {
    out_biz_no: String,
    status: String,
    trans_amount: String,
    #[serde(default)]
    error_code: String,
    #[serde(default)]
    order_fee: String,
}

/// Reads notices about transfers.
#[derive(Debug, Clone)]
pub struct Notices {
    /// The application.
    pub app_id: String,
    /// The gateway's public key for it.
    pub gateway_key: VerifyingKey,
}

impl NoticeReader for Notices {
    fn rail(&self) -> &'static str {
        super::NAME
    }

    fn read(&self, body: &[u8]) -> Result<Option<RailNotice>, NoticeRefused> {
        let message = Message::read(body, &self.app_id, &self.gateway_key)?;
        if message.text("msg_method") != CHANGED {
            return Ok(None);
        }
        let unreadable = refused("notice_unreadable", "the content names no order, state or amount");
        let changed: Changed = serde_json::from_str(message.text("biz_content")).map_err(|_| unreadable)?;
        let amount_minor = parse_decimal(&changed.trans_amount).map_err(|_| unreadable)?;
        let fee = parse_decimal(&changed.order_fee).unwrap_or(0);
        let outcome = of_status(&changed.status, &changed.error_code, fee);
        Ok(Some(RailNotice { reference: changed.out_biz_no, amount_minor, outcome }))
    }

    fn answer(&self, taken: bool) -> &'static str {
        if taken { "success" } else { "fail" }
    }
}
