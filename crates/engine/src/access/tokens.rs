//! Tokens: `pk_<key id>_<secret>` for API keys, `ss_<session id>_<secret>` for staff sessions, `pl_…` for links into the
//! portal, `ps_…` for sessions there. The last two never come as bearer tokens.

use purser_domain::ids::Uid;

/// Which table a token names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// An API key.
    ApiKey,
    /// A staff session.
    Session,
    /// A link into the portal.
    PortalLink,
    /// A portal session.
    PortalSession,
}

impl TokenKind {
    const ALL: [Self; 4] = [Self::ApiKey, Self::Session, Self::PortalLink, Self::PortalSession];

    const fn prefixes(self) -> (&'static str, &'static str) {
        match self {
            Self::ApiKey => ("pk_", "key"),
            Self::Session => ("ss_", "ses"),
            Self::PortalLink => ("pl_", "plk"),
            Self::PortalSession => ("ps_", "pss"),
        }
    }
}

/// A token as presented. Only the hash of its secret is ever compared or stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// Which table.
    pub kind: TokenKind,
    /// Which row.
    pub id: Uid,
    /// Hash of the secret.
    pub hash: [u8; 32],
}

impl Token {
    /// Text of a new token; shown once, never stored.
    pub fn text(kind: TokenKind, id: Uid, secret: &[u8; 32]) -> String {
        let (short, long) = kind.prefixes();
        let id = id.with_prefix(long);
        let id = id.rsplit('_').next().unwrap_or_default();
        format!("{short}{id}_{}", hex(secret))
    }

    /// Hash of a secret as stored.
    pub fn secret_hash(secret: &[u8; 32]) -> [u8; 32] {
        hash(&hex(secret))
    }

    /// Reads a token; `None` when it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let kind = TokenKind::ALL.into_iter().find(|kind| text.starts_with(kind.prefixes().0))?;
        let (short, long) = kind.prefixes();
        let (id, secret) = text.strip_prefix(short)?.split_once('_')?;
        if secret.len() != 64 {
            return None;
        }
        let id = Uid::parse(&format!("{long}_{id}"), long).ok()?;
        Some(Self { kind, id, hash: hash(secret) })
    }
}

fn hash(secret: &str) -> [u8; 32] {
    blake3::derive_key("purser bearer token secret v1", secret.as_bytes())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).filter_map(|n| char::from_digit(u32::from(n), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_round_trip_and_nonsense_is_none() {
        for kind in TokenKind::ALL {
            let id = Uid([3; 16]);
            let text = Token::text(kind, id, &[7; 32]);
            let token = Token::parse(&text).unwrap();
            assert!(token.kind == kind && token.id == id && token.hash == Token::secret_hash(&[7; 32]));
            assert!(Token::parse(&text[..text.len() - 1]).is_none());
        }
        for bad in ["", "pk_", "pk_x_y", "xx_01h455vb4pex5vsknk084sn02q_00"] {
            assert!(Token::parse(bad).is_none(), "{bad}");
        }
    }
}
