//! The console's files, inside this program. Where they were not built there are none, and the server says so.

use std::{borrow::Cow, sync::Arc};

use purser_api::Pages;
use rust_embed::Embed;

/// What `cargo xtask console` leaves. A release contains the files; a debug build reads them where they were built.
#[derive(Embed)]
#[folder = "../../console/dist"]
struct Files;

impl Pages for Files {
    fn file(&self, path: &str) -> Option<Cow<'static, [u8]>> {
        Self::get(path).map(|file| file.data)
    }
}

/// The console, where it was built.
pub(crate) fn pages() -> Option<Arc<dyn Pages>> {
    Files::get("portal.html").is_some().then(|| Arc::new(Files) as Arc<dyn Pages>)
}
