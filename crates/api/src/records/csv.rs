//! CSV answers: streamed page by page, so that neither a client nor the server ever holds a whole list.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, header},
    response::Response,
};
use purser_domain::money::decimal;
use tokio::sync::mpsc;

use crate::problem::Problem;

/// Rows read at a time, each time in a snapshot of its own.
pub(crate) const ROWS: usize = 1_000;
/// Pieces that wait for a slow client.
const PIECES: usize = 2;

/// What every export takes besides the filters of its list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// Chinese headings and sentences instead of English ones.
    pub(crate) zh: bool,
    /// Begins with a byte order mark: Excel takes the file for UTF-8 then.
    pub(crate) bom: bool,
}

impl Look {
    pub(crate) fn of(lang: Option<&str>, bom: Option<bool>) -> Result<Self, Problem> {
        let zh = match lang {
            None | Some("en") => false,
            Some("zh") => true,
            Some(_) => return Err(Problem::invalid("lang", "zh or en")),
        };
        Ok(Self { zh, bom: bom.unwrap_or(false) })
    }

    pub(crate) fn pick<T>(self, en: T, zh: T) -> T {
        if self.zh { zh } else { en }
    }
}

/// Lines of a file under way.
#[derive(Default)]
pub(crate) struct Lines {
    out: Vec<u8>,
    begun: bool,
}

impl Lines {
    /// With the headings, in English and in Chinese.
    pub(crate) fn headed(look: Look, headings: &[(&str, &str)]) -> Self {
        let mut lines = Self::default();
        if look.bom {
            lines.out.extend_from_slice("\u{feff}".as_bytes());
        }
        for (en, zh) in headings {
            lines.text(look.pick(en, zh));
        }
        lines.end();
        lines
    }

    /// Bytes as they are: for files that are no tables.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// A cell that people or platforms wrote. What a spreadsheet would run as a formula is made a text by the
    /// apostrophe that spreadsheets know for that.
    pub(crate) fn text(&mut self, text: &str) {
        self.separate();
        let risky = text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
        let quoted = text.contains(['"', ',', '\n', '\r']);
        if quoted {
            self.out.push(b'"');
        }
        if risky {
            self.out.push(b'\'');
        }
        self.out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
        if quoted {
            self.out.push(b'"');
        }
    }

    /// A number of ours; empty when there is none.
    pub(crate) fn int(&mut self, value: Option<i64>) {
        self.separate();
        self.out.extend_from_slice(value.map(|value| value.to_string()).unwrap_or_default().as_bytes());
    }

    /// An amount twice: in yuan, as people read it, and in minor units, as programs do.
    pub(crate) fn money(&mut self, minor: Option<i64>) {
        self.separate();
        self.out.extend_from_slice(minor.map(decimal).unwrap_or_default().as_bytes());
        self.int(minor);
    }

    /// Ends the line.
    pub(crate) fn end(&mut self) {
        self.out.extend_from_slice(b"\r\n");
        self.begun = false;
    }

    fn separate(&mut self) {
        if self.begun {
            self.out.push(b',');
        }
        self.begun = true;
    }
}

/// The file ended early: the connection is cut, so that nobody takes a part for the whole.
#[derive(Debug, thiserror::Error)]
#[error("the list could not be read to its end")]
pub(crate) struct CutShort;

struct Pieces(mpsc::Receiver<Result<Bytes, CutShort>>);

impl futures_core::Stream for Pieces {
    type Item = Result<Bytes, CutShort>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context)
    }
}

/// Streams a CSV file, see [`stream`].
pub(crate) async fn download<P, F>(
    name: &str,
    head: Lines,
    read: impl FnMut(Lines, Option<P>) -> F + Send + 'static,
) -> Result<Response, Problem>
where
    P: Send + 'static,
    F: Future<Output = Result<(Lines, Option<P>), Problem>> + Send,
{
    stream(&format!("{name}.csv"), "text/csv; charset=utf-8", head, read).await
}

/// Streams a file. `read` adds the lines behind a place to what it is given and says where to go on; the first part
/// is read before the answer begins, so that a refusal is still one.
pub(crate) async fn stream<P, F>(
    file: &str,
    content_type: &'static str,
    head: Lines,
    mut read: impl FnMut(Lines, Option<P>) -> F + Send + 'static,
) -> Result<Response, Problem>
where
    P: Send + 'static,
    F: Future<Output = Result<(Lines, Option<P>), Problem>> + Send,
{
    let (first, mut place) = read(head, None).await?;
    let (sender, receiver) = mpsc::channel(PIECES);
    tokio::spawn(async move {
        let mut piece = Ok(Bytes::from(first.out));
        loop {
            let failed = piece.is_err();
            // A client that went away wants no more.
            if sender.send(piece).await.is_err() || failed {
                return;
            }
            let Some(at) = place.take() else { return };
            piece = match read(Lines::default(), Some(at)).await {
                Ok((lines, next)) => {
                    place = next;
                    Ok(Bytes::from(lines.out))
                }
                Err(_) => Err(CutShort),
            };
        }
    });
    let mut response = Response::new(Body::from_stream(Pieces(receiver)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{file}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        let mut lines = Lines::default();
        for text in ["plain", "a,b", "say \"hi\"", "=1+1", "@x", "-2", "+3,4", "两\n行", "＝1"] {
            lines.text(text);
        }
        lines.money(Some(123_456));
        lines.money(None);
        lines.end();
        let text = String::from_utf8(lines.out).unwrap();
        assert_eq!(
            text,
            "plain,\"a,b\",\"say \"\"hi\"\"\",'=1+1,'@x,'-2,\"'+3,4\",\"两\n行\",'＝1,1234.56,123456,,\r\n"
        );
    }

    #[test]
    fn a_byte_order_mark_and_headings_come_first() {
        let look = Look::of(Some("zh"), Some(true)).unwrap();
        let lines = Lines::headed(look, &[("id", "编号"), ("amount", "金额")]);
        assert_eq!(String::from_utf8(lines.out).unwrap(), "\u{feff}编号,金额\r\n");
        assert!(Look::of(Some("fr"), None).is_err());
    }
}
