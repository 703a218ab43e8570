//! Files that people attach (P26): what a file is, by its own bytes, and under which name it may be kept.
//!
//! The name and the media type that a client sends are never believed. A file is taken when its bytes are of a type
//! that policy lists (`case.attachment_types`), and it is given back only as something to save.

use super::decide::is_invisible;

/// Longest name of a file, in characters, its ending included.
pub const NAME_MAX: usize = 100;

/// Most entries that are looked at in an archive; one with more is of no known type.
const ENTRIES_MAX: usize = 10_000;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileType {
    /// Portable document.
    Pdf,
    /// Picture.
    Png,
    /// Photograph.
    Jpeg,
    /// Picture.
    Webp,
    /// Photograph, as phones take them.
    Heic,
    /// Workbook without macros.
    Xlsx,
    /// Text document without macros.
    Docx,
    /// Fixed-layout document, as electronic invoices come (GB/T 33190).
    Ofd,
}

impl FileType {
    /// All types.
    pub const ALL: [Self; 8] =
        [Self::Pdf, Self::Png, Self::Jpeg, Self::Webp, Self::Heic, Self::Xlsx, Self::Docx, Self::Ofd];

    /// Stable name, as policy writes it; also the ending of file names.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Png => "png",
            Self::Jpeg => "jpeg",
            Self::Webp => "webp",
            Self::Heic => "heic",
            Self::Xlsx => "xlsx",
            Self::Docx => "docx",
            Self::Ofd => "ofd",
        }
    }

    /// Media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Heic => "image/heic",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Ofd => "application/ofd",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    fn has_ending(self, ending: &str) -> bool {
        ending.eq_ignore_ascii_case(self.name())
            || match self {
                Self::Jpeg => ending.eq_ignore_ascii_case("jpg"),
                Self::Heic => ending.eq_ignore_ascii_case("heif"),
                _ => false,
            }
    }
}

/// A file that may be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// What it is.
    pub kind: FileType,
    /// Name to show and to save under; it ends as its type says.
    pub name: String,
}

/// An expected no, in order of precedence: the first that applies is given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// Something that runs.
    #[error("this is a program or a page with script, whatever its name says: it is never taken")]
    Program,
    /// Not a type of the list.
    #[error("files of this type are not taken; taken are {accepted}")]
    Type {
        /// Names of the types that are.
        accepted: String,
    },
    /// Larger than its type may be.
    #[error("a file of type {kind} may have at most {most} bytes")]
    TooLarge {
        /// Its type.
        kind: &'static str,
        /// Most bytes.
        most: i64,
    },
}

impl Rejection {
    /// Stable code for the API (P19).
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "attachment_empty",
            Self::Program => "attachment_program",
            Self::Type { .. } => "attachment_type",
            Self::TooLarge { .. } => "attachment_too_large",
        }
    }
}

/// Looks at a file. `accepted` gives the types that are taken, each with its most bytes.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn examine(bytes: &[u8], name: &str, accepted: &[(FileType, i64)]) -> Result<Evidence, Rejection> {
    if bytes.is_empty() {
        return Err(Rejection::Empty);
    }
    if is_program(bytes) {
        return Err(Rejection::Program);
    }
    let listed = type_of(bytes)?.and_then(|kind| accepted.iter().find(|(one, _)| *one == kind));
    let Some((kind, most)) = listed else {
        let names: Vec<&str> = accepted.iter().map(|(kind, _)| kind.name()).collect();
        return Err(Rejection::Type { accepted: names.join(", ") });
    };
    if i64::try_from(bytes.len()).unwrap_or(i64::MAX) > *most {
        return Err(Rejection::TooLarge { kind: kind.name(), most: *most });
    }
    Ok(Evidence { kind: *kind, name: safe_name(name, *kind) })
}

/// Starts of files that a system runs: ELF, PE and DOS, Mach-O in both orders and fat (also Java classes),
/// WebAssembly, scripts with an interpreter, shortcuts, Python's and Lua's bytecode.
const PROGRAMS: &[&[u8]] = &[
    b"\x7fELF",
    b"MZ",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"\0asm",
    b"#!",
    b"L\0\0\0\x01\x14\x02\0",
    b"\x1bLua",
    b"dex\n",
];

/// Starts of text that a browser or a shell would act on, in lower case.
const ACTIVE_TEXT: &[&str] =
    &["<!doctype", "<html", "<script", "<svg", "<?xml", "<?php", "<body", "<iframe", "@echo", "<job", "<hta"];

fn is_program(bytes: &[u8]) -> bool {
    if PROGRAMS.iter().any(|start| bytes.starts_with(start)) {
        return true;
    }
    let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let start = start.trim_ascii_start();
    ACTIVE_TEXT
        .iter()
        .any(|text| start.get(..text.len()).is_some_and(|given| given.eq_ignore_ascii_case(text.as_bytes())))
}

/// What the bytes are; an archive with a macro in it is a program.
fn type_of(bytes: &[u8]) -> Result<Option<FileType>, Rejection> {
    let at = |from: usize, text: &[u8]| bytes.get(from..from + text.len()) == Some(text);
    if at(0, b"%PDF-") {
        return Ok(Some(FileType::Pdf));
    }
    if at(0, b"\x89PNG\r\n\x1a\n") && at(12, b"IHDR") {
        return Ok(Some(FileType::Png));
    }
    if at(0, b"\xff\xd8\xff") {
        return Ok(Some(FileType::Jpeg));
    }
    if at(0, b"RIFF") && at(8, b"WEBP") {
        return Ok(Some(FileType::Webp));
    }
    if at(4, b"ftyp") && [b"heic", b"heix", b"mif1", b"heim"].iter().any(|brand| at(8, *brand)) {
        return Ok(Some(FileType::Heic));
    }
    if at(0, b"PK\x03\x04") {
        let names = archive_names(bytes).unwrap_or_default();
        if names.iter().any(|name| name.to_ascii_lowercase().ends_with(b"vbaproject.bin")) {
            return Err(Rejection::Program);
        }
        let has = |text: &[u8]| names.iter().any(|name| name.eq_ignore_ascii_case(text));
        let office = has(b"[Content_Types].xml");
        return Ok(match () {
            () if office && has(b"xl/workbook.xml") => Some(FileType::Xlsx),
            () if office && has(b"word/document.xml") => Some(FileType::Docx),
            () if has(b"OFD.xml") => Some(FileType::Ofd),
            () => None,
        });
    }
    Ok(None)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    let pair = bytes.get(at..at.checked_add(2)?)?;
    Some(usize::from(u16::from_le_bytes(pair.try_into().ok()?)))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    usize::try_from(u32::from_le_bytes(four.try_into().ok()?)).ok()
}

/// Names in the directory of a ZIP archive; `None` when it has none that can be read. Nothing is unpacked.
fn archive_names(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    // The directory's end stands in front of a comment of at most 65,535 bytes.
    let from = bytes.len().saturating_sub(22 + 65_535);
    let tail = bytes.get(from..)?;
    let end = from + tail.windows(4).rposition(|window| window == b"PK\x05\x06")?;
    let count = u16_at(bytes, end.checked_add(10)?)?;
    let mut at = u32_at(bytes, end.checked_add(16)?)?;
    if count > ENTRIES_MAX {
        return None;
    }
    let mut names = Vec::with_capacity(count.min(256));
    for _ in 0..count {
        if bytes.get(at..at.checked_add(4)?)? != b"PK\x01\x02" {
            return None;
        }
        let [name, extra, comment] =
            [u16_at(bytes, at + 28)?, u16_at(bytes, at + 30)?, u16_at(bytes, at + 32)?];
        let start = at.checked_add(46)?;
        names.push(bytes.get(start..start.checked_add(name)?)?);
        at = start.checked_add(name + extra + comment)?;
    }
    Some(names)
}

/// A name that is safe to show and to save under: the last part of a path, without characters that systems give a
/// meaning to or that hide, ending as the type says.
fn safe_name(given: &str, kind: FileType) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let meant =
        |c: char| matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*' | '\'' | '`' | '$' | '%' | ';' | '&');
    let clean: String = last.chars().filter(|c| !c.is_control() && !is_invisible(*c) && !meant(*c)).collect();
    let clean = clean.trim_matches(|c: char| c.is_whitespace() || c == '.' || c == '~' || c == '-');
    let (stem, ending) = match clean.rsplit_once('.') {
        Some((stem, ending)) if kind.has_ending(ending) => (stem, ending),
        _ => (clean, kind.name()),
    };
    let room = NAME_MAX - ending.len() - 1;
    let stem: String = stem.chars().take(room).collect();
    let stem = stem.trim_end_matches(|c: char| c.is_whitespace() || c == '.');
    let stem = if stem.is_empty() { "attachment" } else { stem };
    format!("{stem}.{ending}")
}
