//! A small HTTP client that tells "no answer" from every answer: after a kill that difference is the whole point.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fmt::Write as _,
    io::{BufRead as _, BufReader, Error, ErrorKind, Read as _, Result, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use serde_json::Value;

/// An answer. Answers without a JSON body have `Null`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) replayed: bool,
    pub(crate) body: Value,
}

impl Answer {
    /// Checks the status and returns this.
    pub(crate) fn ended(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// A text of the body.
    pub(crate) fn text(&self, field: &str) -> &str {
        self.body[field].as_str().unwrap_or_else(|| panic!("no text {field} in {}", self.body))
    }

    /// An integer of the body.
    pub(crate) fn int(&self, field: &str) -> i64 {
        self.body[field].as_i64().unwrap_or_else(|| panic!("no integer {field} in {}", self.body))
    }
}

/// One connection to one server, made when first needed.
pub(crate) struct Client {
    address: SocketAddr,
    token: String,
    stream: RefCell<Option<BufReader<TcpStream>>>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr, token: &str) -> Self {
        Self { address, token: token.to_owned(), stream: RefCell::new(None) }
    }

    /// Reads.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None, None).unwrap_or_else(|e| panic!("GET {path}: {e}"))
    }

    /// Reads; an error means that nobody answered.
    pub(crate) fn try_get(&self, path: &str) -> Result<Answer> {
        self.call("GET", path, None, None)
    }

    /// Changes, and must be answered.
    pub(crate) fn patch(&self, path: &str, body: &Value) -> Answer {
        self.call("PATCH", path, None, Some(body)).unwrap_or_else(|e| panic!("PATCH {path}: {e}"))
    }

    /// Changes an object that was read at a version, and must be answered.
    pub(crate) fn patch_at(&self, path: &str, version: i64, body: &Value) -> Answer {
        let (tag, body) = (format!("\"{version}\""), body.to_string());
        let headers = [("If-Match", tag.as_str()), ("Content-Type", "application/json")];
        let answer = self.exchange("PATCH", path, &headers, body.as_bytes());
        let (head, body) = answer.unwrap_or_else(|e| panic!("PATCH {path}: {e}"));
        head.answer(&body)
    }

    /// Writes, and must be answered.
    pub(crate) fn post(&self, path: &str, key: &str, body: &Value) -> Answer {
        self.try_post(path, key, body).unwrap_or_else(|e| panic!("POST {path}: {e}"))
    }

    /// Writes; an error means that nobody knows whether it was done.
    pub(crate) fn try_post(&self, path: &str, key: &str, body: &Value) -> Result<Answer> {
        self.call("POST", path, Some(key), Some(body))
    }

    /// Sends bytes as they are.
    pub(crate) fn upload(&self, path: &str, bytes: &[u8]) -> Answer {
        let (head, body) = self
            .exchange("POST", path, &[("Content-Type", "application/octet-stream")], bytes)
            .unwrap_or_else(|e| panic!("POST {path}: {e}"));
        head.answer(&body)
    }

    /// Sends bytes that may be refused before all of them were read; no answer then.
    pub(crate) fn try_upload(&self, path: &str, bytes: &[u8]) -> Option<Answer> {
        let sent = self.exchange("POST", path, &[("Content-Type", "application/octet-stream")], bytes);
        sent.ok().map(|(head, body)| head.answer(&body))
    }

    /// Reads bytes as they are, with the headers of the answer, whose names are in lower case.
    pub(crate) fn download(&self, path: &str) -> (u16, BTreeMap<String, String>, Vec<u8>) {
        let (head, body) = self.exchange("GET", path, &[], b"").unwrap_or_else(|e| panic!("GET {path}: {e}"));
        (head.status, head.headers, body)
    }

    /// Reads an answer that is no JSON, streamed or not; it must be a success.
    pub(crate) fn text(&self, path: &str) -> String {
        let (status, _, body) = self.download(path);
        let text = String::from_utf8(body).expect("UTF-8");
        assert_eq!(status, 200, "{text}");
        text
    }

    /// Writes XML, and must be answered.
    pub(crate) fn post_xml(&self, path: &str, key: &str, xml: &str) -> Answer {
        let headers = [("Idempotency-Key", key), ("Content-Type", "application/xml")];
        let answer = self.exchange("POST", path, &headers, xml.as_bytes());
        let (head, body) = answer.unwrap_or_else(|e| panic!("POST {path}: {e}"));
        head.answer(&body)
    }

    /// Writes CSV, and must be answered.
    pub(crate) fn post_csv(&self, path: &str, key: &str, csv: &str) -> Answer {
        let headers = [("Idempotency-Key", key), ("Content-Type", "text/csv")];
        let answer = self.exchange("POST", path, &headers, csv.as_bytes());
        let (head, body) = answer.unwrap_or_else(|e| panic!("POST {path}: {e}"));
        head.answer(&body)
    }

    fn connect(&self) -> Result<BufReader<TcpStream>> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(BufReader::new(stream))
    }

    /// Any method.
    pub(crate) fn call(
        &self,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Answer> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut headers = Vec::new();
        headers.extend(key.map(|key| ("Idempotency-Key", key)));
        if !body.is_empty() {
            headers.push(("Content-Type", "application/json"));
        }
        let (head, answer) = self.exchange(method, path, &headers, body.as_bytes())?;
        Ok(head.answer(&answer))
    }

    fn exchange(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<(Head, Vec<u8>)> {
        // A connection that failed is not put back.
        let mut stream = self.stream.take().map_or_else(|| self.connect(), Ok)?;
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: purser\r\n");
        let _ = write!(request, "Authorization: Bearer {}\r\n", self.token);
        for (name, value) in headers {
            let _ = write!(request, "{name}: {value}\r\n");
        }
        let _ = write!(request, "Content-Length: {}\r\n\r\n", body.len());
        let mut request = request.into_bytes();
        request.extend_from_slice(body);
        stream.get_mut().write_all(&request)?;
        let answer = read_answer(&mut stream)?;
        self.stream.replace(Some(stream));
        Ok(answer)
    }
}

/// Everything of an answer but its body.
struct Head {
    status: u16,
    headers: BTreeMap<String, String>,
}

impl Head {
    fn answer(&self, body: &[u8]) -> Answer {
        let replayed = self.headers.get("idempotency-replayed").is_some_and(|value| value == "true");
        Answer { status: self.status, replayed, body: serde_json::from_slice(body).unwrap_or_default() }
    }
}

fn line(stream: &mut BufReader<TcpStream>) -> Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Err(Error::from(ErrorKind::UnexpectedEof));
    }
    Ok(line.trim_end().to_owned())
}

fn read_answer(stream: &mut BufReader<TcpStream>) -> Result<(Head, Vec<u8>)> {
    let invalid = |what: &str| Error::new(ErrorKind::InvalidData, what.to_owned());
    let first = line(stream)?;
    let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| invalid(&first))?;
    let (mut length, mut headers) = (0, BTreeMap::new());
    loop {
        let line = line(stream)?;
        if line.is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(':') else { return Err(invalid(&line)) };
        let name = name.to_ascii_lowercase();
        if name == "content-length" {
            length = value.trim().parse().map_err(|_| invalid(&line))?;
        }
        headers.insert(name, value.trim().to_owned());
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    let mut chunked = headers.get("transfer-encoding").is_some_and(|value: &String| value == "chunked");
    while chunked {
        let size = line(stream)?;
        let size = usize::from_str_radix(&size, 16).map_err(|_| invalid(&size))?;
        let before = body.len();
        body.resize(before + size, 0);
        stream.read_exact(&mut body[before..])?;
        line(stream)?;
        chunked = size > 0;
    }
    Ok((Head { status, headers }, body))
}
